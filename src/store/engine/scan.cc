// EngineCore: scans.
#include <absl/container/flat_hash_map.h>

#include <algorithm>

#include "store/engine/aggregator.h"
#include "store/engine/engine_core.h"
#include "store/engine/field_merge.h"
#include "store/write_rules.h"

namespace weir::store {
namespace {

// What a scan reads, frozen when it began.
struct ScanState {
  ScanSpec spec;
  BucketPtr bucket;
  ChunkStore* chunks = nullptr;
  ChunkSnapshotPtr snapshot;
  std::vector<SeriesId> series;  // in key order
  std::vector<int64_t> groups;   // starts of the groups in range
  std::vector<Removal> removals;
  absl::flat_hash_map<SeriesId, std::vector<HeadView>> heads;
};

class EngineCursor final : public ScanCursor {
 public:
  explicit EngineCursor(ScanState state)
      : state_(std::move(state)),
        spec_(state_.spec),
        iterator_(state_.chunks->iterator(state_.snapshot)),
        tests_value_(spec_.predicate != nullptr && tests_value(*spec_.predicate)) {}

  Result<const ScanSeries*> next_series() override {
    while (true) {
      if (next_field_ == fields_.size()) {
        if (next_series_ == state_.series.size()) return static_cast<const ScanSeries*>(nullptr);
        WEIR_CHECK(open_series(state_.series[next_series_++]));
        continue;
      }
      WEIR_TRY(bool has_rows, open_field(fields_[next_field_++]));
      if (has_rows) return static_cast<const ScanSeries*>(&current_);
    }
  }

  Result<bool> next_chunk(model::ColumnChunk& chunk) override {
    if (first_chunk_.rows() > 0) {
      std::swap(chunk, first_chunk_);
      first_chunk_.clear();
      return true;
    }
    return fill(chunk);
  }

 private:
  struct Field {
    FieldId id;
    std::string name;
  };

  Result<void> open_series(SeriesId id) {
    fields_.clear();
    next_field_ = 0;
    merge_.reset();
    source_ = std::make_unique<SeriesSource>(*state_.chunks, state_.snapshot, spec_.start_ns,
                                             spec_.stop_ns - 1);
    for (int64_t group : state_.groups) {
      WEIR_CHECK(source_->add_chunks(*iterator_,
                                     ChunkKey::series_prefix(state_.bucket->number, group, id)));
    }
    auto head = state_.heads.find(id);
    if (head != state_.heads.end()) source_->add_head(head->second);
    std::vector<FieldId> ids = source_->fields();
    if (ids.empty()) return {};
    const SeriesIndex& index = state_.bucket->index;
    std::shared_lock lock(index.mutex());
    current_.key = index.key(id);
    const std::vector<std::string>& names = index.fields(index.measurement_of(id));
    for (FieldId field : ids) {
      if (field >= names.size()) return Error{Errc::io, "a chunk has a field that is not defined"};
      if (spec_.predicate != nullptr && !may_match(*spec_.predicate, current_.key, names[field])) {
        continue;
      }
      fields_.push_back({field, names[field]});
    }
    std::sort(fields_.begin(), fields_.end(),
              [](const Field& a, const Field& b) { return a.name < b.name; });
    for (const Removal& removal : state_.removals) {
      source_->add_removal(removal, RemovalFilter(index, id, removal.predicate));
    }
    return {};
  }

  // False if the field has no rows after all.
  Result<bool> open_field(const Field& field) {
    current_.field = field.name;
    merge_.emplace(*source_, field.id);
    aggregator_.reset();
    rows_given_ = 0;
    run_ = {};
    run_row_ = 0;
    ended_ = windows_ended_ = false;
    result_type_.reset();
    windows_.clear();
    first_chunk_.clear();
    return fill(first_chunk_);
  }

  Result<bool> fill(model::ColumnChunk& chunk) {
    chunk.clear();
    if (ended_) return false;
    if (spec_.aggregate == Aggregate::none) {
      WEIR_CHECK(fill_rows(chunk));
    } else {
      WEIR_CHECK(fill_windows(chunk));
    }
    return chunk.rows() > 0;
  }

  // Makes run_ the next rows that satisfy the predicate; none at the end.
  Result<void> next_run() {
    run_row_ = 0;
    while (true) {
      WEIR_TRY(run_, merge_->next());
      if (run_.rows() == 0) return {};
      if (tests_value_) keep_matching(run_);
      if (run_.rows() > 0) return {};
    }
  }

  void keep_matching(FieldRun& run) const {
    size_t kept = 0;
    for (size_t row = 0; row < run.rows(); row++) {
      model::FieldValue value = value_of(run.type, run.bits[row]);
      if (!matches(*spec_.predicate, current_.key, current_.field, value)) continue;
      run.times[kept] = run.times[row];
      run.bits[kept++] = run.bits[row];
    }
    run.times.resize(kept);
    run.bits.resize(kept);
  }

  Result<void> fill_rows(model::ColumnChunk& chunk) {
    size_t most = spec_.rows_per_series_max.value_or(SIZE_MAX);
    while (chunk.rows() < model::kChunkRowsMax && rows_given_ < most) {
      if (run_row_ == run_.rows()) WEIR_CHECK(next_run());
      if (run_.rows() == 0) break;
      chunk.type = current_.type = run_.type;
      size_t count = std::min(
          {run_.rows() - run_row_, model::kChunkRowsMax - chunk.rows(), most - rows_given_});
      append_rows(run_, run_row_, run_row_ + count, chunk);
      run_row_ += count;
      rows_given_ += count;
    }
    ended_ = chunk.rows() < model::kChunkRowsMax || rows_given_ == most;
    return {};
  }

