#include "server/login_guard.h"

#include <doctest/doctest.h>

#include "base/log.h"

namespace weir::server {
namespace {

net::Peer from(std::string address) {
  net::Peer peer;
  peer.is_loopback = address == "127.0.0.1";
  peer.address = std::move(address);
  return peer;
}

struct Guarded {
  Guarded() { log::set_level(log::Level::error); }
  LoginGuard guard;
  int64_t now_ms = 1'000'000;

  // Fails so often; the delay of the last one.
  int64_t fail(const std::string& address, std::string_view user, int times = 1) {
    int64_t delay_ms = 0;
    for (int i = 0; i < times; i++) delay_ms = guard.failed(from(address), user, now_ms);
    return delay_ms;
  }
  bool barred(const std::string& address, std::string_view user) {
    return guard.is_barred(from(address), user, now_ms);
  }
};

TEST_CASE("a few mistakes are free, then refusals come later and later") {
  Guarded it;
  CHECK(it.fail("192.0.2.1", "u", LoginGuard::kFreeFailures) == 0);
  CHECK(it.fail("192.0.2.1", "u") == 250);
  CHECK(it.fail("192.0.2.1", "v") == 500);
  CHECK(it.fail("192.0.2.1", "w") == 1000);
  CHECK_FALSE(it.barred("192.0.2.1", "u"));
  CHECK(it.fail("192.0.2.2", "u") == 0);
}

TEST_CASE("an address that fails again and again is barred for a while, longer each time") {
  Guarded it;
  it.fail("192.0.2.1", "u", LoginGuard::kAddressFailuresMax - 1);
  CHECK_FALSE(it.barred("192.0.2.1", "u"));
  it.fail("192.0.2.1", "u");
  CHECK(it.barred("192.0.2.1", "anybody"));
  CHECK_FALSE(it.barred("192.0.2.2", "u"));
  it.now_ms += LoginGuard::kBarMs;
  CHECK_FALSE(it.barred("192.0.2.1", "u"));
  it.fail("192.0.2.1", "u", LoginGuard::kAddressFailuresMax / 2);
  it.now_ms += LoginGuard::kBarMs;
  CHECK(it.barred("192.0.2.1", "u"));
  it.now_ms += LoginGuard::kForgottenMs;
  CHECK(it.fail("192.0.2.1", "u") == 0);  // forgotten
}

TEST_CASE("this machine is slowed down, and shut out for a moment only") {
  Guarded it;
  CHECK(it.fail("127.0.0.1", "u", 100) > 0);
  CHECK(it.barred("127.0.0.1", "u"));
  it.now_ms += LoginGuard::kLoopbackBarMsMax;
  CHECK_FALSE(it.barred("127.0.0.1", "u"));
}

TEST_CASE("who has logged in from an address is not shut out because of others there") {
  Guarded it;
  it.guard.succeeded(from("192.0.2.1"), "good", it.now_ms);
  it.fail("192.0.2.1", "bad", LoginGuard::kAddressFailuresMax);
  CHECK(it.barred("192.0.2.1", "bad"));
  CHECK_FALSE(it.barred("192.0.2.1", "good"));
  // Until somebody tries that very name from there.
  it.fail("192.0.2.1", "good", LoginGuard::kAddressFailuresMax);
  CHECK(it.barred("192.0.2.1", "good"));
}

TEST_CASE("a name that is tried from many addresses is barred, but where it comes from") {
  Guarded it;
  it.guard.succeeded(from("192.0.2.1"), "device", it.now_ms);
  for (int i = 0; i < LoginGuard::kUserFailuresMax; i++) {
    it.fail("198.51.100." + std::to_string(i), "victim");
  }
  CHECK(it.barred("203.0.113.1", "victim"));
  CHECK_FALSE(it.barred("203.0.113.1", "device"));
  CHECK_FALSE(it.barred("127.0.0.1", "victim"));
}

TEST_CASE("one's own password does not pay for guessing another's") {
  Guarded it;
  for (int i = 0; i < LoginGuard::kAddressFailuresMax; i++) {
    it.fail("192.0.2.1", "victim");
    it.guard.succeeded(from("192.0.2.1"), "mine", it.now_ms);
  }
  CHECK(it.barred("192.0.2.1", "victim"));
}

TEST_CASE("all addresses of one IPv6 customer count together") {
  Guarded it;
  for (int i = 0; i < LoginGuard::kAddressFailuresMax; i++) {
    it.fail("2001:db8:1:2::" + std::to_string(i + 1), "u");
  }
  CHECK(it.barred("2001:db8:1:2:ffff::1", "x"));
  CHECK_FALSE(it.barred("2001:db8:1:3::1", "x"));
}

TEST_CASE("the tables are bounded, and forget the quietest first") {
  Guarded it;
  it.fail("192.0.2.1", "u", LoginGuard::kAddressFailuresMax);
  for (size_t i = 0; i < LoginGuard::kEntriesMax + 10; i++) {
    it.now_ms++;
    if (i % 100 == 0) it.fail("192.0.2.1", "u");
    it.fail("10." + std::to_string(i / 65536) + "." + std::to_string(i / 256 % 256) + "." +
                std::to_string(i % 256),
            "user" + std::to_string(i));
  }
  CHECK(it.guard.entries() == LoginGuard::kEntriesMax);
  CHECK(it.barred("192.0.2.1", "x"));
}

}  // namespace
}  // namespace weir::server
