#include "api/answer.h"

#include "base/json.h"
#include "base/log.h"
#include "http/error_response.h"

namespace weir::api {
namespace {

constexpr const char* kJsonType = "application/json; charset=utf-8";
constexpr const char* kRetryAfterSeconds = "1";  // the queue of workers drains within about that

}  // namespace

Answer json_answer(int status, const OrderedJson& body) {
  Answer answer;
  answer.status = status;
  answer.headers.set("Content-Type", kJsonType);
  answer.body = dump_json(body);
  return answer;
}

Answer no_content() {
  Answer answer;
  answer.status = 204;
  return answer;
}

void send(http::Responder& responder, Answer answer) {
  responder.send(answer.status, std::move(answer.headers), std::move(answer.body));
}

void send(http::Responder& responder, Result<Answer> result) {
  if (result.ok()) {
    send(responder, *std::move(result));
  } else {
    send_failure(responder, result.error());
  }
}

void send_failure(http::Responder& responder, const Error& error) {
  if (error.code == Errc::internal || error.code == Errc::io)
    log::error("api", "a request failed: {}", error.message);
  http::send_error(responder, error);
}

void send_busy(http::Responder& responder) {
  http::ErrorResponse busy = http::error_response(
      {Errc::unavailable, "too many requests wait already; try again shortly"});
  busy.headers.set("Retry-After", kRetryAfterSeconds);
  responder.send(busy.status, std::move(busy.headers), std::move(busy.body));
}

}  // namespace weir::api
