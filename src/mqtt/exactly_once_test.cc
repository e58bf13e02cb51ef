// QoS 2 over real sockets and threads, with clients whose connections break at any point.
#include <doctest/doctest.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <random>
#include <set>
#include <thread>

#include "base/log.h"
#include "base/sync.h"
#include "mqtt/broker.h"
#include "mqtt/journal_log.h"
#include "mqtt/packet.h"
#include "mqtt/packet_notation_test.h"
#include "net/blocking_socket.h"

namespace weir::mqtt {
namespace {

constexpr int kMessages = 2000;

// Stores on a thread of its own, a few batches at a time.
class SlowSink final : public PublishSink {
 public:
  SlowSink() : thread_([this] { run(); }) {}
  ~SlowSink() override {
    state_.lock()->stopping = true;
    changed_.notify_all();
    thread_.join();
  }
  void accept(std::span<const MessagePtr> messages, Stored stored) override {
    auto state = state_.lock();
    for (const MessagePtr& message : messages) state->payloads.push_back(message->payload);
    state->waiting.push_back(std::move(stored));
    changed_.notify_all();
  }
  std::vector<std::string> payloads() const { return state_.lock()->payloads; }

 private:
  struct State {
    std::deque<Stored> waiting;
    std::vector<std::string> payloads;
    bool stopping = false;
  };
  void run() {
    while (true) {
      Stored stored;
      {
        auto state = state_.lock();
        state.wait(changed_, [&] { return state->stopping || !state->waiting.empty(); });
        if (state->waiting.empty()) return;
        stored = std::move(state->waiting.front());
        state->waiting.pop_front();
      }
      stored({});
    }
  }
  Guarded<State> state_;
  std::condition_variable changed_;
  std::thread thread_;
};

// A client with a kept session on a connection that it breaks now and then, with a reset.
class BreakingClient {
 public:
  BreakingClient(std::string client_id, uint16_t port, unsigned seed)
      : client_id_(std::move(client_id)), port_(port), random_(seed) {}
  virtual ~BreakingClient() = default;

