// SeriesScanner: reads a run of series one after the other, on one thread.
//
// ScanPlan is what a scan was asked and the series it is about, in the order in which they are
// given. FrozenSeries is what it reads of a run of them: chunks, head rows and deletes as they were
// at one moment. A cursor (scan_cursors.h) puts the runs of a plan together.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "store/engine/aggregator.h"
#include "store/engine/bucket.h"
#include "store/engine/field_merge.h"
#include "store/engine/newest_values.h"

namespace weir::store {

struct ScanPlan {
  ScanSpec spec;
  BucketPtr bucket;
  ChunkStore* chunks = nullptr;
  std::vector<SeriesId> series;  // in key order
  // It asks for the newest value of each field in the whole range; and memory has those of all
  // chunks.
  bool wants_newest = false, is_in_memory = false;
};
using ScanPlanPtr = std::shared_ptr<const ScanPlan>;

struct FrozenSeries {
  ChunkSnapshotPtr snapshot;
  std::vector<Removal> removals;
  size_t first = 0;                  // in the plan
  std::vector<HeadView> heads;       // of all series, one after the other
  std::vector<uint32_t> heads_end;   // of each series
  std::vector<int64_t> groups;       // starts of the groups in which the series have data
  std::vector<uint32_t> groups_end;  // of each series
  std::vector<FrozenNewest> newest;  // of each series, if it is asked for

  std::span<const HeadView> heads_of(size_t series) const {
    return part(heads, heads_end, series - first);
  }
  const FrozenNewest& newest_of(size_t series) const { return newest[series - first]; }
  std::span<const int64_t> groups_of(size_t series) const {
    return part(groups, groups_end, series - first);
  }

 private:
  template <class T>
  static std::span<const T> part(const std::vector<T>& all, const std::vector<uint32_t>& ends,
                                 size_t at) {
    uint32_t begin = at == 0 ? 0 : ends[at - 1];
    return std::span(all).subspan(begin, ends[at] - begin);
  }
};
using FrozenSeriesPtr = std::shared_ptr<const FrozenSeries>;

// Series [begin, end) of the plan as they are now; with the head's mutex held.
FrozenSeriesPtr freeze_series(const ScanPlan& plan, size_t begin, size_t end);

class SeriesScanner final : public ScanCursor {
 public:
  // Of the plan's series [begin, end), which `frozen` covers.
  SeriesScanner(ScanPlanPtr plan, FrozenSeriesPtr frozen, size_t begin, size_t end);

  Result<const ScanSeries*> next_series() override;
  Result<bool> next_chunk(model::ColumnChunk& chunk) override;

 private:
  struct Field {
    FieldId id;
    std::string name;
    std::optional<NewestValue> newest;  // its one row, if memory tells it
  };

  Result<void> open_series(size_t at);
  Result<bool> open_newest(size_t at);
  Result<std::vector<LastValues::Cell>> learn_newest(SeriesId id, const FrozenNewest& newest);
  ChunkIterator& chunks();
  bool has_chunks(int64_t group_start_ns);
  Result<bool> open_field(const Field& field);
  Result<bool> fill(model::ColumnChunk& chunk);
  Result<void> next_run();
  void keep_matching(FieldRun& run) const;
  Result<void> fill_rows(model::ColumnChunk& chunk);
  Result<void> start_aggregate(model::FieldType type, model::ColumnChunk& chunk);
  Result<void> fill_windows(model::ColumnChunk& chunk);
  Result<void> fill_edge(model::ColumnChunk& chunk);
  Result<void> give_windows(model::ColumnChunk& chunk);

  ScanPlanPtr plan_;
  FrozenSeriesPtr frozen_;
  const ScanSpec& spec_;
  std::unique_ptr<ChunkIterator> iterator_;  // null until a chunk is needed
  bool tests_value_;
  size_t next_series_, end_;
  // Whether a group has any chunks of the bucket: mostly the newest group does not.
  std::vector<std::pair<int64_t, bool>> groups_with_chunks_;
  size_t next_field_ = 0;
  std::optional<SeriesSource> source_;
  std::vector<Field> fields_;
  ScanSeries current_;
  std::optional<FieldMerge> merge_;
  std::optional<Aggregator> aggregator_;
  std::optional<model::FieldType> result_type_;
  model::ColumnChunk first_chunk_, windows_;
  FieldRun run_;
  ColumnRows column_;
  size_t run_row_ = 0, rows_given_ = 0;
  bool ended_ = false, windows_ended_ = false;
};

}  // namespace weir::store
