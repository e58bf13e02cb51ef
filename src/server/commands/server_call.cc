#include "server/commands/server_call.h"

#include <fmt/core.h>

#include <cstdio>

#include "base/file.h"
#include "base/json.h"

namespace weir::server {

Error explain_refusal(const ServerAccess& access, int status, const std::string& text) {
  std::string message = text;
  auto body = parse_json(text);
  if (body.ok() && body->is_object()) message = body->value("message", message);
  std::string remedy;
  if (status == 401) {
    remedy = access.token.empty()
                 ? "; give a token with --token or INFLUXDB_TOKEN"
                 : "; the token is not known to this server, make one on its page Tokens";
  }
  return Error{Errc::invalid,
               fmt::format("{} answered {}: {}{}", access.url, status, message, remedy)};
}

Result<http::ClientResponse> call_server(const ServerAccess& access, http::ClientRequest request) {
  request.url = access.url + request.url;
  if (!access.token.empty()) request.headers.set("Authorization", "Token " + access.token);
  WEIR_TRY(http::ClientResponse response, http::call(request));
  if (response.status / 100 != 2) {
    return explain_refusal(access, response.status, response.body);
  }
  return response;
}

std::string percent_encode(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.' || c == '~') {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

Result<std::string> read_input(const std::string& path) {
  if (!path.empty() && path != "-") return system_file_system().read(path);
  std::string text;
  char block[65536];
  while (size_t got = std::fread(block, 1, sizeof block, stdin)) text.append(block, got);
  return text;
}

}  // namespace weir::server
