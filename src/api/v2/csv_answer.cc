#include "api/v2/csv_answer.h"

#include "api/answer.h"

namespace weir::api::v2 {
namespace {

http::Headers csv_headers() {
  http::Headers headers;
  headers.set("Content-Type", "text/csv; charset=utf-8");
  return headers;
}

// RFC 4180 §2.6-7.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
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
  if (!outcome.ok()) responder_->write(error_table(outcome.error()));
  responder_->finish();
}

std::string CsvAnswer::error_table(const Error& error) const {
  const std::string delimiter(1, dialect_.delimiter);
  auto row = [&](std::string_view first, std::string_view second, std::string_view third) {
    return std::string(first) + delimiter + std::string(second) + delimiter + std::string(third) +
           "\r\n";
  };
  std::string table = "\r\n";
  const std::string& prefix = dialect_.comment_prefix;
  if (dialect_.annotate_datatype) table += row(prefix + "datatype", "string", "string");
  if (dialect_.annotate_group) table += row(prefix + "group", "true", "true");
  if (dialect_.annotate_default) table += row(prefix + "default", "", "");
  table += row("", "error", "reference");
  return table + row("", quoted(error.message), "");
}

}  // namespace weir::api::v2
