// One bucket of the engine: its names, its head, and what the catalog knows of it already.
//
// Shared by pointer: a bucket that was dropped lives on until the last scan of it ends.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "base/sync.h"
#include "store/engine/head.h"
#include "store/engine/last_values.h"
#include "store/engine/series_index.h"

namespace weir::store {

class RemovalWork;

// Writes that have begun to look at the index and whose rows are not all in the head yet: they rely
// on what the index said. Counted before the index's mutex is taken. Any thread.
class WritesUnderWay {
 public:
  using Side = uint32_t;

  Side begin() {
    while (true) {
      Side side = side_.load();
      counts_[side]++;
      if (side_.load() == side) return side;
      counts_[side]--;  // turn() came between
    }
  }
  void end(Side side) { counts_[side]--; }
  // For who holds the index's mutex alone: true says that no row is on its way that relies on what
  // the index says now.
  bool none() const { return counts_[0] == 0 && counts_[1] == 0; }
  // Writes from now on are counted on the other side, which must be empty. Returns the side of
  // those before; when it is empty they are done.
  Side turn() {
    Side before = side_.load();
    side_ = 1 - before;
    return before;
  }
  bool none_on(Side side) const { return counts_[side] == 0; }

 private:
  std::atomic<Side> side_ = 0;
  std::atomic<int64_t> counts_[2] = {0, 0};
};

// What a record takes in the log beside its body.
inline constexpr uint64_t kLogRecordBytes = 21;

// About how much of something the log's records have: a bucket's bytes, or rows. Any thread.
class LogShare {
 public:
  void add(uint64_t lsn, uint64_t amount) {
    auto parts = parts_.lock();
    if (parts->empty() || parts->back().amount >= kPart) parts->push_back({});
    parts->back().last_lsn = lsn;
    parts->back().amount += amount;
  }
  // The log begins there now.
  void forget_before(uint64_t first_lsn) {
    auto parts = parts_.lock();
    while (!parts->empty() && parts->front().last_lsn < first_lsn) parts->pop_front();
  }
  uint64_t amount() {
    auto parts = parts_.lock();
    return amount_of(*parts);
  }
  // The record before which about half of it is.
  uint64_t middle_lsn() {
    auto parts = parts_.lock();
    const uint64_t half = amount_of(*parts) / 2;
    uint64_t before = 0;
    for (const Part& part : *parts) {
      before += part.amount;
      if (before >= half) return part.last_lsn + 1;
    }
    return 0;
  }

 private:
  static constexpr uint64_t kPart = 256 * 1024;  // as exact as it is
  struct Part {
    uint64_t last_lsn = 0, amount = 0;
  };
  static uint64_t amount_of(const std::deque<Part>& parts) {
    uint64_t amount = 0;
    for (const Part& part : parts) amount += part.amount;
    return amount;
  }
  Guarded<std::deque<Part>> parts_;
};

// Series that were forgotten: the index has no trace of them, the catalog keeps them until the log
// begins behind record `lsn`, the last that can name one.
struct ForgottenSeries {
  uint64_t lsn = 0;
  Roaring ids;
};

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
  LastValues last_values;  // under the head's mutex
  std::atomic<uint64_t> values_written = 0;
  LogShare log_share;
  WritesUnderWay writes_under_way;

  // The oldest of the head's removals, once its chunks are being looked at; under the engine's
  // maintenance mutex, as what follows.
  std::shared_ptr<RemovalWork> removal_work;
  // How much of the index is in the catalog.
  size_t series_saved = 0;
  size_t measurements_saved = 0;
  std::vector<size_t> fields_saved;  // by measurement
  // Something was deleted since empty series were looked for.
  bool may_have_empty_series = true;
  // The side of writes that series in SeriesIndex::leaving() wait for.
  std::optional<WritesUnderWay::Side> leaving_behind;
  std::vector<ForgottenSeries> forgotten;
};
using BucketPtr = std::shared_ptr<Bucket>;

// Counts a write as under way as long as it lives.
class WriteUnderWay {
 public:
  explicit WriteUnderWay(BucketPtr bucket)
      : bucket_(std::move(bucket)), side_(bucket_->writes_under_way.begin()) {}
  WriteUnderWay(WriteUnderWay&&) = default;
  WriteUnderWay& operator=(WriteUnderWay&&) = delete;
  ~WriteUnderWay() { end(); }
  void end() {
    if (BucketPtr bucket = std::move(bucket_)) bucket->writes_under_way.end(side_);
  }

 private:
  BucketPtr bucket_;
  WritesUnderWay::Side side_;
};

}  // namespace weir::store
