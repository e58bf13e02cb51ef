// A block of InfluxDB's TSM1 files: up to some thousand timestamps and values of one field.
//
// Layout, after the checksum that the file puts before it: one byte for the type, a varint with
// the size of the encoded timestamps, these, then the encoded values. Both begin with a byte whose
// high four bits name the encoding. The format: InfluxDB's tsdb/engine/tsm1/DESIGN.md, "Blocks" and
// "Compression". Errors: Errc::invalid says which part is wrong; the caller adds file and offset.
// Pure, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/value.h"

namespace weir::store::influxd {

// InfluxDB writes at most 1,000 values a block, 10,000 after an aggressive compaction; a run-length
// in a damaged block can claim any number.
inline constexpr size_t kBlockValuesMax = size_t{1} << 20;
// A string may be 1 MiB long and a block hold a thousand; beyond this the size is damage.
inline constexpr size_t kBlockTextBytesMax = size_t{1} << 30;

// One column: times[n] and bits[n]. For strings, bits hold (place << 32 | size) in `text`.
struct Column {
  model::FieldType type = model::FieldType::float64;
  std::vector<int64_t> times;
  std::vector<uint64_t> bits;
  std::string text;

  size_t size() const { return times.size(); }
  // Views `text`.
  model::FieldValue value(size_t row) const;
  void add(int64_t time_ns, model::FieldValue value);
  void clear();
  // Ascending distinct times; of equal times the later row stays. Nothing to do if they are.
  void sort_keeping_last();
  // Drops the rows within [start, stop], both inclusive.
  void remove_range(int64_t start_ns, int64_t stop_ns);
};

// The type of a block, from its number in files: 0 float, 1 integer, 2 boolean, 3 string,
// 4 unsigned.
Result<model::FieldType> block_type(uint8_t number);

// Replaces what `column` holds.
Result<void> decode_block(std::string_view block, Column& column);

// The parts, which decode_block() puts together; each appends.
Result<void> decode_times(std::string_view bytes, std::vector<int64_t>& times);
Result<void> decode_floats(std::string_view bytes, size_t count, std::vector<uint64_t>& bits);
Result<void> decode_integers(std::string_view bytes, std::vector<uint64_t>& bits);
Result<void> decode_booleans(std::string_view bytes, std::vector<uint64_t>& bits);
Result<void> decode_strings(std::string_view bytes, std::string& text, std::vector<uint64_t>& bits);

}  // namespace weir::store::influxd
