#include "mqtt/traces.h"

#include <doctest/doctest.h>

#include "base/log.h"
#include "mqtt/packet_notation_test.h"
#include "mqtt/packet_words.h"

namespace weir::mqtt {
namespace {

constexpr int64_t kNow = 1'700'000'000'000'000'000;

Traces::Seen seen(std::string_view client, std::string_view topic = {},
                  std::string_view payload = {}) {
  return {client, true, "PUBLISH", 10, "text", topic, payload};
}

TEST_CASE("a trace takes its client's packets, or the publishes on its topics, until it ends") {
  log::set_level(log::Level::warn);
  Traces traces;
  CHECK(traces.generation() == 0);
  REQUIRE(traces.start({.client_id = "lamp", .filter = {}}, kNow).ok());
  const uint64_t first = traces.generation();
  CHECK(first != 0);
  CHECK(traces.concern("lamp"));
  CHECK_FALSE(traces.concern("plug"));
  REQUIRE(traces.start({.client_id = {}, .filter = "a/+", .with_payload = true}, kNow).ok());
  CHECK(traces.generation() != first);
  CHECK(traces.concern("plug"));
  traces.record(seen("lamp", "b", "12"), kNow);
  traces.record(seen("plug", "a/x", "34"), kNow);
  traces.record(seen("plug"), kNow);
  Traces::Lines lamp = *traces.lines(1, 0, 10);
  REQUIRE(lamp.lines.size() == 1);
  CHECK(lamp.lines[0].payload.empty());
  CHECK(lamp.lines[0].payload_bytes == 2);
  Traces::Lines topics = *traces.lines(2, 0, 10);
  REQUIRE(topics.lines.size() == 1);
  CHECK(topics.lines[0].payload == "34");

  CHECK(traces.stop(2, kNow));
  CHECK_FALSE(traces.stop(3, kNow));
  const int64_t over = kNow + 10 * 60 * int64_t(1'000'000'000);
  traces.record(seen("lamp"), over);
  traces.expire(over);
  CHECK(traces.generation() == 0);
  CHECK(traces.lines(1, 0, 10)->info.packets == 1);
  CHECK_FALSE(traces.list().front().running);
}

TEST_CASE("a trace keeps its newest lines and says how many are gone") {
  log::set_level(log::Level::warn);
  Traces traces;
  REQUIRE(traces.start({.client_id = "lamp", .filter = {}, .with_payload = true}, kNow).ok());
  const std::string long_payload(1000, 'x');
  for (size_t i = 0; i < Traces::kLinesMax + 5; i++)
    traces.record(seen("lamp", "t", long_payload), kNow);
  Traces::Lines found = *traces.lines(1, 0, 10);
  CHECK(found.missed == 5);
  REQUIRE(found.lines.size() == 10);
  CHECK(found.lines[0].number == 6);
  CHECK(found.lines[0].payload.size() == Traces::kPayloadHeadBytes);
  found = *traces.lines(1, Traces::kLinesMax + 4, 10);
  CHECK(found.missed == 0);
  CHECK(found.lines.size() == 1);
  CHECK(traces.lines(1, 99'999, 10)->lines.empty());
}

TEST_CASE("so many traces run and so many are kept") {
  log::set_level(log::Level::warn);
  Traces traces;
  for (size_t i = 0; i < Traces::kRunningMax; i++)
    REQUIRE(traces.start({.client_id = "c", .filter = {}}, kNow).ok());
  Result<TraceInfo> more = traces.start({.client_id = "c", .filter = {}}, kNow);
  REQUIRE_FALSE(more.ok());
  CHECK(more.error().code == Errc::too_many_requests);
  for (size_t i = 0; i < 40; i++) {
    CHECK(traces.stop(traces.list().front().id, kNow));
    REQUIRE(traces.start({.client_id = "c", .filter = {}}, kNow).ok());
  }
  CHECK(traces.list().size() == Traces::kKeptMax);
}

TEST_CASE("packets are put into words, however they are cut") {
  auto words = [](const std::string& line, int version = 5) {
    const std::string bytes = assemble_packet(line, version);
    Frame frame;
    REQUIRE(cut_frame(bytes, UINT32_MAX, frame) == Cut::complete);
    return packet_words(frame, version == 5 ? Version::v5 : Version::v311, "from/alias").text;
  };
  CHECK(words("PUBLISH topic=a/b qos=1 id=5 retain payload=hi") ==
        "a/b, QoS 1, id 5, retain, payload 2 B");
  CHECK(words("PUBLISH topic= topic_alias=3 payload=hi") ==
        "from/alias, QoS 0, alias 3, payload 2 B");
  CHECK(words("SUBSCRIBE id=1 filter=a/# qos=1", 4) == "id 1, a/# QoS 1");
  CHECK(words("PUBACK id=7") == "id 7");
  CHECK(words("DISCONNECT") == "normal");
  CHECK(words("DISCONNECT reason=0x98").find("0x98") != std::string::npos);
  CHECK(words("PINGREQ").empty());
  for (const char* line :
       {"PUBLISH topic=a/b qos=1 id=5 payload=hi", "SUBSCRIBE id=1 filter=a qos=1",
        "UNSUBSCRIBE id=1 filter=a", "PUBACK id=7"}) {
    const std::string bytes = assemble_packet(line, 5);
    for (size_t size = 2; size < bytes.size(); size++) {
      Frame frame;
      frame.type = static_cast<PacketType>(static_cast<unsigned char>(bytes[0]) >> 4);
      frame.flags = static_cast<uint8_t>(bytes[0] & 15);
      frame.body = std::string_view(bytes).substr(2, size - 2);
      (void)packet_words(frame, Version::v5);  // says something, and reads no further
    }
  }
}

}  // namespace
}  // namespace weir::mqtt
