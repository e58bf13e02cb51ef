// A chunk's bytes: the rows of one series and column group, encoded. docs/format.md#chunk draws
// them, in version 2, which is written, and version 1, which is read for ever.
//
// A chunk is one value in RocksDB's family "chunks". Its key orders chunks by bucket, shard group,
// series, column group, first time, LSN, all big-endian, times with their sign bit flipped.
// Times and values are encoded by codec/column_codec.h. Fields 0..15 of a measurement are column
// group 0, 16..31 group 1, and so on: a wide measurement is read 16 fields at a time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "store/engine/log_records.h"

namespace weir::store {

inline constexpr uint8_t kChunkVersion = 2;
inline constexpr size_t kChunkChecksumBytes = 8;
inline constexpr uint8_t kChunkIsJoined = 0x01;
inline constexpr uint8_t kColumnHasGaps = 0x80;
inline constexpr uint8_t kColumnHasStatistics = 0x40;
inline constexpr uint8_t kColumnHasTimes = 0x20;  // its first and last time are not the chunk's
// Statistics of doubles that are not all decimals.
inline constexpr uint8_t kStatisticsRaw = 0xff;
// Fewer values are decoded as fast as their statistics are read, which would take more room.
inline constexpr size_t kStatisticsRows = 32;
inline constexpr unsigned kColumnGroupShift = 4;  // 16 fields a group
// Rows beyond this make a chunk of their own.
inline constexpr size_t kChunkRows = 1024;
// So do texts beyond this, but a row is never divided: a chunk is read as a whole.
inline constexpr size_t kChunkTextBytes = 1024 * 1024;
// A rest shorter than this joins the chunk before it.
inline constexpr size_t kChunkRowsRest = 256;
// Joined chunks: from here on longer ones gain less than reading a part of them costs.
inline constexpr size_t kJoinedRows = 8192;
inline constexpr size_t kJoinedCells = 64 * 1024;

// The rows of a joined chunk with so many columns.
constexpr size_t joined_rows_max(size_t columns) {
  return std::clamp(kJoinedCells / std::max<size_t>(columns, 1), kChunkRows, kJoinedRows);
}

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
