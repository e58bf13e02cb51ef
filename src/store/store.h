// Store: where points live, whichever store it is: store/engine (embedded), store/memory (the
// simplest right answer, the oracle of tests), later store/remote.
//
// Semantics are InfluxDB's (docs/compat.md): a point is (series, time, fields); writing the same
// series and time merges fields, the newest value per field wins; a field's type is fixed per shard
// group; a bucket's retention drops whole shard groups.
//
// Threads: every function may be called from any thread. write() returns at once and completes on
// a thread of the store; everything else may block on disk and is for worker threads.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "model/column_chunk.h"
#include "model/point_batch.h"
#include "model/series_key.h"
#include "store/predicate.h"

namespace weir::store {

inline constexpr int64_t kTimeMin = std::numeric_limits<int64_t>::min() + 2;
inline constexpr int64_t kTimeMax = std::numeric_limits<int64_t>::max() - 1;

struct BucketOptions {
  int64_t retention_ns = 0;  // 0: for ever
  // 0: by retention: 7 d, 1 d from 2 d up to 180 d, else 1 h. Fixed when the bucket is created;
  // update_bucket() changes the retention only.
  int64_t shard_group_duration_ns = 0;
};

// What became of a write. Points that break a rule (field type conflict, beyond retention, string
// too long) are dropped, the others stored: then `partial` holds InfluxDB's text up to
// "... dropped=N", and ok() of the completion still holds.
struct WriteOutcome {
  size_t dropped_points = 0;
  std::string partial;  // "partial write: field type conflict: ... dropped=1"; empty if none
  // Of points dropped because the bucket has as many series as it may: their keys, as written.
  std::vector<std::string> refused_series;
};
using WriteDone = std::function<void(Result<WriteOutcome>)>;

// The seven functions a store computes while it scans.
enum class Aggregate : uint8_t { none, count, sum, mean, min, max, first, last };
// Whether it picks one of its points, with the point's time.
inline bool selects(Aggregate aggregate) {
  return aggregate == Aggregate::first || aggregate == Aggregate::last ||
         aggregate == Aggregate::min || aggregate == Aggregate::max;
}

struct ScanSpec {
  BucketId bucket{};
  int64_t start_ns = kTimeMin;  // inclusive
  int64_t stop_ns = kTimeMax;   // exclusive
  PredicatePtr predicate;       // over tags, _measurement, _field and _value; null: everything

  // none: the points themselves. Otherwise one row per window that has points, or, if
  // window_every_ns is 0, one row for the whole range. Windows are [t, t + every) with
  // t = offset mod every, clipped to [start, stop). sum, mean and min/max need numbers, else
  // Errc::invalid "unsupported input type for mean aggregate: string"-like.
  Aggregate aggregate = Aggregate::none;
  int64_t window_every_ns = 0;
  int64_t window_offset_ns = 0;
  // For an aggregate whose rows of several series are put together by the caller: rows of
  // count, sum and mean say how many points they are made of (ColumnChunk::counts), and mean gives
  // the sum, in the sum's type.
  bool as_parts = false;

