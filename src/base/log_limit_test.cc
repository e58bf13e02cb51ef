#include "base/log_limit.h"

#include <doctest/doctest.h>

namespace weir::log {
namespace {

TEST_CASE("a stranger's text is shown short, without control characters") {
  CHECK(shown("lamp") == "lamp");
  CHECK(shown("a\nb\x7f") == "a\\x0ab\\x7f");
  CHECK(shown("a\xc2\x9bz") == "a\\xc2\\x9bz");
  CHECK(shown(std::string(64, 'x')) == std::string(64, 'x'));
  CHECK(shown(std::string(65, 'x')) == std::string(64, 'x') + "...");
  CHECK(shown("abc\xc3\xa9", 4) == "abc...");  // not half of a letter
  CHECK(shown("gr\xc3\xb6\xc3\x9f") == "gr\xc3\xb6\xc3\x9f");
}

TEST_CASE("so many lines of a kind are logged in a second, the others are counted") {
  Limit limit("test", "lines");
  uint64_t untold = 0;
  for (uint32_t i = 0; i < Limit::kLinesPerSecond; i++) CHECK(limit.admits(5000 + i, untold));
  CHECK(untold == 0);
  CHECK_FALSE(limit.admits(5500, untold));
  CHECK_FALSE(limit.admits(5999, untold));
  CHECK(limit.admits(6000, untold));
  CHECK(untold == 2);
  CHECK(limit.admits(6001, untold));
  CHECK(untold == 0);
}

}  // namespace
}  // namespace weir::log
