// Io threads and streams without sockets or time of their own, for tests and fuzzing.
//
// Everything runs on the calling thread: FakeLoops::run() carries out what is posted until nothing
// is left, advance_ms() moves the clock and fires the timers on the way. FakePeer is the client's
// end of a FakeStream.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "net/stream.h"

namespace weir::mqtt {

class FakeIoThread final : public net::IoThread {
 public:
  FakeIoThread(const Clock& clock, size_t index) : clock_(clock), index_(index) {}

  void post(std::function<void()> task) override { tasks_.push_back(std::move(task)); }
  TimerId after_ms(int64_t delay_ms, std::function<void()> task) override {
    timers_.emplace(std::pair(clock_.steady_ms() + delay_ms, ++last_timer_), std::move(task));
    return last_timer_;
  }
  void cancel(TimerId timer) override {
    std::erase_if(timers_, [&](const auto& entry) { return entry.first.second == timer; });
  }
  void at_end_of_batch(std::function<void()> task) override { at_end_.push_back(std::move(task)); }
  bool is_this_thread() const override { return true; }
  size_t index() const override { return index_; }

  bool run_one() {
    std::deque<std::function<void()>>& ready = tasks_.empty() ? at_end_ : tasks_;
    if (ready.empty()) return false;
    std::function<void()> task = std::move(ready.front());
    ready.pop_front();
    task();
    return true;
  }
  int64_t next_timer_ms() const {
    return timers_.empty() ? INT64_MAX : timers_.begin()->first.first;
  }
  bool fire_due_timer() {
    if (next_timer_ms() > clock_.steady_ms()) return false;
    std::function<void()> task = std::move(timers_.begin()->second);
    timers_.erase(timers_.begin());
    task();
    return true;
  }

 private:
  const Clock& clock_;
  const size_t index_;
  std::deque<std::function<void()>> tasks_, at_end_;
  std::map<std::pair<int64_t, TimerId>, std::function<void()>> timers_;
  TimerId last_timer_ = 0;
};

class FakeLoops {
 public:
  explicit FakeLoops(size_t count) : clock(1'700'000'000'000'000'000) {
    for (size_t i = 0; i < count; i++) {
      threads.push_back(std::make_unique<FakeIoThread>(clock, i));
    }
  }
  std::vector<net::IoThread*> all() const {
    std::vector<net::IoThread*> pointers;
    for (const auto& thread : threads) pointers.push_back(thread.get());
    return pointers;
  }
  void run() {
    bool ran = true;
    while (ran) {
      ran = false;
      for (auto& thread : threads) ran |= thread->run_one();
    }
  }
  void advance_ms(int64_t ms) {
    int64_t until = clock.steady_ms() + ms;
    run();
    while (true) {
      int64_t next = until;
      for (auto& thread : threads) next = std::min(next, thread->next_timer_ms());
      clock.advance_ms(std::max<int64_t>(0, next - clock.steady_ms()));
      bool fired = false;
      for (auto& thread : threads) fired |= thread->fire_due_timer();
      run();
      if (!fired && clock.steady_ms() >= until) return;
    }
  }

  ManualClock clock;
  std::vector<std::unique_ptr<FakeIoThread>> threads;
};

// What both ends of a FakeStream see.
struct FakeWire {
  net::StreamReader* reader = nullptr;
  std::string sent;     // by the server, not yet looked at by the peer
  std::string waiting;  // from the peer while reading was paused
  size_t unsent = 0;    // what the stream pretends not to have got rid of
  bool stuck = false;   // the peer takes nothing: unsent grows
  bool paused = false, closed = false;
  bool ended = false;  // the peer closed
};

class FakeStream final : public net::Stream {
 public:
  FakeStream(std::shared_ptr<FakeWire> wire, net::IoThread& io) : wire_(std::move(wire)), io_(io) {
    peer_.address = "127.0.0.1";
    peer_.port = 50'000;
    peer_.is_loopback = true;
  }
  ~FakeStream() override { wire_->reader = nullptr; }
  void start(net::StreamReader& reader) override { wire_->reader = &reader; }
  void pause_reading() override { wire_->paused = true; }
  void resume_reading() override {
    wire_->paused = false;
    if (wire_->waiting.empty() && !wire_->ended) return;
    io_.post([wire = wire_] {
      std::string bytes = std::exchange(wire->waiting, {});
      if (wire->reader != nullptr && !bytes.empty()) wire->reader->on_bytes(bytes);
      if (wire->reader != nullptr && wire->ended) {
        std::exchange(wire->reader, nullptr)->on_end({});
      }
    });
  }
  void write(std::string_view bytes) override {
    wire_->sent.append(bytes);
    if (wire_->stuck) wire_->unsent += bytes.size();
  }
  void write_shared(std::shared_ptr<const std::string> bytes) override { write(*bytes); }
  size_t unsent_bytes() const override { return wire_->unsent; }
  void close_gracefully() override { close(); }
  void close() override {
    wire_->reader = nullptr;
    wire_->closed = true;
  }
  const net::Peer& peer() const override { return peer_; }
  net::IoThread& io_thread() override { return io_; }

 private:
  std::shared_ptr<FakeWire> wire_;
  net::IoThread& io_;
  net::Peer peer_;
};

class FakePeer {
 public:
  explicit FakePeer(net::IoThread& io) : wire_(std::make_shared<FakeWire>()), io_(io) {}
  std::unique_ptr<net::Stream> make_stream() { return std::make_unique<FakeStream>(wire_, io_); }

  void send(std::string_view bytes) {
    if (wire_->paused) {
      wire_->waiting.append(bytes);
    } else if (wire_->reader != nullptr) {
      // A copy of exact size: reading past the end is seen by the sanitizers.
      std::vector<char> exact(bytes.begin(), bytes.end());
      wire_->reader->on_bytes({exact.data(), exact.size()});
    }
  }
  // Closes the peer's end, as a crashed client does, or fails the connection.
  void vanish(Result<void> how = {}) {
    wire_->ended = true;
    if (wire_->reader != nullptr && !wire_->paused) {
      std::exchange(wire_->reader, nullptr)->on_end(std::move(how));
    }
  }
  // The peer stops taking bytes; or takes all again.
  void set_stuck(bool stuck) {
    wire_->stuck = stuck;
    if (stuck || wire_->unsent == 0) return;
    wire_->unsent = 0;
    if (wire_->reader != nullptr) wire_->reader->on_drained();
  }
  std::string& received() { return wire_->sent; }
  bool is_closed() const { return wire_->closed; }
  bool is_read() const { return !wire_->paused; }

 private:
  std::shared_ptr<FakeWire> wire_;
  net::IoThread& io_;
};

}  // namespace weir::mqtt
