#include "net/busy_share.h"

#include <doctest/doctest.h>

namespace weir::net {
using namespace std::chrono_literals;

TEST_CASE("a share is told when its window is over, of all that was told in it") {
  BusyShare share{10ms};
  const BusyShare::Clock::time_point start{};
  share.begin(start);
  share.waited(start + 2ms);
  CHECK_FALSE(share.worked(start + 5ms));
  share.waited(start + 9ms);
  CHECK(share.worked(start + 12ms).value() == doctest::Approx(6.0 / 12));
  // The next window: busy throughout, and never a wait.
  CHECK_FALSE(share.worked(start + 20ms));
  CHECK(share.worked(start + 22ms).value() == doctest::Approx(1));
  share.waited(start + 100ms);
  CHECK(share.worked(start + 100ms).value() == 0);
}

}  // namespace weir::net
