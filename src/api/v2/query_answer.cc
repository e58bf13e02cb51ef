#include "api/v2/query_answer.h"

#include "api/answer.h"

namespace weir::api::v2 {
http::Headers QueryAnswer::headers() const {
  http::Headers headers;
  headers.set("Content-Type", content_type_);
  return headers;
}

bool QueryAnswer::write(std::string_view bytes) {
  if (started_) return responder_->write(bytes);
  held_back_ += bytes;
  if (held_back_.size() < kHeldBackBytes) return !responder_->closed();
  started_ = true;
  responder_->start(200, headers());
  const bool listening = responder_->write(held_back_);
  held_back_ = {};
  return listening;
}

void QueryAnswer::finish(const Result<void>& outcome) {
  if (!started_) {
    if (!outcome.ok()) return send_failure(*responder_, outcome.error());
    return responder_->send(200, headers(), std::move(held_back_));
  }
  responder_->finish();
}

}  // namespace weir::api::v2
