#include "base/time_text.h"

#include <doctest/doctest.h>

#include <limits>

namespace weir::api {
namespace {

TEST_CASE("times are written with the digits they have") {
  CHECK(rfc3339(0) == "1970-01-01T00:00:00Z");
  CHECK(rfc3339(1'767'225'600'000'000'000) == "2026-01-01T00:00:00Z");
  CHECK(rfc3339(1'500'000'000) == "1970-01-01T00:00:01.5Z");
  CHECK(rfc3339(1) == "1970-01-01T00:00:00.000000001Z");
  CHECK(rfc3339(-1) == "1969-12-31T23:59:59.999999999Z");
  CHECK(rfc3339(std::numeric_limits<int64_t>::max()) == "2262-04-11T23:47:16.854775807Z");
  CHECK(rfc3339(std::numeric_limits<int64_t>::min()) == "1677-09-21T00:12:43.145224192Z");
}

TEST_CASE("times are read with fractions and offsets") {
  auto read = [](std::string_view text) { return *parse_rfc3339(text); };
  CHECK(read("1970-01-01T00:00:00Z") == 0);
  CHECK(read("1970-01-01T00:00:01.5Z") == 1'500'000'000);
  CHECK(read("1970-01-01T00:00:00.1234567891234Z") == 123'456'789);
  CHECK(read("1970-01-01T01:00:00+01:00") == 0);
  CHECK(read("1969-12-31t23:30:00-00:30") == 0);
  CHECK(read("2024-02-29T00:00:00Z") == 1'709'164'800'000'000'000);
  for (int64_t time_ns : {int64_t{0}, int64_t{1}, int64_t{-1}, int64_t{1'767'225'600'123'456'789}})
    CHECK(read(rfc3339(time_ns)) == time_ns);
}

TEST_CASE("what is no time is an error") {
  for (const char* text :
       {"", "2026", "2026-01-01", "2026-01-01T00:00:00", "2026-13-01T00:00:00Z",
        "2026-02-29T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z",
        "2026-01-01T00:00:60Z", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00Zx",
        "2026-01-01 00:00:00Z", "2026-01-01T00:00:00+1:00", "2026-01-01T00:00:00+24:00",
        "1600-01-01T00:00:00Z", "9999-01-01T00:00:00Z", "-026-01-01T00:00:00Z"})
    CHECK_MESSAGE(!parse_rfc3339(text).ok(), text);
}

TEST_CASE("durations are spelled as Go spells them") {
  CHECK(go_duration(0) == "0s");
  CHECK(go_duration(1'500'000'000) == "1.5s");
  CHECK(go_duration(60'000'000'000) == "1m0s");
  CHECK(go_duration(3'723'000'000'004) == "1h2m3.000000004s");
  CHECK(go_duration(450'000'000) == "450ms");
  CHECK(go_duration(1'500) == "1.5µs");
  CHECK(go_duration(7) == "7ns");
}

}  // namespace
}  // namespace weir::api
