#include "base/flat_map.h"

#include <doctest/doctest.h>

#include <map>
#include <random>
#include <string>
#include <string_view>

namespace weir {
namespace {

TEST_CASE("a flat map holds what a map holds") {
  std::mt19937 random(3);
  FlatMap<std::string, int> flat;
  std::map<std::string, int, std::less<>> model;
  for (int step = 0; step < 5000; step++) {
    std::string key = "key" + std::to_string(random() % 100);
    if (random() % 2 == 0) {
      CHECK(flat.insert_or_assign(key, step).second == model.insert_or_assign(key, step).second);
    } else {
      CHECK(flat.erase(key) == model.erase(key));
    }
    REQUIRE(flat.size() == model.size());
    std::string_view wanted = key;
    CHECK(flat.contains(wanted) == model.contains(wanted));
    if (model.contains(wanted)) CHECK(flat.find(wanted)->second == model.find(wanted)->second);
  }
  CHECK(std::equal(
      flat.begin(), flat.end(), model.begin(), model.end(),
      [](const auto& a, const auto& b) { return a.first == b.first && a.second == b.second; }));
  flat.clear();
  CHECK(flat.empty());
  CHECK_FALSE(flat.contains("key1"));
}

}  // namespace
}  // namespace weir