  Result<void> start_aggregate(model::FieldType type, model::ColumnChunk& chunk) {
    if (aggregator_) return {};
    WEIR_CHECK(check_aggregate(spec_.aggregate, type));
    current_.type = type;
    aggregator_.emplace(spec_, type);
    result_type_ = chunk.type = aggregate_type(given_aggregate(spec_), type);
    return {};
  }

  Result<void> fill_windows(model::ColumnChunk& chunk) {
    if (result_type_) chunk.type = *result_type_;
    bool wants_edge = spec_.aggregate == Aggregate::first || spec_.aggregate == Aggregate::last;
    if (wants_edge && spec_.window_every_ns <= 0 && !tests_value_) return fill_edge(chunk);
    // A run may end several windows, so a chunk is given before it could overflow.
    while (!ended_ && windows_.rows() < model::kChunkRowsMax) {
      const ColumnHeader* whole = tests_value_ ? nullptr : merge_->next_whole_chunk();
      // Asked first: the type of a chunk with no row in the range is of no concern.
      if (whole != nullptr && can_summarise(spec_, *whole)) {
        WEIR_CHECK(merge_->check_type(whole->field.type));
        WEIR_CHECK(start_aggregate(whole->field.type, windows_));
        aggregator_->add_summary(*whole, windows_);
        merge_->skip_chunk();
        continue;
      }
      WEIR_CHECK(next_run());
      if (run_.rows() == 0) {
        if (aggregator_) aggregator_->finish(windows_);
        windows_ended_ = ended_ = true;
        break;
      }
      WEIR_CHECK(start_aggregate(run_.type, windows_));
      aggregator_->add(run_, windows_);
    }
    return give_windows(chunk);
  }

  // The one row of first or last over the whole range.
  Result<void> fill_edge(model::ColumnChunk& chunk) {
    ended_ = true;
    WEIR_TRY(run_, spec_.aggregate == Aggregate::last ? merge_->newest() : merge_->oldest());
    if (run_.rows() == 0) return {};
    WEIR_CHECK(start_aggregate(run_.type, chunk));
    aggregator_->add(run_, chunk);
    aggregator_->finish(chunk);
    return {};
  }

  // Moves at most a chunk of finished windows out.
  Result<void> give_windows(model::ColumnChunk& chunk) {
    size_t count = std::min(windows_.rows(), model::kChunkRowsMax);
    if (count == windows_.rows()) {
      std::swap(chunk, windows_);
      windows_.clear();
      windows_.type = chunk.type;
    } else {
      chunk.type = windows_.type;
      model::ColumnChunk rest;
      rest.type = windows_.type;
      for (size_t row = 0; row < windows_.rows(); row++) {
        model::ColumnChunk& target = row < count ? chunk : rest;
        target.append(windows_.times[row], windows_.value(row));
        target.window_starts.push_back(windows_.window_starts[row]);
        if (!windows_.counts.empty()) target.counts.push_back(windows_.counts[row]);
      }
      windows_ = std::move(rest);
    }
    ended_ = windows_ended_ && windows_.rows() == 0;
    return {};
  }

  ScanState state_;
  const ScanSpec& spec_;
  std::unique_ptr<ChunkIterator> iterator_;
  bool tests_value_;
  size_t next_series_ = 0, next_field_ = 0;
  std::unique_ptr<SeriesSource> source_;
  std::vector<Field> fields_;
  ScanSeries current_;
  std::optional<FieldMerge> merge_;
  std::optional<Aggregator> aggregator_;
  std::optional<model::FieldType> result_type_;
  model::ColumnChunk first_chunk_, windows_;
  FieldRun run_;
  size_t run_row_ = 0, rows_given_ = 0;
  bool ended_ = false, windows_ended_ = false;
};

}  // namespace

Result<std::unique_ptr<ScanCursor>> EngineCore::scan(const ScanSpec& spec) {
  WEIR_TRY(BucketPtr bucket, find(spec.bucket));
  ScanState state;
  state.spec = spec;
  state.bucket = bucket;
  state.chunks = chunks_.get();
  Roaring candidates, chosen;
  {
    std::shared_lock lock(bucket->index.mutex());
    bool exact = true;
    candidates = bucket->index.select(spec.predicate.get(), exact);
  }
  if (spec.start_ns < spec.stop_ns) {
    std::lock_guard lock(bucket->head.mutex());
    bucket->head.visit_groups(spec.start_ns, spec.stop_ns - 1, [&](ShardGroup& group) {
      Roaring here = group.live & candidates;
      if (here.isEmpty()) return;
      state.groups.push_back(group.start_ns);
      auto take = [&](SeriesId id, const SeriesHead& head) {
        std::vector<HeadView>& views = state.heads[id];
        auto take_piece = [&](const Piece& piece) {
          if (piece.main != nullptr) views.push_back({piece.main, true});
          if (piece.late != nullptr) views.push_back({piece.late, false});
        };
        for (const Piece& piece : head.frozen) take_piece(piece);
        take_piece(head.active);
      };
      if (here.cardinality() < group.series.size()) {
        for (SeriesId id : here) {
          auto head = group.series.find(id);
          if (head != group.series.end()) take(id, *head->second);
        }
      } else {
        for (const auto& [id, head] : group.series) {
          if (here.contains(id)) take(id, *head);
        }
      }
      chosen |= here;
    });
    state.removals = bucket->head.removals();
    state.snapshot = chunks_->snapshot();
  }
  state.series.resize(chosen.cardinality());
  chosen.toUint32Array(state.series.data());
  {
    std::shared_lock lock(bucket->index.mutex());
    bucket->index.sort_by_key(state.series);
  }
  return std::unique_ptr<ScanCursor>(std::make_unique<EngineCursor>(std::move(state)));
}

}  // namespace weir::store
