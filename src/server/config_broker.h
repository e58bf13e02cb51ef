// The broker's part of the configuration: the `mqtt.*` settings.
#pragma once

#include "server/config_reader.h"

namespace weir::server {

// The source of mqtt.allow_anonymous when nobody has said it.
inline constexpr std::string_view kBecauseOfPasswords = "because of mqtt.password_file";

// The shortest CONNECT there is.
inline constexpr uint64_t kPacketBytesLeast = 14;

Result<AnonymousPolicy> parse_anonymous(std::string_view text);

void read_broker_settings(ConfigReader& reader, Config& config);

}  // namespace weir::server
