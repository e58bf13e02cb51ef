#include "base/ring.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <random>
#include <string>

namespace weir {
namespace {

TEST_CASE("an empty ring holds no memory, before and after it held elements") {
  Ring<std::string> ring;
  CHECK(ring.capacity() == 0);
  for (int i = 0; i < 100; i++) ring.push_back(std::to_string(i));
  CHECK(ring.capacity() == 128);
  while (!ring.empty()) ring.pop_front();
  CHECK(ring.capacity() == 0);
  ring.push_back("again");
  CHECK(ring.front() == "again");
}

TEST_CASE("a ring does what a deque does, whatever comes and goes") {
  std::mt19937 random(11);
  Ring<std::shared_ptr<int>> ring;
  std::deque<int> model;
  int next = 0;
  for (int step = 0; step < 20'000; step++) {
    switch (random() % 6) {
      case 0:
      case 1:
      case 2:
        ring.push_back(std::make_shared<int>(next));
        model.push_back(next++);
        break;
      case 3:
        if (model.empty()) break;
        ring.pop_front();
        model.pop_front();
        break;
      case 4: {
        if (model.empty()) break;
        auto at = static_cast<ptrdiff_t>(random() % model.size());
        auto following = ring.erase(ring.begin() + at);
        model.erase(model.begin() + at);
        REQUIRE(following - ring.begin() == at);
        break;
      }
      default:
        if (random() % 20 != 0) break;
        int divisor = static_cast<int>(2 + random() % 3);
        size_t removed = ring.erase_if([&](const auto& one) { return *one % divisor == 0; });
        REQUIRE(removed == std::erase_if(model, [&](int one) { return one % divisor == 0; }));
    }
    REQUIRE(ring.size() == model.size());
    REQUIRE(std::equal(ring.begin(), ring.end(), model.begin(), model.end(),
                       [](const auto& a, int b) { return *a == b; }));
  }
  Ring<std::shared_ptr<int>> moved = std::move(ring);
  CHECK(moved.size() == model.size());
  CHECK(ring.empty());  // NOLINT: a moved ring is an empty one
  moved.clear();
  CHECK(moved.capacity() == 0);
}

}  // namespace
}  // namespace weir
