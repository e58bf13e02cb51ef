#include "api/answer.h"

#include "base/json.h"
#include "base/log.h"

namespace weir::api {
namespace {

constexpr const char* kJsonType = "application/json; charset=utf-8";
constexpr const char* kRetryAfterSeconds = "1";  // the queue of workers drains within about that

int status_of(Errc code) {
  switch (code) {
    case Errc::internal:
      return 500;
    case Errc::not_implemented:
      return 501;
    case Errc::not_found:
      return 404;
    case Errc::conflict:
      return 422;
    case Errc::invalid:
      return 400;
    case Errc::unprocessable:
      return 422;
    case Errc::empty_value:
      return 400;
    case Errc::unavailable:
      return 503;
    case Errc::forbidden:
      return 403;
    case Errc::too_many_requests:
      return 429;
    case Errc::unauthorized:
      return 401;
    case Errc::method_not_allowed:
      return 405;
    case Errc::too_large:
      return 413;
    case Errc::io:
      return 500;
  }
  return 500;
}

void send_envelope(http::Responder& responder, const Error& error, http::Headers headers) {
  const std::string code(to_string(error.code));
  headers.set("Content-Type", kJsonType);
  headers.set("X-Platform-Error-Code", code);
  const OrderedJson body = {{"code", code}, {"message", error.message}};
  responder.send(status_of(error.code), std::move(headers), dump_json(body));
}

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
    send_error(responder, result.error());
  }
}

void send_error(http::Responder& responder, const Error& error) {
  if (error.code == Errc::internal || error.code == Errc::io)
    log::error("api", "a request failed: {}", error.message);
  send_envelope(responder, error, {});
}

void send_busy(http::Responder& responder) {
  http::Headers headers;
  headers.set("Retry-After", kRetryAfterSeconds);
  send_envelope(responder, {Errc::unavailable, "too many requests wait already; try again shortly"},
                std::move(headers));
}

}  // namespace weir::api
