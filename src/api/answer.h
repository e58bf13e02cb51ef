// Answers of the API: JSON bodies and InfluxDB's error envelope.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/result.h"
#include "http/message.h"

namespace weir::api {

struct Answer {
  int status = 200;
  http::Headers headers;
  std::string body;
};

Answer json_answer(int status, const nlohmann::ordered_json& body);
Answer no_content();

void send(http::Responder& responder, Answer answer);
// The answer, or the error's envelope.
void send(http::Responder& responder, Result<Answer> result);
// {"code","message"} with X-Platform-Error-Code and the status of the code. What failed inside weir
// (internal, io) is logged and named to the client.
void send_failure(http::Responder& responder, const Error& error);
// 503 with Retry-After: the bounded queue of workers is full.
void send_busy(http::Responder& responder);

}  // namespace weir::api
