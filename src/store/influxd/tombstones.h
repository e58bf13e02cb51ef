// Tombstones: what was deleted from one TSM file, kept beside it as NAME.tombstone until a
// compaction applies it.
//
// Four versions: 1 is plain text, a key a line, all times; 2 begins with 0x1502 and lists key size
// u32, key, first and last time; 3 (0x1503) is that in one gzip member; 4 (0x1504) in several, and
// the highest bit of a key's size marks a prefix of keys. A tombstone hides what the TSM file
// beside it holds, never what came later. Errors name file and offset. Memory: the tombstones
// themselves. Pure but for reading the file; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace weir::store::influxd {

struct DeletedRange {
  int64_t start_ns, stop_ns;  // both inclusive
};

class Tombstones {
 public:
  // `path` only names errors.
  static Result<Tombstones> parse(std::string_view bytes, const std::string& path);

  bool empty() const { return keys_.empty() && prefixes_.empty(); }
  size_t size() const;
  // The ranges deleted of a key.
  std::vector<DeletedRange> ranges(std::string_view key) const;

 private:
  Result<size_t> parse_entries(std::string_view entries, bool has_flags);

  std::map<std::string, std::vector<DeletedRange>, std::less<>> keys_;
  std::vector<std::pair<std::string, DeletedRange>> prefixes_;
};

}  // namespace weir::store::influxd
