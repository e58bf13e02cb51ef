// One bucket of the engine: its names, its head, and what the catalog knows of it already.
//
// Shared by pointer: a bucket that was dropped lives on until the last scan of it ends.
#pragma once

#include <atomic>
#include <memory>

#include "store/engine/head.h"
#include "store/engine/series_index.h"

namespace weir::store {

class RemovalWork;

struct Bucket {
  Bucket(const BucketRecord& record, const MemoryCount& memory)
      : number(record.number),
        id(record.id),
        retention_ns(record.options.retention_ns),
        head(record.options.shard_group_duration_ns, memory) {}

  BucketOptions options() const { return {retention_ns, head.group_duration_ns()}; }

  const BucketNumber number;
  const BucketId id;
  std::atomic<int64_t> retention_ns;
  SeriesIndex index;
  Head head;
  std::atomic<uint64_t> values_written = 0;
  // Writes that have begun to look at the index and whose rows are not all in the head yet.
  // Counted before the index's mutex is taken, so who holds it alone and reads 0 knows that no row
  // is on its way that relies on what the index says now.
  std::atomic<int64_t> writes_under_way = 0;

  // The oldest of the head's removals, once its chunks are being looked at; under the engine's
  // maintenance mutex, as what follows.
  std::shared_ptr<RemovalWork> removal_work;
  // How much of the index is in the catalog.
  size_t series_saved = 0;
  std::vector<size_t> fields_saved;  // by measurement
};
using BucketPtr = std::shared_ptr<Bucket>;

// Counts a write as under way as long as it lives.
class WriteUnderWay {
 public:
  explicit WriteUnderWay(BucketPtr bucket) : bucket_(std::move(bucket)) {
    bucket_->writes_under_way++;
  }
  WriteUnderWay(WriteUnderWay&&) = default;
  WriteUnderWay& operator=(WriteUnderWay&&) = delete;
  ~WriteUnderWay() { end(); }
  void end() {
    if (BucketPtr bucket = std::move(bucket_)) bucket->writes_under_way--;
  }

 private:
  BucketPtr bucket_;
};

}  // namespace weir::store
