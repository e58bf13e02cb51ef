#include "net/timers.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>

namespace weir::net {
namespace {

Timers::Clock::time_point at(int64_t ms) {
  return Timers::Clock::time_point() + std::chrono::milliseconds(ms);
}

TEST_CASE("timers run by deadline, equal ones in the order they were set") {
  Timers timers;
  std::string ran;
  CHECK(timers.earliest() == Timers::kNever);
  timers.add(at(30), [&] { ran += 'd'; });
  timers.add(at(10), [&] { ran += 'a'; });
  timers.add(at(20), [&] { ran += 'b'; });
  timers.add(at(20), [&] { ran += 'c'; });
  CHECK(timers.earliest() == at(10));
  timers.run_due(at(9));
  CHECK(ran.empty());
  timers.run_due(at(20));
  CHECK(ran == "abc");
  timers.run_due(at(100));
  CHECK(ran == "abcd");
}

TEST_CASE("the id of a timer that has run cancels no later one in its slot") {
  Timers timers;
  int ran = 0;
  Timers::Id first = timers.add(at(1), [&] { ran++; });
  timers.run_due(at(1));
  Timers::Id second = timers.add(at(2), [&] { ran++; });
  CHECK(second != first);
  timers.cancel(first);
  timers.cancel(12345);
  timers.run_due(at(2));
  CHECK(ran == 2);
}

TEST_CASE("a timer may set and cancel others while it runs") {
  Timers timers;
  std::string ran;
  Timers::Id victim = timers.add(at(2), [&] { ran += 'x'; });
  timers.add(at(1), [&] {
    timers.cancel(victim);
    timers.add(at(1), [&] { ran += 'n'; });
    ran += 'f';
  });
  timers.run_due(at(5));
  CHECK(ran == "fn");
}

TEST_CASE("many timers, set and cancelled at random, run as a sorted list says") {
  std::mt19937 random(7);
  Timers timers;
  struct Set {
    int64_t deadline;
    int order;
    Timers::Id id;
  };
  std::vector<Set> held;
  std::vector<int> ran, wanted;
  int64_t now = 0;
  for (int step = 0; step < 20'000; step++) {
    auto what = random() % 10;
    if (what < 6) {
      int64_t deadline = now + static_cast<int64_t>(random() % 500);
      held.push_back(
          {deadline, step, timers.add(at(deadline), [&, step] { ran.push_back(step); })});
    } else if (what < 9 && !held.empty()) {
      size_t which = random() % held.size();
      timers.cancel(held[which].id);
      held.erase(held.begin() + static_cast<ptrdiff_t>(which));
    } else {
      now += static_cast<int64_t>(random() % 50);
      std::stable_sort(held.begin(), held.end(), [](const Set& a, const Set& b) {
        return a.deadline != b.deadline ? a.deadline < b.deadline : a.order < b.order;
      });
      auto end = std::find_if(held.begin(), held.end(),
                              [&](const Set& one) { return one.deadline > now; });
      for (auto one = held.begin(); one != end; ++one) wanted.push_back(one->order);
      held.erase(held.begin(), end);
      timers.run_due(at(now));
      REQUIRE(ran == wanted);
    }
  }
  CHECK(ran.size() > 1000);
}

}  // namespace
}  // namespace weir::net
