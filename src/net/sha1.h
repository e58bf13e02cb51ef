// SHA-1 in base64: the answer a WebSocket handshake asks for (RFC 6455 §4.2.2). Not for secrets.
#pragma once

#include <string>
#include <string_view>

namespace weir::net {

std::string sha1_base64(std::string_view bytes);

}  // namespace weir::net
