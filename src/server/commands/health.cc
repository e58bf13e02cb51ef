#include <fmt/core.h>

#include "server/commands/commands.h"
#include "server/commands/server_call.h"

namespace weir::server {

int health_command(const ServerAccess& given, const Environment& environment) {
  ServerAccess access = complete_access(given, environment);
  http::ClientRequest request;
  request.url = "/health";
  request.timeout_ms = 5000;
  auto answer = call_server(access, std::move(request));
  if (!answer.ok()) return report(answer.error());
  fmt::print("{}: ready for queries and writes\n", access.url);
  return 0;
}

}  // namespace weir::server
