#include "server/transfer/line_check.h"

#include <algorithm>

#include "model/slow_line.h"

namespace weir::server {
namespace {

model::ParsedLines parse(std::string_view text, model::Precision precision, int64_t now_ns) {
  return model::parse_lines(std::make_shared<const std::string>(text), precision, now_ns);
}

}  // namespace

size_t logical_line_end(std::string_view text, size_t begin) {
  const size_t end = model::find_line_end(text, begin);
  const size_t first_break = std::min(text.find('\n', begin), text.size());
  if (first_break >= end) return end;
  const auto parsed = parse(text.substr(begin, end - begin), model::Precision::ns, 0);
  return parsed.errors.empty() ? end : first_break;
}

void LineCheck::count(const model::PointBatch& points) {
  std::string_view last_key;
  for (const model::BatchPoint& point : points.points) {
    first_time_ns_ = std::min(first_time_ns_, point.time_ns);
    last_time_ns_ = std::max(last_time_ns_, point.time_ns);
    if (point.raw_series_key == last_key) continue;
    last_key = point.raw_series_key;
    series_.insert(std::hash<std::string_view>()(last_key));
  }
}

void LineCheck::run(LineBatch& batch) {
  if (range_.is_everything()) {
    auto parsed = parse(batch.lines, batch.precision, now_ns_);
    if (parsed.errors.empty()) {
      batch.points = parsed.batch.points.size();
      return count(parsed.batch);
    }
  }
  filter(batch);
}

void LineCheck::filter(LineBatch& batch) {
  const std::string_view text = batch.lines;
  std::string kept;
  kept.reserve(text.size());
  batch.points = 0;
  uint64_t line_number = batch.first_line;
  for (size_t at = 0; at < text.size();) {
    const size_t end = logical_line_end(text, at);
    const std::string_view line = text.substr(at, end - at);
    auto parsed = parse(line, batch.precision, now_ns_);
    const auto breaks = std::count(line.begin(), line.end(), '\n');
    if (!parsed.errors.empty()) {
      rejects_.add(batch.origin, line_number, parsed.errors[0].message, line);
    }
    const bool is_wanted = parsed.errors.empty() && !parsed.batch.empty() &&
                           parsed.batch.points[0].time_ns >= range_.start_ns &&
                           parsed.batch.points[0].time_ns < range_.stop_ns;
    if (is_wanted) {
      kept.append(line);
      batch.points += parsed.batch.points.size();
      count(parsed.batch);
    } else {
      kept.append(static_cast<size_t>(breaks), '\n');
    }
    kept.push_back('\n');
    if (batch.first_line != 0) line_number += static_cast<uint64_t>(breaks) + 1;
    at = end + 1;
  }
  batch.lines = std::move(kept);
}

}  // namespace weir::server
