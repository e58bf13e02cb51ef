// Tells the service manager how the start goes (systemd's sd_notify protocol, sd_notify(3)).
#pragma once

#include <string_view>

namespace weir::server {

// "READY=1", "STOPPING=1". Does nothing when no manager listens ($NOTIFY_SOCKET).
void notify_service_manager(std::string_view state);

}  // namespace weir::server
