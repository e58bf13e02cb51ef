// Line protocol: text to points and back (InfluxData line protocol reference; the corners that
// differ between implementations follow InfluxDB 2.7's models/points: docs/compat.md).
//
// The parser copies nothing it need not: keys and strings without escapes view the text, which the
// caller keeps alive in the batch. It never stops at a bad line: it collects every failure, and the
// caller decides (v2 refuses the whole request, v1 keeps the good lines).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/point_batch.h"

namespace weir::model {

// Nanoseconds per unit of the request's precision.
enum class Precision : int64_t { ns = 1, us = 1'000, ms = 1'000'000, s = 1'000'000'000 };

struct LineError {
  size_t line_number;   // from 1
  std::string message;  // "unable to parse '<line>': <reason>"
};

struct ParsedLines {
  PointBatch batch;               // the good lines
  std::vector<LineError> errors;  // the others, in order
};

// `default_time_ns` stamps lines without a timestamp: one instant for the whole request, truncated
// to the precision.
ParsedLines parse_lines(std::shared_ptr<const std::string> text, Precision precision,
                        int64_t default_time_ns);

// Appends one line, newline included, in canonical form (tags sorted, time in ns).
void append_line(std::string& out, const PointBatch& batch, const BatchPoint& point);

}  // namespace weir::model
