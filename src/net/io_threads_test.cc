#include "net/io_threads.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <string>
#include <thread>
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

TEST_CASE("what is handed over to a sleeping loop is done at once, behind what was posted to it") {
  IoThreads threads(2);
  IoThread &from = threads.at(0), &to = threads.at(1);
  bool done_at_once = false;
  std::atomic<int> came_back = 0;
  // The other loop is soon asleep; until then it does the task itself.
  for (int round = 0; round < 1000 && !done_at_once; ++round) {
    run_on(from, [&] {
      std::atomic<int> ran = 0;
      const auto caller = std::this_thread::get_id();
      bool same_thread = false, was_on_loop = false;
      to.post([&] { ran++; });
      to.hand_over([&] {
        ran++;
        same_thread = std::this_thread::get_id() == caller;
        was_on_loop = to.is_this_thread() && !from.is_this_thread();
        // Neither back nor on: each would be another thread's work within this one.
        from.hand_over([&] { came_back++; });
      });
      CHECK(from.is_this_thread());
      CHECK(eventually([&] { return ran >= 2; }));
      CHECK(was_on_loop);
      done_at_once = same_thread;
      CHECK(came_back == 0);
    });
    CHECK(eventually([&] { return came_back == 1; }));
    came_back = 0;
  }
  CHECK(done_at_once);
}

TEST_CASE("timers and batches of a loop that was helped go on by themselves") {
  IoThreads threads(2);
  for (int round = 0; round < 50; ++round) {
    std::atomic<int> ran = 0;
    run_on(threads.at(0), [&] {
      threads.at(1).hand_over([&] {
        threads.at(1).after_ms(1, [&] { ran++; });
        threads.at(1).at_end_of_batch([&] { ran++; });
        threads.at(1).post([&] { ran++; });
      });
    });
    REQUIRE(eventually([&] { return ran == 3; }));
  }
}

TEST_CASE("two loops that hand over to each other lose nothing and keep their order") {
  IoThreads threads(2);
  std::vector<int> got[2];
  std::atomic<int> count = 0;
  constexpr int kEach = 20'000;
  for (size_t side = 0; side < 2; ++side) {
    IoThread &from = threads.at(side), &to = threads.at(1 - side);
    for (int i = 0; i < kEach; ++i) {
      from.post([&, i] {
        auto arrive = [&, i] {
          got[from.index()].push_back(i);
          count++;
        };
        if (i % 3 == 0) {
          to.post(arrive);
        } else {
          to.hand_over(arrive);
        }
      });
    }
  }
  REQUIRE(eventually([&] { return count == 2 * kEach; }));
  threads.stop();
  for (auto& order : got) {
    REQUIRE(order.size() == kEach);
    CHECK(std::is_sorted(order.begin(), order.end()));
  }
}

std::thread::id thread_of(IoThread& loop) {
  std::thread::id id;
  run_on(loop, [&] { id = std::this_thread::get_id(); });
  return id;
}

TEST_CASE("while there is little to do one thread does the work of all loops") {
  IoThreads threads(3);
  auto share_one = [&] {
    return thread_of(threads.at(1)) == thread_of(threads.at(0)) &&
           thread_of(threads.at(2)) == thread_of(threads.at(0));
  };
  CHECK(eventually(share_one));
  bool is_own_loop = false;
  std::atomic<int> ran = 0;
  run_on(threads.at(2), [&] {
    is_own_loop = threads.at(2).is_this_thread() && !threads.at(0).is_this_thread();
    threads.at(2).after_ms(2, [&] {
      threads.at(2).at_end_of_batch([&] { ran++; });
      threads.at(1).post([&] { ran++; });
      threads.at(2).after_ms(1, [&] { ran++; });
    });
  });
  CHECK(is_own_loop);
  CHECK(eventually([&] { return ran == 3; }));
}

TEST_CASE("a busy loop leaves the others to their own threads, until there is little to do") {
  IoThreads threads(2);
  std::atomic<bool> is_busy = true;
  std::function<void()> again = [&] {
    if (is_busy) threads.at(0).post(again);
  };
  threads.at(0).post(again);
  auto share_one = [&] { return thread_of(threads.at(0)) == thread_of(threads.at(1)); };
  CHECK(eventually([&] { return !share_one(); }));
  is_busy = false;
  CHECK(eventually(share_one));
}

TEST_CASE("a loop goes on by its own thread when the one that does its work is stuck") {
  IoThreads threads(2);
  for (int round = 0; round < 3; ++round) {
    std::atomic<bool> ran = false;
    run_on(threads.at(0), [&] {
      threads.at(1).post([&] { ran = true; });
      CHECK(eventually([&] { return ran.load(); }));
    });
  }
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
