#include "query/exec/nelder_mead.h"

#include <doctest/doctest.h>

#include <cmath>

namespace weir::query {
namespace {

Result<void> go_on() { return {}; }

TEST_CASE("the minimum of a narrow, curved valley is found") {
  Objective rosenbrock = [](std::vector<double>& x) {
    return 100 * std::pow(x[1] - x[0] * x[0], 2) + std::pow(1 - x[0], 2);
  };
  auto found = minimize(rosenbrock, {-1.2, 1}, 1e-10, go_on);
  REQUIRE(found.ok());
  CHECK(found->value < 1e-8);
  CHECK(found->point[0] == doctest::Approx(1).epsilon(1e-3));
  CHECK(found->point[1] == doctest::Approx(1).epsilon(1e-3));
}

TEST_CASE("a point that the objective keeps within limits counts as changed") {
  Objective falling = [](std::vector<double>& x) {
    x[0] = std::min(x[0], 2.0);
    return -x[0];
  };
  auto found = minimize(falling, {0}, 1e-9, go_on);
  REQUIRE(found.ok());
  CHECK(found->point[0] == 2);
}

TEST_CASE("a search that is no longer wanted ends with the reason") {
  Objective square = [](std::vector<double>& x) { return x[0] * x[0]; };
  auto found = minimize(square, {5}, 1e-9, [] {
    return Result<void>(Error{Errc::unavailable, "left"});
  });
  REQUIRE_FALSE(found.ok());
  CHECK(found.error().message == "left");
}

}  // namespace
}  // namespace weir::query
