#include "mqtt/incoming_ids.h"

#include <doctest/doctest.h>

namespace weir::mqtt {
namespace {

TEST_CASE("an identifier is known from its first use until it is released") {
  IncomingIds ids;
  CHECK(ids.add_storing(7));
  CHECK_FALSE(ids.add_storing(7));
  CHECK_FALSE(ids.is_received(7));
  CHECK_FALSE(ids.release(7));  // still being stored
  ids.set_received(7);
  CHECK_FALSE(ids.add_storing(7));
  CHECK(ids.is_received(7));
  CHECK(ids.release(7));
  CHECK_FALSE(ids.release(7));
  CHECK(ids.add_storing(7));
  ids.refuse(7, Reason::quota_exceeded);
  CHECK(ids.refused_as(7) == Reason::quota_exceeded);
  CHECK_FALSE(ids.refused_as(8).has_value());
  ids.forget_refused();
  CHECK_FALSE(ids.refused_as(7).has_value());
  CHECK(ids.size() == 0);
}

TEST_CASE(
    "a refused identifier may be used again, and is known as refused until that is received") {
  IncomingIds ids;
  CHECK(ids.add_storing(7));
  ids.refuse(7, Reason::unspecified_error);
  CHECK_FALSE(ids.release(7));
  CHECK(ids.add_storing(7));
  CHECK_FALSE(ids.add_storing(7));
  CHECK(ids.refused_as(7) == Reason::unspecified_error);  // to repetitions of the first
  ids.forget_refused();
  CHECK_FALSE(ids.add_storing(7));  // what is under way stays known
  ids.refuse(7, Reason::unspecified_error);
  ids.set_received(7);
  CHECK_FALSE(ids.refused_as(7).has_value());
  CHECK(ids.release(7));
  CHECK(ids.size() == 0);
}

TEST_CASE("every identifier may be held at once, in any order") {
  IncomingIds ids;
  for (uint32_t i = 65535; i >= 1; i--) REQUIRE(ids.add_storing(static_cast<uint16_t>(i)));
  for (uint32_t i = 1; i <= 65535; i += 2) ids.set_received(static_cast<uint16_t>(i));
  CHECK(ids.size() == 65535);
  for (uint32_t i = 1; i <= 65535; i++) {
    REQUIRE(ids.release(static_cast<uint16_t>(i)) == (i % 2 == 1));
  }
  CHECK(ids.size() == 32767);
}

}  // namespace
}  // namespace weir::mqtt