  // For aggregate none: at most this many rows of each series and field, from the earliest.
  std::optional<size_t> rows_per_series_max;
};

// One series and field that a scan yields.
struct ScanSeries {
  model::SeriesKey key;
  std::string field;
  model::FieldType type = model::FieldType::float64;  // of the stored field
};

// Yields series ordered by measurement, then tags (as canonical keys compare), then field; within
// one, chunks in time order. Each series is read as of one moment, not before the scan began; a
// scan of thousands of series reads them as of different moments. A series without a row in range
// does not appear. A field whose type differs between shard groups ends the scan with Errc::invalid
// "schema collision: ...", unless rows_per_series_max was reached before.
class ScanCursor {
 public:
  virtual ~ScanCursor() = default;
  // The next series and field, or null at the end. Valid until the next call.
  virtual Result<const ScanSeries*> next_series() = 0;
  // Fills `chunk` with the current series' next rows; false when there are no more.
  // The chunk's type is that of the result: count gives int64, mean gives float64 (the sum's type
  // as_parts).
  virtual Result<bool> next_chunk(model::ColumnChunk& chunk) = 0;
};

// Deletes every value in [start, stop] (both inclusive) that the predicate matches. The predicate
// may name tags, _measurement and _field.
struct DeleteSpec {
  BucketId bucket{};
  int64_t start_ns = kTimeMin;
  int64_t stop_ns = kTimeMax;
  PredicatePtr predicate;
};

// What a schema question asks for; answered from the index, by shard group: a series counts if it
// has data in a group that overlaps the range, a field if its measurement has (or had, until the
// next delete) values of it there. tag_keys lists the series' own tags, without _measurement
// and _field.
struct SchemaSpec {
  enum class What : uint8_t { measurements, tag_keys, tag_values, fields };
  BucketId bucket{};
  int64_t start_ns = kTimeMin;
  int64_t stop_ns = kTimeMax;
  PredicatePtr predicate;
  What what = What::measurements;
  std::string tag_key;  // for tag_values; `_measurement` and `_field` are tag keys too
};

struct BucketStatistics {
  uint64_t series = 0;                                 // with points
  uint64_t disk_bytes = 0;                             // chunks, without the log
  uint64_t log_bytes = 0;                              // about its share of the log
  uint64_t values_written = 0;                         // since the process started
  std::optional<int64_t> first_time_ns, last_time_ns;  // bounds; deletes may leave them wide
};

// What a bucket's series are made of, heaviest first.
struct Cardinality {
  struct Measurement {
    std::string name;
    uint64_t series = 0, fields = 0;
  };
  struct Tag {
    std::string key;
    uint64_t values = 0, series = 0;  // distinct values; series that have the tag
    std::string largest_value;        // the one most series have
    uint64_t largest_value_series = 0;
  };
  uint64_t series = 0;      // known ones: some may have lost their points just now
  uint64_t series_max = 0;  // the limit; 0: none
  uint64_t measurement_count = 0, tag_count = 0;
  std::vector<Measurement> measurements;  // by series
  std::vector<Tag> tags;                  // by values, then series
};

class Store {
 public:
  virtual ~Store() = default;

  virtual Result<void> create_bucket(BucketId bucket, const BucketOptions& options) = 0;
  virtual Result<void> update_bucket(BucketId bucket, const BucketOptions& options) = 0;
  virtual Result<void> drop_bucket(BucketId bucket) = 0;

  // `done` is called exactly once, after the points are as durable as configured; a write that is
  // refused may complete before write() returns. An unknown
  // bucket is Errc::not_found; a store that stopped trusting its disk is Errc::unavailable.
  virtual void write(BucketId bucket, model::PointBatch batch, WriteDone done) = 0;

  // True while more waits for the disk than the store likes to hold: senders that can pause do,
  // before write() must refuse with Errc::unavailable.
  virtual bool congested() const { return false; }

  // Errc::unavailable with the reason while the store takes no writes, or cannot bring what it took
  // into its chunks.
  virtual Result<void> health() const { return {}; }

  virtual Result<std::unique_ptr<ScanCursor>> scan(const ScanSpec& spec) = 0;
  virtual Result<void> remove(const DeleteSpec& spec) = 0;
  // Sorted bytewise, distinct.
  virtual Result<std::vector<std::string>> schema(const SchemaSpec& spec) = 0;
  virtual Result<BucketStatistics> statistics(BucketId bucket) = 0;
  // At most `most` measurements and tags; a matter of milliseconds even with a million series.
  virtual Result<Cardinality> cardinality(BucketId bucket, size_t most) = 0;
};

// Waits for the write to complete: for tests, the command line and worker threads.
Result<WriteOutcome> write_and_wait(Store& store, BucketId bucket, model::PointBatch batch);

}  // namespace weir::store
