// The broker's part of the configuration: the `mqtt.*` settings.
#pragma once

#include "server/config_reader.h"

namespace weir::server {

// The shortest CONNECT there is.
inline constexpr uint64_t kPacketBytesLeast = 14;

Result<AnonymousPolicy> parse_anonymous(std::string_view text);

void read_broker_settings(ConfigReader& reader, Config& config);

}  // namespace weir::server
