// The answer to a request that failed: InfluxDB's error form.
//
//   HTTP/1.1 404 Not Found
//   Content-Type: application/json; charset=utf-8
//   X-Platform-Error-Code: not found
//
//   {"code":"not found","message":"bucket not found"}
#pragma once

#include <string>

#include "base/result.h"
#include "http/message.h"

namespace weir::http {

struct ErrorResponse {
  int status = 500;
  Headers headers;
  std::string body;
};

ErrorResponse error_response(const Error& error);
// For failures whose status is not the one of their code (415, 431 ...).
ErrorResponse error_response(const Error& error, int status);
// Sends it as the complete answer.
void send_error(Responder& responder, const Error& error);

}  // namespace weir::http
