// What verify knows of the buckets by name: the catalog's entries and, on top, the log's.
//
// It only grows: a row that a later delete removes is still a row of a known series. What rows name
// without its being known is kept back until the end of the log, since a bucket that is dropped
// further on has lost its catalog already. One thread.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "store/engine/catalog.h"
#include "store/engine/log_records.h"
#include "store/engine/verify.h"

namespace weir::store {

class VerifyNames {
 public:
  struct Bucket {
    BucketId id{};
    int64_t group_duration_ns = 0;
    SeriesIndex index;
    Head head{1, std::make_shared<std::atomic<int64_t>>(0)};
    // Its catalog does not read: what its chunks and rows name cannot be judged.
    bool is_incomplete = false;
  };

  // Reads the catalog; what does not read is told.
  void load(ChunkStore& store, const std::function<void(const Damage&)>& tell);
  // Takes in a record of the log, in order. An error is the record's damage.
  Result<void> apply(const LogRecord& record);
  // What rows named in vain, and whose bucket was not dropped later.
  void tell_unknown(const std::function<void(const Damage&)>& tell) const;

  const CatalogMeta& meta() const { return meta_; }
  bool has_meta() const { return has_meta_; }
  // Null: there is none of that number.
  const Bucket* find(BucketNumber number) const;
  bool was_dropped(BucketNumber number) const { return dropped_.contains(number); }
  // "bucket 0000000000001234: room,floor=1", as far as it is known.
  std::string describe(BucketNumber number, SeriesId series) const;
  // The first key after `key` at which a live series' chunks may begin; empty when there is none.
  std::string next_series_key(std::string_view key) const;

 private:
  Bucket* bucket_of(BucketNumber number);
  void note_unknown(BucketNumber number, uint64_t lsn, std::string what);
  Result<void> apply_definition(const LogRecord& record);
  Result<void> apply_rows(const LogRecord& record);
  void note_row(Bucket& bucket, const RowsDecoder& row, uint64_t lsn);

  CatalogMeta meta_;
  bool has_meta_ = false;
  std::map<BucketNumber, Bucket> buckets_;
  std::set<BucketNumber> dropped_;
  struct Unknown {
    uint64_t lsn = 0, count = 0;
    std::string what;
  };
  std::map<BucketNumber, Unknown> unknown_;  // the first of each bucket
};

}  // namespace weir::store
