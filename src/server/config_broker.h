// The broker's part of the configuration: the `mqtt.*` settings.
#pragma once

#include "server/config_reader.h"

namespace weir::server {

Result<void> read_broker_settings(const ConfigReader& reader, Config& config);

}  // namespace weir::server
