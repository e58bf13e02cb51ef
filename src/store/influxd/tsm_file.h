// One TSM1 file: header, blocks, an index sorted by key, and a footer with the index's offset.
//
//   header   0x16d116d1, version 1
//   block    CRC-32 of what follows, then the block (block.h)
//   index    key size u16, key, type u8, entries u16, then 28 bytes an entry: first time, last
//            time, offset, size (with the checksum)
//   footer   offset of the index u64
//
// Numbers are big-endian (InfluxDB's tsdb/engine/tsm1/DESIGN.md). The file is mapped; an index is
// walked in place, so that one of gigabytes costs no memory. Every error names file and offset;
// damage in one block does not hide the others. Threads: any may read.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "store/influxd/block.h"
#include "store/influxd/mapped_file.h"

namespace weir::store::influxd {

struct BlockPlace {
  int64_t time_min_ns = 0, time_max_ns = 0;  // both inclusive
  uint64_t offset = 0;
  uint32_t size = 0;
};

// One key of the index; views the file.
struct IndexedKey {
  std::string_view key;
  model::FieldType type = model::FieldType::float64;
  std::string_view entries;

  size_t blocks() const { return entries.size() / kEntryBytes; }
  BlockPlace block(size_t i) const;
  static constexpr size_t kEntryBytes = 28;
};

class TsmFile {
 public:
  static Result<std::unique_ptr<TsmFile>> open(const std::string& path);
  // The same on bytes that the caller keeps alive; `path` names errors.
  static Result<std::unique_ptr<TsmFile>> parse(std::string_view bytes, std::string path);

  const std::string& path() const { return path_; }
  uint64_t size_bytes() const { return bytes_.size(); }
  // Checks place and checksum, then decodes.
  Result<void> read_block(const BlockPlace& place, Column& column) const;

  // Walks the index in key order.
  class Keys {
   public:
    explicit Keys(const TsmFile& file) : file_(file), at_(file.index_begin_) {}
    // False at the end. Keys must ascend, blocks lie before the index.
    Result<bool> next();
    const IndexedKey& key() const { return key_; }
    // How much of the index was gone through, 0 to 1.
    double progress() const;

   private:
    const TsmFile& file_;
    size_t at_;
    IndexedKey key_;
  };

 private:
  TsmFile() = default;
  std::unique_ptr<MappedFile> file_;  // null for parse()
  std::string path_;
  std::string_view bytes_;
  size_t index_begin_ = 0, index_end_ = 0;
};

}  // namespace weir::store::influxd
