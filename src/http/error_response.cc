#include "http/error_response.h"

#include "base/json.h"
#include "http/status.h"

namespace weir::http {

ErrorResponse error_response(const Error& error, int status) {
  const std::string_view code = to_string(error.code);
  ErrorResponse response;
  response.status = status;
  response.headers.set("Content-Type", "application/json; charset=utf-8");
  response.headers.set("X-Platform-Error-Code", std::string(code));
  response.body = dump_json(OrderedJson{{"code", code}, {"message", error.message}});
  return response;
}

ErrorResponse error_response(const Error& error) {
  return error_response(error, status_of(error.code));
}

void send_error(Responder& responder, const Error& error) {
  ErrorResponse response = error_response(error);
  responder.send(response.status, std::move(response.headers), std::move(response.body));
}

}  // namespace weir::http
