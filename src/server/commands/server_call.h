// One API call of the command line to a running server, with its errors made readable.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/client.h"
#include "server/commands/commands.h"

namespace weir::server {

// Adds the token and turns an answer other than 2xx into an Error with the server's message and,
// where one is known, the remedy.
Result<http::ClientResponse> call_server(const ServerAccess& access, http::ClientRequest request);

// The error for an answer other than 2xx, with its body.
Error explain_refusal(const ServerAccess& access, int status, const std::string& body);

std::string percent_encode(std::string_view text);

// The whole of standard input, or of a file ("-" and "" mean standard input).
Result<std::string> read_input(const std::string& path);

}  // namespace weir::server
