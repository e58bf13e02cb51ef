// FieldRun: values of one field of one series in time order, on their way from rows and chunks
// into an answer, or into a new chunk.
//
// Shape: times[n] ascending and distinct, bits[n] the values' 64 bits; for strings the address of a
// std::string that `keep` holds alive. Plain data, owned by one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "model/column_chunk.h"
#include "model/value.h"

namespace weir::store {

struct FieldRun {
  model::FieldType type = model::FieldType::float64;
  std::vector<int64_t> times;
  std::vector<uint64_t> bits;
  std::vector<std::shared_ptr<const void>> keep;

  size_t rows() const { return times.size(); }
  void push(int64_t time_ns, uint64_t value_bits) {
    times.push_back(time_ns);
    bits.push_back(value_bits);
  }
};

inline uint64_t string_bits(const std::string& text) { return reinterpret_cast<uint64_t>(&text); }
inline const std::string& string_of(uint64_t bits) {
  return *reinterpret_cast<const std::string*>(bits);
}

// The value that `bits` mean; a string's views the run's memory.
inline model::FieldValue value_of(model::FieldType type, uint64_t bits) {
  switch (type) {
    case model::FieldType::float64:
      return model::FieldValue::of_float(std::bit_cast<double>(bits));
    case model::FieldType::int64:
      return model::FieldValue::of_int(static_cast<int64_t>(bits));
    case model::FieldType::uint64:
      return model::FieldValue::of_uint(bits);
    case model::FieldType::boolean:
      return model::FieldValue::of_bool(bits != 0);
    case model::FieldType::string:
      return model::FieldValue::of_string(string_of(bits));
  }
  return model::FieldValue::of_bool(false);
}

// Appends rows [begin, end) of the run to a chunk of the same type.
void append_rows(const FieldRun& run, size_t begin, size_t end, model::ColumnChunk& chunk);

// The rows of `older` and `newer` together; at equal times `newer` wins. Same types.
FieldRun merge_runs(FieldRun older, FieldRun newer);

// Drops rows in [start, stop].
void cut_run(FieldRun& run, int64_t start_ns, int64_t stop_ns);

// Drops rows outside [start, stop].
void clip_run(FieldRun& run, int64_t start_ns, int64_t stop_ns);

}  // namespace weir::store
