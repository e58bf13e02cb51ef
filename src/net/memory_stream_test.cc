#include "net/memory_stream.h"

#include <doctest/doctest.h>

#include <deque>

namespace weir::net {
namespace {

class FakeThread final : public IoThread {
 public:
  void post(std::function<void()> task) override { tasks_.push_back(std::move(task)); }
  TimerId after_ms(int64_t, std::function<void()>) override { return 0; }
  void cancel(TimerId) override {}
  void at_end_of_batch(std::function<void()> task) override { post(std::move(task)); }
  bool is_this_thread() const override { return true; }
  size_t index() const override { return 3; }
  void run() {
    while (!tasks_.empty()) {
      auto task = std::move(tasks_.front());
      tasks_.pop_front();
      task();
    }
  }

 private:
  std::deque<std::function<void()>> tasks_;
};

struct Reader final : StreamReader {
  std::string received;
  size_t largest = 0;
  int ends = 0, drained = 0;
  std::function<void()> on_each = [] {};
  void on_bytes(std::string_view bytes) override {
    received += bytes;
    largest = std::max(largest, bytes.size());
    on_each();
  }
  void on_end(Result<void>) override { ends++; }
  void on_drained() override { drained++; }
};

struct Pair {
  FakeThread thread;
  Reader a, b;
  std::unique_ptr<Stream> left, right;
  Pair() {
    std::tie(left, right) = make_memory_streams(thread, "here");
    left->start(a);
    right->start(b);
  }
};

TEST_CASE("what one end of a memory stream writes the other reads, later and together") {
  Pair p;
  p.left->write("one ");
  p.left->write("two");
  p.right->write("back");
  CHECK(p.b.received.empty());
  CHECK(p.left->unsent_bytes() == 7);
  p.thread.run();
  CHECK(p.b.received == "one two");
  CHECK(p.b.largest == 7);
  CHECK(p.a.received == "back");
  CHECK(p.left->peer().address == "here");
}

TEST_CASE("a paused end of a memory stream is a slow peer, and tells when it has caught up") {
  Pair p;
  p.right->pause_reading();
  p.left->write(std::string(kStreamLowWaterBytes + 1, 'x'));
  p.thread.run();
  CHECK(p.left->unsent_bytes() == kStreamLowWaterBytes + 1);
  CHECK(p.a.drained == 0);
  p.right->resume_reading();
  p.thread.run();
  CHECK(p.left->unsent_bytes() == 0);
  CHECK(p.a.drained == 1);
}

TEST_CASE("much that was written comes in several turns") {
  Pair p;
  std::string much(1'000'000, 'x');
  p.left->write(much);
  p.thread.run();
  CHECK(p.b.received == much);
  CHECK(p.b.largest < much.size());
}

TEST_CASE("what was written before a close arrives before the end") {
  Pair p;
  p.left->write("last words");
  p.left->close_gracefully();
  p.thread.run();
  CHECK(p.b.received == "last words");
  CHECK(p.b.ends == 1);
  CHECK(p.a.ends == 0);
  p.right->write("nobody");
  p.thread.run();
  CHECK(p.a.received.empty());
}

TEST_CASE("an end of a memory stream may be let go while it is given bytes") {
  Pair p;
  p.b.on_each = [&] { p.right.reset(); };
  p.left->write("x");
  p.thread.run();
  CHECK(p.a.ends == 1);
  CHECK(p.b.ends == 0);
}

}  // namespace
}  // namespace weir::net
