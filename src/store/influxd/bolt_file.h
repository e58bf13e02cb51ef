// A read-only look into a BoltDB file: what InfluxDB 2 keeps its organizations and buckets in.
//
// Pages of one size, each with a head of 16 bytes: id u64, flags u16 (1 branch, 2 leaf, 4 meta),
// elements u16, overflow u32 (further pages that belong to it). Pages 0 and 1 are metas; the one
// with the higher transaction and a right checksum (FNV-1a) names the root page. A branch element
// is place u32, key size u32, page u64; a leaf element flags u32 (1: the value is a bucket), place
// u32, key size u32, value size u32; places count from the element. A bucket's value is its root
// page u64 and a sequence u64; root 0 means that its page follows in place. Little-endian
// (go.etcd.io/bbolt, page.go and bucket.go as documented there). Errors name file and offset;
// cycles and depths that no database has are refused. Any thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "store/influxd/mapped_file.h"

namespace weir::store::influxd {

class BoltFile {
 public:
  static Result<BoltFile> open(const std::string& path);
  // The same on bytes that the caller keeps alive; `path` names errors.
  static Result<BoltFile> parse(std::string_view bytes, std::string path);

  // Calls `take` with every key and value of a top-level bucket, in key order. Errc::not_found
  // without such a bucket.
  Result<void> each(std::string_view bucket,
                    const std::function<void(std::string_view, std::string_view)>& take) const;

 private:
  struct Page;
  using Visit =
      std::function<Result<void>(bool is_bucket, std::string_view key, std::string_view value)>;
  Result<Page> page_at(uint64_t id) const;
  Result<void> walk(const Page& page, int depth, size_t& pages_left, const Visit& visit) const;
  Result<void> walk_root(uint64_t root, const Visit& visit) const;
  Error damage(const char* at, std::string_view what) const;

  std::unique_ptr<MappedFile> file_;  // null for parse()
  std::string path_;
  std::string_view bytes_;
  size_t page_size_ = 0;
  uint64_t root_ = 0;
};

}  // namespace weir::store::influxd
