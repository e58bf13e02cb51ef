// The broker's part of the configuration: the `mqtt.*` settings.
#pragma once

#include "server/config_reader.h"

namespace weir::server {

void read_broker_settings(ConfigReader& reader, Config& config);

}  // namespace weir::server
