#include "mqtt/protocol.h"

#include <doctest/doctest.h>

#include <string>

namespace weir::mqtt {
namespace {

// 3.1.1, keep-alive 10 s, client identifier "x".
constexpr std::string_view kConnect("\x10\x0d\x00\x04MQTT\x04\x02\x00\x0a\x00\x01x", 15);

Now at_ms(int64_t ms) { return {.ms = ms}; }

}  // namespace

TEST_CASE("keep-alive runs from the last packet, or from when reading went on") {
  Protocol protocol(ProtocolLimits{}, at_ms(0));
  Actions actions;
  protocol.consume(kConnect, at_ms(0), actions);
  REQUIRE(actions.list.size() == 1);
  protocol.accept({.client_id = "x", .identity = {}});
  CHECK(protocol.deadline_ms() == 15'000);

  protocol.was_not_read_until(at_ms(14'000));
  CHECK_FALSE(protocol.on_time(at_ms(15'000)).has_value());
  CHECK_FALSE(protocol.on_time(at_ms(28'999)).has_value());
  CHECK(protocol.on_time(at_ms(29'000)).has_value());
}

}  // namespace weir::mqtt
