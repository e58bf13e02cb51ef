#include "net/io_threads.h"

#include <atomic>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include "net/test_support.h"

namespace weir::net {
using testing::eventually;
using testing::run_on;

TEST_CASE("posted tasks run on the loop, in order") {
  IoThreads threads(2);
  std::vector<int> order;
  for (int i = 0; i < 1000; ++i) threads.at(1).post([&order, i] { order.push_back(i); });
  bool on_loop = false;
  run_on(threads.at(1), [&] { on_loop = threads.at(1).is_this_thread(); });
  CHECK(on_loop);
  CHECK_FALSE(threads.at(1).is_this_thread());
  REQUIRE(order.size() == 1000);
  for (int i = 0; i < 1000; ++i) CHECK(order[static_cast<size_t>(i)] == i);
}

TEST_CASE("next() takes the loops in turn") {
  IoThreads threads(3);
  CHECK(threads.next().index() == 0);
  CHECK(threads.next().index() == 1);
  CHECK(threads.next().index() == 2);
  CHECK(threads.next().index() == 0);
}

TEST_CASE("timers fire in order of their deadlines, and not when cancelled") {
  IoThreads threads(1);
  std::string fired;
  std::atomic<bool> done = false;
  run_on(threads.at(0), [&] {
    IoThread& loop = threads.at(0);
    loop.after_ms(30, [&] {
      fired += 'c';
      done = true;
    });
    const auto cancelled = loop.after_ms(10, [&] { fired += 'x'; });
    loop.after_ms(20, [&] { fired += 'b'; });
    loop.after_ms(0, [&fired, &loop, cancelled] {
      fired += 'a';
      loop.cancel(cancelled);
      loop.cancel(cancelled);  // twice is harmless
    });
  });
  REQUIRE(eventually([&] { return done.load(); }));
  run_on(threads.at(0), [] {});
  CHECK(fired == "abc");
}

TEST_CASE("a timer set in a timer fires too") {
  IoThreads threads(1);
  std::atomic<int> ticks = 0;
  std::function<void()> tick = [&] {
    if (++ticks < 5) threads.at(0).after_ms(1, tick);
  };
  run_on(threads.at(0), [&] { threads.at(0).after_ms(1, tick); });
  CHECK(eventually([&] { return ticks == 5; }));
}

TEST_CASE("the end of the batch comes after the events at hand and before waiting") {
  IoThreads threads(1);
  IoThread& loop = threads.at(0);
  std::string order;
  std::atomic<bool> done = false;
  loop.post([&] {
    // Posted from inside the loop: part of the batch at hand.
    loop.at_end_of_batch([&] {
      order += 'e';
      loop.at_end_of_batch([&] {
        order += 'f';
        done = true;
      });
    });
    for (int i = 0; i < 3; ++i) loop.post([&] { order += 't'; });
  });
  REQUIRE(eventually([&] { return done.load(); }));
  CHECK(order == "tttef");
}

TEST_CASE("stopping drops tasks and timers that never came to run") {
  auto witness = std::make_shared<int>(1);
  {
    IoThreads threads(1);
    run_on(threads.at(0), [&] { threads.at(0).after_ms(3'600'000, [witness] {}); });
    threads.stop();
    threads.at(0).post([witness] {});
    CHECK(witness.use_count() > 1);
  }
  CHECK(witness.use_count() == 1);
}

}  // namespace weir::net
