// Several clients' bytes, in pieces, through a whole broker on fake streams and a fake clock.
//
// The input is a run of steps: one byte says who and what, one how much. Whatever is sent, what a
// client receives is well-formed MQTT, and the broker stops without a session left.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "base/log.h"
#include "mqtt/broker_thread.h"
#include "mqtt/connection.h"
#include "mqtt/fake_net.h"

namespace weir::mqtt {
namespace {

void must(bool holds) {
  if (!holds) std::abort();
}

class InstantSink final : public PublishSink {
 public:
  void accept(std::span<const MessagePtr> messages, Stored stored) override {
    must(!messages.empty());
    stored({});
  }
};

// Everything the server sends is cut into whole packets of types a server sends.
void check_received(std::string& received) {
  std::string_view rest = received;
  while (!rest.empty()) {
    Frame frame;
    must(cut_frame(rest, UINT32_MAX, frame) == Cut::complete);
    must(frame.type != PacketType::connect && frame.type != PacketType::subscribe &&
         frame.type != PacketType::unsubscribe && frame.type != PacketType::pingreq);
    rest.remove_prefix(frame.size_bytes);
  }
  received.clear();
}

void run(std::string_view input) {
  constexpr size_t kPeers = 3;
  FakeLoops loops(2);
  InstantSink sink;
  BrokerOptions options;
  options.packet_bytes_max = 4096;
  options.queued_messages_max = 20;
  options.retained_messages_max = 20;
  auto hub = std::make_shared<Hub>(loops.clock, options, std::vector<PublishSink*>{&sink});
  auto policy = std::make_shared<ListenerPolicy>();
  hub->add_threads(loops.all());
  std::array<std::unique_ptr<FakePeer>, kPeers> peers;
  while (input.size() >= 2) {
    auto what = static_cast<uint8_t>(input[0]);
    auto count = static_cast<uint8_t>(input[1]);
    input.remove_prefix(2);
    size_t thread = what % 2;
    std::unique_ptr<FakePeer>& peer = peers[what / 2 % kPeers];
    if (!peer) {
      peer = std::make_unique<FakePeer>(*loops.threads[thread]);
      hub->threads[thread]->adopt(peer->make_stream(), policy);
    }
    switch (what >> 4) {
      case 0:
        loops.advance_ms(count * 100);
        break;
      case 1:
        peer->vanish();
        check_received(peer->received());
        peer.reset();
        break;
      case 2:
        peer->set_stuck(count % 2 == 0);
        break;
      default:
        peer->send(input.substr(0, count));
        input.remove_prefix(std::min<size_t>(count, input.size()));
    }
    loops.run();
    if (peer) check_received(peer->received());
  }
  hub->stopping = true;
  for (auto& thread : hub->threads) thread->close_all();
  loops.run();
  must(hub->receivers.lock()->empty() && hub->tree.size() == 0);
}

}  // namespace
}  // namespace weir::mqtt

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  weir::log::set_level(weir::log::Level::off);
  weir::mqtt::run({reinterpret_cast<const char*>(data), size});
  return 0;
}
