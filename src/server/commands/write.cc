#include <fmt/core.h>

#include "base/file.h"
#include "server/commands/commands.h"
#include "server/commands/server_call.h"

namespace weir::server {

int write_command(WriteArguments arguments, const Environment& environment) {
  ServerAccess access = complete_access(arguments.access, environment);
  if (arguments.bucket.empty()) {
    auto bucket = environment.first_of({"INFLUXDB_BUCKET", "DOCKER_INFLUXDB_INIT_BUCKET"});
    if (!bucket) {
      return report({Errc::empty_value, "no bucket: give one with --bucket or INFLUXDB_BUCKET"});
    }
    arguments.bucket = bucket->value;
  }
  http::ClientRequest request;
  request.method = "POST";
  request.url = fmt::format("/api/v2/write?org={}&bucket={}&precision={}",
                            percent_encode(access.organization), percent_encode(arguments.bucket),
                            percent_encode(arguments.precision));
  request.headers.set("Content-Type", "text/plain; charset=utf-8");
  if (arguments.lines.empty()) {
    auto text = read_input(arguments.file);
    if (!text.ok()) return report(text.error());
    request.body = std::move(text).value();
  } else if (system_file_system().exists(arguments.lines.front())) {
    return report({Errc::invalid, fmt::format("{} is a file, wanted a line: give it with --file",
                                              arguments.lines.front())});
  } else {
    for (const std::string& line : arguments.lines) request.body += line + "\n";
  }
  auto answer = call_server(access, std::move(request));
  return answer.ok() ? 0 : report(answer.error());
}

}  // namespace weir::server