  void run() {
    while (!is_done()) {
      auto socket = net::BlockingSocket::connect("127.0.0.1", port_, 10'000);
      if (!socket.ok()) continue;
      socket_ = &*socket;
      in_.clear();
      send(assemble_packet("CONNECT client_id=" + client_id_, 4));
      connected_ = false;
      packets_left_ = random_() % 100;
      while (!is_done() && packets_left_ > 0 && receive()) {
      }
      socket->reset();
      breaks++;
    }
  }
  std::atomic<int> breaks = 0;

 protected:
  virtual bool is_done() const = 0;
  virtual void on_connected() = 0;
  virtual void on_packet(const Frame& frame) = 0;
  void send(const std::string& bytes) { (void)socket_->send_all(bytes, 10'000); }
  void send(PacketType type, uint16_t packet_id) {
    std::string bytes;
    encode_ack(type, packet_id, Reason::success, Version::v311, bytes);
    send(bytes);
  }

 private:
  bool receive() {
    auto got = socket_->receive(in_, 10'000);
    if (!got.ok() || *got == 0) return false;
    Frame frame;
    size_t used = 0;
    while (packets_left_ > 0 &&
           cut_frame(std::string_view(in_).substr(used), 1 << 20, frame) == Cut::complete) {
      packets_left_--;
      used += frame.size_bytes;
      if (!std::exchange(connected_, true)) {
        on_connected();
      } else {
        on_packet(frame);
      }
    }
    in_.erase(0, used);
    return true;
  }

  const std::string client_id_;
  const uint16_t port_;
  net::BlockingSocket* socket_ = nullptr;
  std::string in_;
  bool connected_ = false;
  size_t packets_left_ = 0;  // until the connection breaks

 protected:
  std::mt19937 random_;
};

class BreakingPublisher final : public BreakingClient {
 public:
  using BreakingClient::BreakingClient;

 private:
  struct Exchange {
    uint16_t packet_id;
    int number;
    bool is_released;
  };
  bool is_done() const override { return next_ > kMessages && open_.empty(); }
  void on_connected() override {
    for (const Exchange& one : open_) go_on(one, true);
    publish_more();
  }
  void on_packet(const Frame& frame) override {
    Ack ack;
    if (decode_ack(frame, Version::v311, ack)) return;
    for (auto one = open_.begin(); one != open_.end(); ++one) {
      if (one->packet_id != ack.packet_id) continue;
      if (ack.type == PacketType::pubrec) {
        one->is_released = true;
        go_on(*one, false);
      } else if (ack.type == PacketType::pubcomp) {
        open_.erase(one);
      }
      break;
    }
    publish_more();
  }
  void publish_more() {
    while (open_.size() < 8 && next_ <= kMessages) {
      open_.push_back({static_cast<uint16_t>(next_ % 20 + 1), next_, false});
      next_++;
      go_on(open_.back(), false);
    }
  }
  void go_on(const Exchange& one, bool again) {
    if (one.is_released) return send(PacketType::pubrel, one.packet_id);
    std::string payload = std::to_string(one.number), bytes;
    Publish packet;
    packet.topic = "exactly/once";
    packet.payload = payload;
    packet.qos = 2;
    packet.duplicate = again;
    packet.packet_id = one.packet_id;
    encode_publish(packet, Version::v311, bytes);
    send(bytes);
  }
  std::deque<Exchange> open_;
  int next_ = 1;
};

class BreakingSubscriber final : public BreakingClient {
 public:
  using BreakingClient::BreakingClient;
  std::vector<std::string> received;
  std::atomic<bool> subscribed = false;

 private:
  bool is_done() const override { return received.size() >= kMessages && held_.empty(); }
  void on_connected() override {
    if (!subscribed) send(assemble_packet("SUBSCRIBE id=1 filter=exactly/once qos=2", 4));
  }
  void on_packet(const Frame& frame) override {
    if (frame.type == PacketType::suback) subscribed = true;
    Ack ack;
    Publish packet;
    if (frame.type == PacketType::publish && !decode_publish(frame, Version::v311, packet)) {
      if (held_.insert(packet.packet_id).second) received.emplace_back(packet.payload);
      send(PacketType::pubrec, packet.packet_id);
    } else if (frame.type == PacketType::pubrel && !decode_ack(frame, Version::v311, ack)) {
      held_.erase(ack.packet_id);
      send(PacketType::pubcomp, ack.packet_id);
    }
  }
  std::set<uint16_t> held_;
};

// Names the first difference rather than thousands of numbers.
void check_same(const std::vector<std::string>& got, const std::vector<std::string>& wanted) {
  CHECK(got.size() == wanted.size());
  for (size_t i = 0; i < std::min(got.size(), wanted.size()); i++) REQUIRE(got[i] == wanted[i]);
}

void check_exactly_once(const std::string& journal_directory) {
  log::set_level(log::Level::error);
  SystemClock clock;
  net::IoThreads threads(2);
  SlowSink sink;
  BrokerOptions options;
  options.queued_messages_max = kMessages;
  options.journal_directory = journal_directory;
  auto broker = *Broker::make(threads, clock, options, {&sink});
  auto listener = broker->listen({"127.0.0.1", 0}, std::make_shared<ListenerPolicy>());
  REQUIRE(listener.ok());
  BreakingSubscriber subscriber("sub", (*listener)->port(), 1);
  BreakingPublisher publisher("pub", (*listener)->port(), 2);
  std::thread subscribing([&] { subscriber.run(); });
  while (!subscriber.subscribed) std::this_thread::yield();
  std::thread publishing([&] { publisher.run(); });
  publishing.join();
  subscribing.join();
  std::vector<std::string> wanted;
  for (int i = 1; i <= kMessages; i++) wanted.push_back(std::to_string(i));
  check_same(subscriber.received, wanted);
  check_same(sink.payloads(), wanted);
  CHECK(publisher.breaks > 5);
  CHECK(subscriber.breaks > 5);
  (*listener)->stop();
  broker->stop();
  threads.stop();
  log::set_level(log::Level::warn);
}

TEST_CASE(
    "QoS 2 messages arrive once and in order, however often both ends lose their connection") {
  check_exactly_once("");
}

TEST_CASE("they do when each step waits for the disk") {
  std::string directory =
      std::filesystem::temp_directory_path() / ("weir-journal-" + std::to_string(::getpid()));
  check_exactly_once(directory);
  auto journal = JournalLog::open({.directory = directory}, system_file_system());
  REQUIRE(journal.ok());
  CHECK((*journal)->image().sessions().size() == 2);
  CHECK((*journal)->image().entries().empty());
  for (const auto& [key, session] : (*journal)->image().sessions()) {
    CHECK(session.received.empty());
    CHECK_FALSE(session.is_connected);
  }
  journal->reset();
  std::filesystem::remove_all(directory);
}

TEST_CASE("the reason of a disconnection arrives although the client goes on sending") {
  log::set_level(log::Level::error);
  SystemClock clock;
  net::IoThreads threads(1);
  auto broker = *Broker::make(threads, clock, BrokerOptions{}, {});
  auto listener = broker->listen({"127.0.0.1", 0}, std::make_shared<ListenerPolicy>());
  REQUIRE(listener.ok());
  auto socket = net::BlockingSocket::connect("127.0.0.1", (*listener)->port(), 10'000);
  REQUIRE(socket.ok());
  std::string bytes = assemble_packet("CONNECT client_id=a clean", 5);
  for (int i = 1; i <= 2000; i++) {
    bytes += assemble_packet("PUBLISH topic=t qos=2 id=" + std::to_string(i), 5);
  }
  REQUIRE(socket->send_all(bytes, 10'000).ok());
  std::string got;
  while (true) {
    auto more = socket->receive(got, 10'000);
    REQUIRE(more.ok());  // not a reset
    if (*more == 0) break;
  }
  CHECK(got.ends_with(assemble_packet("DISCONNECT reason=0x93", 5)));
  (*listener)->stop();
  broker->stop();
  threads.stop();
  log::set_level(log::Level::warn);
}

}  // namespace
}  // namespace weir::mqtt
