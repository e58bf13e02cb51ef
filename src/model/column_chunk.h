// ColumnChunk: a run of rows of one field of one series, the unit a store's scan yields.
//
// Shape: times[n] ascending and distinct, and n values in the vector of the field's type; the other
// vectors stay empty. n <= kChunkRowsMax. Booleans are bytes 0 or 1.
// For a windowed scan, window_starts[n] holds each row's window start (clipped to the scan's range
// it is the bound that window functions report); times[n] is the selected point's own time for
// selectors (first, last, min, max) and equals window_starts for aggregates. counts[n], only for
// aggregates where a scan asks for parts, is the number of points that the row was made of.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/value.h"

namespace weir::model {

// Keeps the columns of a chunk inside the second-level cache.
inline constexpr size_t kChunkRowsMax = 4096;

struct ColumnChunk {
  FieldType type = FieldType::float64;
  std::vector<int64_t> times;
  std::vector<int64_t> window_starts;
  std::vector<uint64_t> counts;
  std::vector<double> floats;
  std::vector<int64_t> ints;
  std::vector<uint64_t> uints;
  std::vector<uint8_t> bools;
  std::vector<std::string> strings;

  size_t rows() const { return times.size(); }
  void clear() {
    times.clear(), window_starts.clear(), counts.clear(), floats.clear(), ints.clear();
    uints.clear(), bools.clear(), strings.clear();
  }
  FieldValue value(size_t row) const {
    switch (type) {
      case FieldType::float64:
        return FieldValue::of_float(floats[row]);
      case FieldType::int64:
        return FieldValue::of_int(ints[row]);
      case FieldType::uint64:
        return FieldValue::of_uint(uints[row]);
      case FieldType::boolean:
        return FieldValue::of_bool(bools[row] != 0);
      case FieldType::string:
        return FieldValue::of_string(strings[row]);
    }
    return FieldValue::of_bool(false);
  }
  void append(int64_t time_ns, FieldValue v) {
    times.push_back(time_ns);
    switch (type) {
      case FieldType::float64:
        floats.push_back(v.as_float());
        break;
      case FieldType::int64:
        ints.push_back(v.as_int());
        break;
      case FieldType::uint64:
        uints.push_back(v.as_uint());
        break;
      case FieldType::boolean:
        bools.push_back(v.as_bool() ? 1 : 0);
        break;
      case FieldType::string:
        strings.emplace_back(v.as_string());
        break;
    }
  }
};

}  // namespace weir::model
