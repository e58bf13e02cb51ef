#include <doctest/doctest.h>

#include "mqtt/packet.h"
#include "mqtt/packet_notation_test.h"

namespace weir::mqtt {
namespace {

// Decodes a client's packet; what it says is not looked at here, only whether it is accepted.
bool is_accepted(std::string_view bytes, Version version) {
  Frame frame;
  if (cut_frame(bytes, 1 << 20, frame) != Cut::complete) return false;
  switch (frame.type) {
    case PacketType::connect: {
      Connect packet;
      return !decode_connect(frame, packet);
    }
    case PacketType::connack: {
      Connack packet;
      return !decode_connack(frame, version, packet);
    }
    case PacketType::publish: {
      Publish packet;
      return !decode_publish(frame, version, packet);
    }
    case PacketType::puback:
    case PacketType::pubrec:
    case PacketType::pubrel:
    case PacketType::pubcomp: {
      Ack packet;
      return !decode_ack(frame, version, packet);
    }
    case PacketType::subscribe: {
      Subscribe packet;
      return !decode_subscribe(frame, version, packet);
    }
    case PacketType::unsubscribe: {
      Unsubscribe packet;
      return !decode_unsubscribe(frame, version, packet);
    }
    case PacketType::disconnect: {
      Disconnect packet;
      return !decode_disconnect(frame, version, packet);
    }
    default:
      return !decode_ping(frame);
  }
}

std::vector<std::string> samples(int version) {
  std::vector<std::string> all;
  for (const char* line :
       {"CONNECT client_id=abc keep_alive=60 username=u password=p will_topic=w will_payload=x "
        "will_qos=1 will.will_delay=5 session_expiry=10 receive_maximum=5 user=k:v",
        "CONNACK present=1 code=0 receive_maximum=3 assigned_client_id=x",
        "PUBLISH topic=a/b qos=1 id=3 retain message_expiry=9 response_topic=r user=a:b payload=hi",
        "PUBLISH topic=a payload=x", "PUBACK id=7", "PUBREL id=8",
        "SUBSCRIBE id=9 subscription_id=300 filter=a/+ qos=1 filter=b",
        "UNSUBSCRIBE id=9 filter=a filter=b/#", "DISCONNECT", "PINGREQ"}) {
    all.push_back(assemble_packet(line, version));
  }
  return all;
}

TEST_CASE("every sample packet is accepted whole, and incomplete at every shorter length") {
  for (int version : {4, 5}) {
    for (const std::string& bytes : samples(version)) {
      CAPTURE(show_packet(bytes));
      CHECK(is_accepted(bytes, static_cast<Version>(version)));
      for (size_t size = 0; size < bytes.size(); size++) {
        Frame frame;
        CHECK(cut_frame(std::string_view(bytes).substr(0, size), 1 << 20, frame) ==
              Cut::incomplete);
      }
    }
  }
}

TEST_CASE("a body cut at any byte, under a header that agrees, is decoded without harm") {
  for (int version : {4, 5}) {
    for (const std::string& bytes : samples(version)) {
      Frame whole;
      REQUIRE(cut_frame(bytes, 1 << 20, whole) == Cut::complete);
      for (size_t size = 0; size < whole.body.size(); size++) {
        std::string cut;
        append_frame(whole.type, whole.flags, whole.body.substr(0, size), cut);
        std::vector<char> exact(cut.begin(), cut.end());
        is_accepted({exact.data(), exact.size()}, static_cast<Version>(version));
      }
    }
  }
}

TEST_CASE("a packet with any one bit flipped is decoded without harm") {
  for (int version : {4, 5}) {
    for (const std::string& bytes : samples(version)) {
      for (size_t bit = 0; bit < bytes.size() * 8; bit++) {
        std::vector<char> exact(bytes.begin(), bytes.end());
        exact[bit / 8] = static_cast<char>(exact[bit / 8] ^ (1 << (bit % 8)));
        is_accepted({exact.data(), exact.size()}, static_cast<Version>(version));
      }
    }
  }
}

TEST_CASE("a packet at the maximum size is taken and one byte more is too large") {
  std::string bytes;
  append_frame(PacketType::publish, 0, std::string(200, 'x'), bytes);
  Frame frame;
  auto size = static_cast<uint32_t>(bytes.size());
  CHECK(cut_frame(bytes, size, frame) == Cut::complete);
  CHECK(cut_frame(bytes, size - 1, frame) == Cut::too_large);
  CHECK(cut_frame(bytes.substr(0, 3), size - 1, frame) == Cut::too_large);
}

TEST_CASE("remaining lengths at the borders of their byte counts survive") {
  for (size_t size : {0u, 127u, 128u, 16383u, 16384u, 2097151u, 2097152u}) {
    std::string bytes;
    append_frame(PacketType::publish, 0, std::string(size, 'x'), bytes);
    Frame frame;
    REQUIRE(cut_frame(bytes, UINT32_MAX, frame) == Cut::complete);
    CHECK(frame.body.size() == size);
  }
}

TEST_CASE("the encoder's bytes are the notation's") {
  Connect connect;
  connect.version = Version::v5;
  connect.client_id = "abc";
  connect.keep_alive_s = 30;
  connect.user = "u";
  connect.password = "p";
  std::string bytes;
  encode_connect(connect, bytes);
  CHECK(bytes ==
        assemble_packet("CONNECT client_id=abc clean keep_alive=30 username=u password=p", 5));
  Subscribe subscribe;
  subscribe.packet_id = 5;
  subscribe.entries.push_back({"a/+", {.qos = 1, .no_local = true}});
  bytes.clear();
  encode_subscribe(subscribe, Version::v5, bytes);
  CHECK(bytes == assemble_packet("SUBSCRIBE id=5 filter=a/+ qos=1 nl", 5));
}

}  // namespace
}  // namespace weir::mqtt
