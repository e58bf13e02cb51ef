#include "server/allowed_hosts.h"

#include <doctest/doctest.h>

namespace weir::server {

TEST_CASE("hosts are allowed by name, by domain, with or without a port") {
  auto allowed = AllowedHosts::parse("a.example, B.example:443, *.c.example, [::1]:80, fe80::1");
  REQUIRE(allowed.ok());
  CHECK(allowed->check("a.example", 1).ok());
  CHECK(allowed->check("A.Example", 80).ok());
  CHECK(allowed->check("b.example", 443).ok());
  CHECK_FALSE(allowed->check("b.example", 80).ok());
  CHECK(allowed->check("x.c.example", 80).ok());
  CHECK(allowed->check("x.y.c.example", 80).ok());
  CHECK_FALSE(allowed->check("c.example", 80).ok());
  CHECK_FALSE(allowed->check(".c.example", 80).ok());
  CHECK_FALSE(allowed->check("xc.example", 80).ok());
  CHECK(allowed->check("::1", 80).ok());
  CHECK_FALSE(allowed->check("::1", 81).ok());
  CHECK(allowed->check("fe80::1", 81).ok());
  auto refused = allowed->check("Other.example", 80);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == Errc::forbidden);
  CHECK(refused.error().message ==
        "a query may not reach other.example:80: query.allowed_hosts does not name it");
}

TEST_CASE("no host is allowed by an empty list, any by a star") {
  auto none = AllowedHosts::parse("");
  REQUIRE(none.ok());
  CHECK(none->check("localhost", 80).error().message ==
        "a query may not reach localhost:80: query.allowed_hosts is empty");
  auto any = AllowedHosts::parse("*");
  REQUIRE(any.ok());
  CHECK(any->check("localhost", 80).ok());
  auto port = AllowedHosts::parse("*:443\n");
  REQUIRE(port.ok());
  CHECK(port->check("x", 443).ok());
  CHECK(port->check("::1", 443).ok());
  CHECK_FALSE(port->check("x", 80).ok());
}

TEST_CASE("patterns that are none are refused") {
  for (const char* text : {"a b", "a:", "a:0", "a:65536", "a:http", "[::1", "[::1]x",
                           "[::1]:", "http://a", "a/b", "*a", "*.*"})
    CHECK_MESSAGE(!AllowedHosts::parse(text).ok(), text);
}

}  // namespace weir::server
