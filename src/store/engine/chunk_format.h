// A chunk's bytes: the rows of one series and column group, encoded. docs/format.md#chunk.
//
// A chunk is one value in RocksDB's family "chunks". Its key orders chunks by bucket, shard group,
// series, column group, first time, LSN, all big-endian, times with their sign bit flipped:
//
//   key     u32 bucket | i64^sign group start | u32 series | u16 column group | i64^sign first time
//           | u64 LSN
//   value   u8 version | u8 0 | u16 columns | u32 rows | i64 time_min | u64 time_max - time_min
//           | u64 lsn_min | u64 lsn_max | u32 bytes of times
//           | column headers | times | columns | u64 XXH3-64 of all before
//   column  varint field | u8 type + flags | [gaps: varint count] | varint bytes
//   header  | varint first time - time_min | varint time_max - last time
//           | [statistics: u64 first, last, min, max, sum | varint time of min - time_min
//           | varint time of max - time_min]
//   column  [gaps: booleans, one per row] | values of the rows that have the field
//
// Times and values are encoded by codec/column_codec.h. Fields 0..15 of a measurement are column
// group 0, 16..31 group 1, and so on: a wide measurement is read 16 fields at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "store/engine/log_records.h"

namespace weir::store {

inline constexpr uint8_t kChunkVersion = 1;
inline constexpr size_t kChunkHeaderBytes = 1 + 1 + 2 + 4 + 8 + 8 + 8 + 8 + 4;
inline constexpr size_t kChunkChecksumBytes = 8;
inline constexpr uint8_t kColumnHasGaps = 0x80;
inline constexpr uint8_t kColumnHasStatistics = 0x40;
inline constexpr unsigned kColumnGroupShift = 4;  // 16 fields a group
// Rows beyond this make a chunk of their own.
inline constexpr size_t kChunkRows = 1024;
// A rest shorter than this joins the chunk before it.
inline constexpr size_t kChunkRowsRest = 256;

struct ChunkKey {
  BucketNumber bucket = 0;
  int64_t group_start_ns = 0;
  SeriesId series = 0;
  uint16_t column_group = 0;
  int64_t time_min_ns = 0;
  uint64_t lsn = 0;

  std::string encode() const;
  static std::optional<ChunkKey> decode(std::string_view bytes);
  // "bucket 1 group 0 series 2 columns 0 time 3 lsn 4"
  std::string describe() const;

  static std::string bucket_prefix(BucketNumber bucket);
  static std::string group_prefix(BucketNumber bucket, int64_t group_start_ns);
  static std::string series_prefix(BucketNumber bucket, int64_t group_start_ns, SeriesId series);
};
inline constexpr size_t kChunkKeyBytes = 4 + 8 + 4 + 2 + 8 + 8;

// The first key after all that begin with `prefix`.
std::string prefix_end(std::string prefix);

// What a column's header says of its values, so that whole chunks need not be decoded.
struct ColumnStatistics {
  uint64_t first = 0, last = 0, min = 0, max = 0, sum = 0;  // 64 bits of the field's type
  int64_t time_of_min_ns = 0, time_of_max_ns = 0;           // the first ones
};

struct ColumnHeader {
  LayoutField field;
  uint32_t count = 0;  // rows that have the field
  bool has_gaps = false;
  int64_t time_first_ns = 0, time_last_ns = 0;
  std::optional<ColumnStatistics> statistics;  // none for booleans, strings, NaN
  size_t offset = 0, bytes = 0;                // of its data, within the chunk
};

}  // namespace weir::store
