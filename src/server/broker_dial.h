// How a stream to another broker is made: TCP, TLS over it, a WebSocket over either.
#pragma once

#include "mqtt/client.h"
#include "server/config_link.h"

namespace weir::server {

// Errors: TLS files that cannot be used. Connecting takes at most kDialMsMax.
inline constexpr int64_t kDialMsMax = 10'000;
Result<mqtt::Dial> make_broker_dial(const BrokerLink& link);

}  // namespace weir::server
