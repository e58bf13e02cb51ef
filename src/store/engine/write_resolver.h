// Turns a batch of points into log records: names to ids, rules checked, rows encoded.
//
// New series, fields and types are submitted to the log at once, before the rows that use them.
// Created for one write and used by its thread.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <shared_mutex>
#include <vector>

#include "model/point_batch.h"
#include "store/engine/bucket.h"
#include "store/engine/log.h"
#include "store/engine/packed_rows.h"

namespace weir::store {

class WriteResolver {
 public:
  // A bucket gets at most `series_max` series; 0: as many as come.
  WriteResolver(Bucket& bucket, Log& log, int64_t now_ns, size_t series_max)
      : bucket_(bucket),
        index_(bucket.index),
        log_(log),
        now_ns_(now_ns),
        series_max_(series_max) {}

  // Fails, with nothing written, if a key is malformed.
  Result<void> resolve(const model::PointBatch& batch);

  WriteOutcome& outcome() { return outcome_; }
  // Bodies of rows records, in order, and their type.
  std::vector<std::string>& records() { return records_; }
  RecordType record_type() const { return is_packed_ ? RecordType::packed_rows : RecordType::rows; }
  uint64_t values() const { return values_; }

 private:
  // A rows record is closed at this size: well below kStoreLog.body_bytes_max, and one group
  // commit.
  static constexpr size_t kRowsRecordBytes = 4 * 1024 * 1024;
  // Numbers that nothing packs take a fifth more than their 8 bytes at most; texts no more.
  static constexpr size_t kPackingSlack = 1024 * 1024;

  // What the fields of a line mean, for lines that look the same: same measurement, shard group,
  // field names and types. A line that breaks a rule has a reason instead of a layout.
  struct LineShape {
    std::vector<std::string_view> names;  // as in the batch, which outlives this
    std::vector<model::FieldType> types;
    Layout layout;
    std::vector<uint32_t> sources;  // of each layout field: its position in the line
    bool has_strings = false;
    std::string reason;
    size_t record_key = SIZE_MAX;  // its number within the record being written
  };
  struct ShapeKey {
    MeasurementId measurement = 0;
    int64_t group_start_ns = 0;
    friend bool operator==(const ShapeKey&, const ShapeKey&) = default;
    template <class H>
    friend H AbslHashValue(H state, const ShapeKey& key) {
      return H::combine(std::move(state), key.measurement, key.group_start_ns);
    }
  };
  using Fields = const model::BatchField*;
  // Keys that are hashed before the first of them is looked up: their cache misses overlap.
  static constexpr size_t kKeysAhead = 32;

  Result<void> resolve_series(const model::PointBatch& batch);
  Result<void> resolve_rows(const model::PointBatch& batch);
  Result<void> add_unknown_series(const model::PointBatch& batch,
                                  const std::vector<std::pair<size_t, Fingerprint>>& unknown);
  LineShape& shape_of(const ShapeKey& key, Fields fields, size_t count,
                      std::shared_lock<std::shared_mutex>& lock);
  LineShape make_shape(const ShapeKey& key, Fields fields, size_t count);
  std::string define_field(const ShapeKey& key, const model::BatchField& field,
                           LayoutField& defined);
  template <class Encoder>
  Result<void> add_row(Encoder& rows, SeriesId series, int64_t time_ns, LineShape& shape,
                       Fields fields);
  template <class Encoder>
  void close_record(Encoder& rows);
  void drop_over_limit(const model::BatchPoint& point);
  void drop(std::string_view reason);

  Bucket& bucket_;
  SeriesIndex& index_;
  Log& log_;
  int64_t now_ns_;
  size_t series_max_;
  static constexpr SeriesId kNoSeries = UINT32_MAX;
  std::vector<SeriesId> series_;  // of each point; kNoSeries: the bucket takes no more of them
  absl::flat_hash_map<ShapeKey, std::vector<std::unique_ptr<LineShape>>> shapes_;
  bool is_packed_ = false;  // a batch of many points; then the first encoder is not used
  RowsEncoder rows_{bucket_.number};
  PackedRowsEncoder packed_{bucket_.number};
  std::vector<std::string> records_;
  uint64_t values_ = 0;
  WriteOutcome outcome_;
  std::string first_reason_;  // the first that is not retention
};

}  // namespace weir::store
