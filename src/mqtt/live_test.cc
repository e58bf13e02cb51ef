// The broker over real sockets and threads.
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <thread>

#include "base/log.h"
#include "base/sync.h"
#include "mqtt/broker.h"
#include "mqtt/packet.h"
#include "mqtt/packet_notation_test.h"
#include "mqtt/publisher.h"

namespace weir::mqtt {
namespace {

// Counts, and stores on another thread a moment later.
class ThreadedSink final : public PublishSink {
 public:
  ThreadedSink() : thread_([this] { run(); }) {}
  ~ThreadedSink() override {
    {
      auto state = state_.lock();
      state->stopping = true;
      changed_.notify_all();
    }
    thread_.join();
  }
  void accept(std::span<const MessagePtr> messages, Stored stored) override {
    received += messages.size();
    auto state = state_.lock();
    state->waiting.push_back(std::move(stored));
    changed_.notify_all();
  }
  std::atomic<size_t> received = 0;

 private:
  struct State {
    std::vector<Stored> waiting;
    bool stopping = false;
  };
  void run() {
    while (true) {
      std::vector<Stored> batch;
      {
        auto state = state_.lock();
        state.wait(changed_, [&] { return state->stopping || !state->waiting.empty(); });
        batch.swap(state->waiting);
        if (batch.empty()) return;
      }
      for (Stored& stored : batch) stored({});
    }
  }
  Guarded<State> state_;
  std::condition_variable changed_;
  std::thread thread_;
};

void wait_until(const std::function<bool()>& holds) {
  auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!holds()) {
    REQUIRE_MESSAGE(std::chrono::steady_clock::now() < deadline, "waited in vain");
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

// A subscriber that checks the order of what each publisher sent. Lives on an io thread.
class Listener final : public net::StreamReader {
 public:
  Listener(net::IoThread& thread, uint16_t port, std::string hello) : hello_(std::move(hello)) {
    net::dial(thread, "127.0.0.1", port, 10'000, [this](auto stream) {
      REQUIRE(stream.ok());
      stream_ = std::move(*stream);
      stream_->start(*this);
      stream_->write(hello_);
    });
  }
  void on_bytes(std::string_view bytes) override {
    in_.append(bytes);
    size_t used = 0;
    Frame frame;
    while (cut_frame(std::string_view(in_).substr(used), 1 << 20, frame) == Cut::complete) {
      used += frame.size_bytes;
      handle(frame);
    }
    in_.erase(0, used);
  }
  void on_end(Result<void>) override { ended = true; }

  std::atomic<bool> subscribed = false, ended = false, out_of_order = false;
  std::atomic<size_t> messages = 0;

 private:
  void handle(const Frame& frame) {
    if (frame.type == PacketType::suback) subscribed = true;
    if (frame.type != PacketType::publish) return;
    Publish packet;
    if (decode_publish(frame, Version::v311, packet)) return;
    int number = std::stoi(std::string(packet.payload));
    int& last = last_[std::string(packet.topic)];
    if (number != last + 1) out_of_order = true;
    last = number;
    messages++;
    if (packet.qos == 0) return;
    std::string ack;
    encode_ack(PacketType::puback, packet.packet_id, Reason::success, Version::v311, ack);
    stream_->write(ack);
  }
  std::string hello_, in_;
  std::unique_ptr<net::Stream> stream_;
  std::map<std::string, int> last_;
};

TEST_CASE("publishers and subscribers on two io threads lose and reorder nothing") {
  log::set_level(log::Level::warn);
  SystemClock clock;
  net::IoThreads threads(2);
  ThreadedSink sink;
  BrokerOptions options;
  options.queued_messages_max = 100'000;
  auto broker = *Broker::make(threads, clock, options, {&sink});
  auto listener = broker->listen({"127.0.0.1", 0}, std::make_shared<ListenerPolicy>());
  REQUIRE(listener.ok());
  uint16_t port = (*listener)->port();

  constexpr int kPublishers = 4, kMessages = 500;
  std::vector<std::unique_ptr<Listener>> listeners;
  for (size_t i = 0; i < 4; i++) {
    std::string hello = assemble_packet("CONNECT clean client_id=sub" + std::to_string(i), 4) +
                        assemble_packet("SUBSCRIBE id=1 filter=t/+ qos=1", 4);
    listeners.push_back(std::make_unique<Listener>(threads.at(i % 2), port, hello));
  }
  wait_until([&] {
    return std::all_of(listeners.begin(), listeners.end(), [](auto& l) { return +l->subscribed; });
  });

  std::vector<std::thread> publishers;
  std::atomic<int> failed = 0;
  for (int p = 0; p < kPublishers; p++) {
    publishers.emplace_back([&, p] {
      PublisherOptions to;
      to.port = port;
      to.client_id = "pub" + std::to_string(p);
      to.protocol_version = p % 2 == 0 ? 4 : 5;
      auto publisher = Publisher::connect(to);
      if (!publisher.ok()) return void(failed++);
      for (int i = 1; i <= kMessages; i++) {
        bool acknowledged = i % 10 == 0;
        auto sent =
            (*publisher)
                ->publish("t/" + std::to_string(p), std::to_string(i), acknowledged ? 1 : 0, false);
        if (!sent.ok()) failed++;
      }
      if (!(*publisher)->disconnect().ok()) failed++;
    });
  }
  for (std::thread& thread : publishers) thread.join();
  CHECK(failed == 0);
  for (auto& one : listeners) {
    wait_until([&] { return one->messages == size_t(kPublishers * kMessages); });
    CHECK_FALSE(one->out_of_order);
  }
  CHECK(sink.received == kPublishers * kMessages);
  CHECK(broker->clients({}).connected >= 4);
  (*listener)->stop();
  broker->stop();
  for (auto& one : listeners) wait_until([&] { return +one->ended; });
  threads.stop();
}

TEST_CASE("clients that keep coming back on either thread miss no QoS 1 message") {
  log::set_level(log::Level::warn);
  SystemClock clock;
  net::IoThreads threads(2);
  auto broker = *Broker::make(threads, clock, BrokerOptions{}, {});
  auto listener = broker->listen({"127.0.0.1", 0}, std::make_shared<ListenerPolicy>());
  REQUIRE(listener.ok());
  uint16_t port = (*listener)->port();
  std::string hello = assemble_packet("CONNECT client_id=rover", 4) +
                      assemble_packet("SUBSCRIBE id=1 filter=t/+ qos=1", 4);

  std::vector<std::unique_ptr<Listener>> visits;
  visits.push_back(std::make_unique<Listener>(threads.at(0), port, hello));
  wait_until([&] { return +visits.back()->subscribed; });
  std::atomic<bool> done = false;
  std::thread publishing([&] {
    PublisherOptions to;
    to.port = port;
    auto publisher = Publisher::connect(to);
    for (int i = 1; publisher.ok() && i <= 400; i++) {
      if (!(*publisher)->publish("t/a", std::to_string(i), 1, false).ok()) break;
    }
    done = true;
  });
  while (!done) {
    visits.push_back(std::make_unique<Listener>(threads.at(visits.size() % 2), port, hello));
    Listener& now = *visits.back();
    wait_until([&] { return now.subscribed || now.ended; });
  }
  publishing.join();
  auto seen = [&] {
    size_t total = 0;
    for (auto& visit : visits) total += visit->messages;
    return total;
  };
  // Redelivery may repeat a message, so at least this many.
  wait_until([&] { return seen() >= 400; });
  (*listener)->stop();
  broker->stop();
  threads.stop();
}

TEST_CASE("the publisher names the broker and its reason when it is refused") {
  log::set_level(log::Level::warn);
  SystemClock clock;
  net::IoThreads threads(1);
  Authenticate nobody = [](Credentials, std::function<void(Result<Identity>)> answer) {
    answer(Error{Errc::unauthorized, "nobody may"});
  };
  auto broker = *Broker::make(threads, clock, BrokerOptions{}, {});
  auto policy = std::make_shared<ListenerPolicy>();
  policy->authenticate = nobody;
  auto listener = broker->listen({"127.0.0.1", 0}, policy);
  REQUIRE(listener.ok());
  PublisherOptions to;
  to.port = (*listener)->port();
  for (int version : {4, 5}) {
    to.protocol_version = version;
    auto publisher = Publisher::connect(to);
    REQUIRE_FALSE(publisher.ok());
    CHECK(publisher.error().code == Errc::unauthorized);
    CHECK(publisher.error().message.find("127.0.0.1:") != std::string::npos);
    CHECK(publisher.error().message.find("bad user name or password") != std::string::npos);
  }
  (*listener)->stop();
  broker->stop();
  threads.stop();
  auto refused = Publisher::connect(to);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().message.find("refused") != std::string::npos);
}

}  // namespace
}  // namespace weir::mqtt
