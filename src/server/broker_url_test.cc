#include "server/broker_url.h"

#include <doctest/doctest.h>

#include "server/config_link.h"

namespace weir::server {
namespace {

TEST_CASE("a broker's address is read with what it leaves out") {
  struct Case {
    const char *text, *shown, *user, *password;
  };
  for (const Case& one : {
           Case{"mqtt://h", "mqtt://h:1883", nullptr, nullptr},
           Case{"h:7", "mqtt://h:7", nullptr, nullptr},
           Case{"tcp://h/", "mqtt://h:1883", nullptr, nullptr},
           Case{"ssl://h", "mqtts://h:8883", nullptr, nullptr},
           Case{"ws://h", "ws://h:80/mqtt", nullptr, nullptr},
           Case{"wss://u@h:9/a/b?c=d", "wss://h:9/a/b?c=d", "u", nullptr},
           Case{"mqtts://u:p%40%2Fx@[::1]", "mqtts://[::1]:8883", "u", "p@/x"},
           Case{"mqtt://u:p/q@h", "mqtt://h:1883", "u", "p/q"},
       }) {
    CAPTURE(one.text);
    auto url = parse_broker_url(one.text);
    REQUIRE(url.ok());
    CHECK(url->shown() == one.shown);
    CHECK(url->user.has_value() == (one.user != nullptr));
    if (one.user != nullptr) CHECK(*url->user == one.user);
    CHECK(url->password.has_value() == (one.password != nullptr));
    if (one.password != nullptr) CHECK(*url->password == one.password);
  }
  for (const char* wrong : {"", "mqtt://", "http://h", "mqtt://h:0", "mqtt://h:x", "mqtt://h/path",
                            "ws://h/a b", "mqtt://h\r\n"}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse_broker_url(wrong).ok());
  }
}

TEST_CASE("a topic list is split at commas, or at lines where there are some") {
  using List = std::vector<std::string>;
  CHECK(parse_topic_list("a/#, b ,,c") == List{"a/#", "b", "c"});
  CHECK(parse_topic_list("a,b\n") == List{"a,b"});
  CHECK(parse_topic_list("a\n b\n") == List{"a", "b"});
  CHECK(parse_topic_list(" ").empty());
}

}  // namespace
}  // namespace weir::server
