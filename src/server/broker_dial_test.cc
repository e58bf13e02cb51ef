#include "server/broker_dial.h"

#include <doctest/doctest.h>

#include <condition_variable>
#include <optional>

#include "base/sync.h"
#include "net/io_threads.h"
#include "net/listener.h"

namespace weir::server {
namespace {

// What dialing ends with.
std::string failure(const BrokerLink& link) {
  net::IoThreads threads(1);
  Guarded<std::optional<std::string>> answer;
  std::condition_variable changed;
  auto dial = make_broker_dial(link);
  REQUIRE(dial.ok());
  (*dial)(threads.at(0), [&](Result<std::unique_ptr<net::Stream>> stream) {
    *answer.lock() = stream.ok() ? "connected" : stream.error().message;
    changed.notify_all();
  });
  auto locked = answer.lock();
  locked.wait(changed, [&] { return locked->has_value(); });
  std::string found = **locked;
  locked.unlock();
  threads.stop();
  return found;
}

uint16_t closed_port() {
  net::IoThreads threads(1);
  auto listener =
      net::Listener::open(threads, {"127.0.0.1", 0}, [](std::unique_ptr<net::Stream>) {});
  REQUIRE(listener.ok());
  const uint16_t port = (*listener)->port();
  listener->reset();
  threads.stop();
  return port;
}

TEST_CASE("a broker that cannot be reached is told with the setting to look at") {
  BrokerLink link;
  link.name = "broker";
  link.url.host = "127.0.0.1";
  link.url.port = closed_port();
  const std::string refused = "127.0.0.1:" + std::to_string(link.url.port) +
                              ": connection refused; is the broker running, ";
  CHECK(failure(link) == refused + "and broker.url its address and port?");
  link.name = "bridge cloud";
  CHECK(failure(link) == refused + "and url of [[bridge]] cloud its address and port?");
  link.url.host = "nowhere.invalid";
  const std::string unknown = failure(link);
  CHECK(unknown.starts_with("nowhere.invalid:"));
  CHECK(unknown.ends_with(
      "; check the name in url of [[bridge]] cloud, and this machine's name server"));
}

}  // namespace
}  // namespace weir::server
