// InfluxDB's write-ahead log: what was acknowledged and is in no TSM file yet.
//
// Segments _NNNNN.wal hold entries: kind u8 (1 write, 2 delete, 3 delete of a range), size u32,
// then that many bytes of snappy. Numbers are big-endian. A write: for each key its type u8
// (1 float, 2 integer, 3 boolean, 4 string, 5 unsigned), key size u16, key, count u32, then time
// i64 and value each. A delete: keys, a line each. A delete of a range: first and last time, then
// key size u32 and key each. A torn last entry is what a crash leaves: it was never acknowledged.
//
// Replay keeps a shard's values in memory, as InfluxDB's own cache does (which bounds them, 1 GB
// at most by its default). Errors name file and offset. One thread.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "store/influxd/block.h"

namespace weir::store::influxd {

class WalValues {
 public:
  using Columns = std::map<std::string, Column, std::less<>>;

  // Applies the entries of one segment; call in the order of the segments' names. Returns how many
  // bytes at the end belong to a torn entry (0: none).
  Result<size_t> replay(std::string_view segment, const std::string& path);
  // Sorts every column; call once, after the last segment.
  void finish();
  const Columns& columns() const { return columns_; }

 private:
  Result<void> write(std::string_view entry);
  Result<void> remove_keys(std::string_view entry);
  Result<void> remove_range(std::string_view entry);
  Columns columns_;
};

}  // namespace weir::store::influxd
