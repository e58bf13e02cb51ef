// A hostile broker's bytes, in pieces and over several connections, through a client's session.
//
// The input is a run of steps: one byte says what happens, one how much. Whatever the broker sends,
// what the client writes is whole, well-formed packets of types a client sends; each message is
// settled at most once, and each publish completes at most once.
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>

#include "mqtt/client_session.h"

namespace weir::mqtt {
namespace {

void must(bool holds) {
  if (!holds) std::abort();
}

struct Played {
  explicit Played(ClientOptions options) : session(std::move(options)) {}

  // Takes note of what the session says, and checks it.
  void look() {
    std::string_view rest = out.bytes;
    while (!rest.empty()) {
      Frame frame;
      must(cut_frame(rest, UINT32_MAX, frame) == Cut::complete);
      must(frame.type != PacketType::connack && frame.type != PacketType::suback &&
           frame.type != PacketType::unsuback && frame.type != PacketType::pingresp);
      rest.remove_prefix(frame.size_bytes);
    }
    for (ClientEvent& event : out.events) {
      if (auto* received = std::get_if<ReceivedEvent>(&event)) {
        must(received->message != nullptr && !received->message->topic.empty());
        if (received->ticket) must(open_tickets.insert(*received->ticket).second);
      } else if (auto* published = std::get_if<PublishedEvent>(&event)) {
        must(publishing.erase(published->ticket) == 1);
      } else if (std::get_if<EndedEvent>(&event) != nullptr) {
        must(!session.is_connected());
      }
    }
    out = {};
  }
  void publish(uint8_t qos) {
    auto message = std::make_shared<Message>();
    message->topic = "t";
    message->payload = "payload";
    if (!session.has_room(text_bytes(*message))) return;
    // It may complete at once: the ticket is the next one either way.
    publishing.insert(++last_ticket);
    must(session.publish(std::move(message), qos, false, now, out) == last_ticket);
  }
  void settle(uint8_t count, bool gives_back) {
    while (count-- > 0 && !open_tickets.empty()) {
      const uint64_t ticket = *open_tickets.begin();
      open_tickets.erase(open_tickets.begin());
      if (gives_back) {
        session.abandon(ticket);
      } else {
        session.acknowledge(ticket, Reason::success, out);
      }
    }
  }

  ClientSession session;
  ClientOutput out;
  Now now{0, 1'700'000'000'000'000'000};
  std::set<uint64_t> open_tickets, publishing;
  uint64_t last_ticket = 0;
};

void run(std::string_view input) {
  if (input.empty()) return;
  ClientOptions options;
  options.version = (input[0] & 1) != 0 ? Version::v5 : Version::v311;
  options.client_id = "c";
  options.receive_maximum = 10;
  options.packet_bytes_max = 1000;
  options.outbox = {20, 2000};
  options.subscriptions = {{"a/#", {.qos = 2}}, {"$share/g/b", {.qos = 1}}};
  if ((input[0] & 2) != 0) options.held_filters = {"a/#", "old"};
  input.remove_prefix(1);
  Played it(std::move(options));
  it.session.connect(it.now, it.out);
  while (input.size() >= 2) {
    const auto what = static_cast<uint8_t>(input[0]);
    const auto count = static_cast<uint8_t>(input[1]);
    input.remove_prefix(2);
    switch (what % 8) {
      case 0:
        it.now.ms += count * 500;
        it.session.on_time(it.now, it.out);
        break;
      case 1:
        it.session.connection_lost();
        it.session.connect(it.now, it.out);
        break;
      case 2:
        it.publish(1 + count % 2);
        break;
      case 3:
        it.settle(count, what % 16 == 11);
        break;
      default: {
        const std::string_view piece = input.substr(0, count);
        input.remove_prefix(piece.size());
        // A copy of exact size: reading past the end is seen by the sanitizers.
        const std::vector<char> exact(piece.begin(), piece.end());
        it.session.consume({exact.data(), exact.size()}, it.now, it.out);
      }
    }
    it.look();
    must(it.session.publishes_waiting() == it.publishing.size());
  }
}

}  // namespace
}  // namespace weir::mqtt

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  weir::mqtt::run({reinterpret_cast<const char*>(data), size});
  return 0;
}
