// A stream, an io thread and a clock that tests drive by hand: no sockets, no threads, no waiting.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "net/stream.h"

namespace weir::http::testing {

class FakeIoThread final : public net::IoThread {
 public:
  void post(std::function<void()> task) override { tasks_.push_back(std::move(task)); }
  TimerId after_ms(int64_t delay_ms, std::function<void()> task) override {
    timers_.emplace(std::pair(clock.steady_ms() + delay_ms, ++last_timer_), std::move(task));
    return last_timer_;
  }
  void cancel(TimerId timer) override {
    std::erase_if(timers_, [&](const auto& entry) { return entry.first.second == timer; });
  }
  void at_end_of_batch(std::function<void()> task) override { post(std::move(task)); }
  bool is_this_thread() const override { return !is_elsewhere; }
  size_t index() const override { return 0; }

  // Runs what has been posted, and what that posts.
  void run() {
    while (!tasks_.empty()) {
      for (auto& task : std::exchange(tasks_, {})) task();
    }
  }
  // Moves the clock, running timers at their time.
  void advance_ms(int64_t ms) {
    const int64_t until = clock.steady_ms() + ms;
    while (!timers_.empty() && timers_.begin()->first.first <= until) {
      auto due = timers_.extract(timers_.begin());
      clock.advance_ms(std::max<int64_t>(due.key().first - clock.steady_ms(), 0));
      due.mapped()();
      run();
    }
    clock.advance_ms(until - clock.steady_ms());
  }

  ManualClock clock{1'795'413'642'000'000'000};  // Mon, 23 Nov 2026 06:00:42 GMT
  bool is_elsewhere = false;                     // calls come "from another thread"

 private:
  std::vector<std::function<void()>> tasks_;
  std::map<std::pair<int64_t, TimerId>, std::function<void()>> timers_;
  TimerId last_timer_ = 0;
};

// What has happened to a FakeStream; outlives it.
struct FakeWire {
  std::string written;
  size_t unsent = 0;  // what a slow peer has not taken, as the test says
  bool is_paused = false;
  enum class End { open, graceful, abrupt } end = End::open;
};

class FakeStream final : public net::Stream {
 public:
  FakeStream(FakeIoThread& thread, FakeWire& wire, net::Peer peer = {"192.0.2.7", 50432, false})
      : thread_(thread), wire_(wire), peer_(std::move(peer)) {}
  void start(net::StreamReader& reader) override { reader_ = &reader; }
  void pause_reading() override { wire_.is_paused = true; }
  void resume_reading() override { wire_.is_paused = false; }
  void write(std::string_view bytes) override { wire_.written.append(bytes); }
  void write_shared(std::shared_ptr<const std::string> bytes) override { write(*bytes); }
  size_t unsent_bytes() const override { return wire_.unsent; }
  void close_gracefully() override { wire_.end = FakeWire::End::graceful; }
  void close() override { wire_.end = FakeWire::End::abrupt; }
  const net::Peer& peer() const override { return peer_; }
  net::IoThread& io_thread() override { return thread_; }

  // As if the peer had sent, or closed.
  void receive(std::string_view bytes) { reader_->on_bytes(bytes); }
  void end(Result<void> how) { reader_->on_end(std::move(how)); }

 private:
  net::StreamReader* reader_ = nullptr;
  FakeIoThread& thread_;
  FakeWire& wire_;
  const net::Peer peer_;
};

}  // namespace weir::http::testing
