#include "api/v2/csv_answer.h"

#include "api/answer.h"

namespace weir::api::v2 {
namespace {

http::Headers csv_headers() {
  http::Headers headers;
  headers.set("Content-Type", "text/csv; charset=utf-8");
  return headers;
}

}  // namespace

bool CsvAnswer::write(std::string_view bytes) {
  if (started_) return responder_->write(bytes);
  held_back_ += bytes;
  if (held_back_.size() < kHeldBackBytes) return !responder_->closed();
  started_ = true;
  responder_->start(200, csv_headers());
  const bool listening = responder_->write(held_back_);
  held_back_ = {};
  return listening;
}

void CsvAnswer::finish(const Result<void>& outcome) {
  if (!started_) {
    if (!outcome.ok()) return send_failure(*responder_, outcome.error());
    return responder_->send(200, csv_headers(), std::move(held_back_));
  }
  responder_->finish();
}

}  // namespace weir::api::v2
