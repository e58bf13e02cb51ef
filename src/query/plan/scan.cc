#include "query/plan/scan.h"

#include <algorithm>

#include "query/exec/context.h"
#include "query/plan/stream.h"

namespace weir::query {

bool is_own_label(std::string_view label) {
  return label == "_time" || label == "_value" || label == "_start" || label == "_stop";
}

GroupKey series_key(const store::ScanSeries& series, const store::ScanSpec& spec) {
  GroupKey key;
  key.add("_start", Scalar::of_time(spec.start_ns));
  key.add("_stop", Scalar::of_time(spec.stop_ns));
  std::vector<GroupKey::Entry> tags;
  tags.push_back({"_field", Scalar::of_string(series.field)});
  tags.push_back({"_measurement", Scalar::of_string(series.key.measurement)});
  for (const model::Tag& tag : series.key.tags) {
    if (is_own_label(tag.key)) continue;
    tags.push_back({tag.key, Scalar::of_string(tag.value)});
  }
  std::sort(tags.begin(), tags.end(),
            [](const auto& a, const auto& b) { return a.label < b.label; });
  for (auto& tag : tags) key.add(std::move(tag.label), std::move(tag.value));
  return key;
}

Columns series_columns(const GroupKey& key, ColumnType value_type, bool with_time) {
  Columns columns;
  for (const auto& entry : key.entries()) {
    columns.push_back({entry.label, entry.value.type()});
    if (entry.label != "_stop") continue;
    if (with_time) columns.push_back({"_time", ColumnType::time});
    columns.push_back({"_value", value_type});
  }
  return columns;
}

namespace {

ColumnPtr times_column(const std::vector<int64_t>& times) {
  auto column = std::make_shared<Column>();
  column->type = ColumnType::time;
  column->rows = times.size();
  column->words.resize(times.size());
  for (size_t i = 0; i < times.size(); ++i) column->words[i] = std::bit_cast<uint64_t>(times[i]);
  return column;
}

ColumnPtr values_column(const model::ColumnChunk& chunk) {
  if (chunk.type == model::FieldType::string) {
    ColumnBuilder builder(ColumnType::string);
    builder.reserve(chunk.rows());
    for (const std::string& text : chunk.strings) builder.append_text(text);
    return builder.finish();
  }
  auto column = std::make_shared<Column>();
  column->type = column_type_of(chunk.type);
  column->rows = chunk.rows();
  auto copy = [&](const auto& values) {
    column->words.reserve(values.size());
    for (auto value : values) {
      if constexpr (sizeof(value) == sizeof(uint64_t)) {
        column->words.push_back(std::bit_cast<uint64_t>(value));
      } else {
        column->words.push_back(value != 0 ? 1 : 0);
      }
    }
  };
  switch (chunk.type) {
    case model::FieldType::float64:
      copy(chunk.floats);
      break;
    case model::FieldType::int64:
      copy(chunk.ints);
      break;
    case model::FieldType::uint64:
      copy(chunk.uints);
      break;
    default:
      copy(chunk.bools);
      break;
  }
  return column;
}

// Replaces _time by the bounds of windows and adds the windows without points, a chunk at a time:
// there may be millions of those.
class WindowRows {
 public:
  explicit WindowRows(const ScanShape& shape) : shape_(shape) {
    const store::ScanSpec& spec = shape.spec;
    next_start_ = align(spec.start_ns);
  }

  // Appends rows for `in`, or for what is left of the range without it, until the builders hold a
  // chunk; false when nothing is left to append.
  bool add(const model::ColumnChunk* in, ColumnBuilder& times, ColumnBuilder& values) {
    if (in != nullptr && row_ == 0) column_ = values_column(*in);
    while (times.rows() < model::kChunkRowsMax) {
      if (in != nullptr && row_ == in->rows()) {
        row_ = 0;
        return false;
      }
      // Window starts may come clipped to the range.
      int64_t start = in != nullptr ? align(in->window_starts[row_]) : shape_.spec.stop_ns;
      if (shape_.create_empty && next_start_ < start) {
        times.append_int(bound(next_start_));
        append_empty(values);
        next_start_ += shape_.spec.window_every_ns;
        continue;
      }
      if (in == nullptr) return false;
      times.append_int(bound(start));
      values.append_row(column_, row_++);
      next_start_ = start + shape_.spec.window_every_ns;
    }
    return true;
  }

 private:
  int64_t align(int64_t time) const {
    int64_t every = shape_.spec.window_every_ns;
    int64_t rest = (time - shape_.spec.window_offset_ns) % every;
    if (rest < 0) rest += every;
    return time - rest;
  }
  int64_t bound(int64_t start) const {
    const store::ScanSpec& spec = shape_.spec;
    if (shape_.time_from_start) return std::max(start, spec.start_ns);
    return std::min(start + spec.window_every_ns, spec.stop_ns);
  }
  void append_empty(ColumnBuilder& values) const {
    if (shape_.spec.aggregate == store::Aggregate::count) {
      values.append_int(0);
    } else {
      values.append_null();
    }
  }

  const ScanShape& shape_;
  int64_t next_start_ = 0;
  ColumnPtr column_;  // of the chunk being added
  size_t row_ = 0;    // its next row
};

struct ScanState {
  ExecContext& context;
  ScanShape shape;
  std::unique_ptr<store::ScanCursor> cursor;
};

class ScanTable final : public Table {
 public:
  ScanTable(std::shared_ptr<ScanState> state, GroupKey key, Columns columns)
      : Table(std::move(key), std::move(columns)), state_(std::move(state)) {
    if (state_->shape.spec.window_every_ns > 0) windows_.emplace(state_->shape);
  }

  Result<bool> next(Chunk& chunk) override {
    ColumnPtr times, values;
    while (!ended_) {
      WEIR_CHECK(state_->context.check());
      if (!points_left_ && !read_all_) {
        WEIR_TRY(points_left_, state_->cursor->next_chunk(points_));
        read_all_ = !points_left_;
        state_->context.statistics.rows_read += points_left_ ? points_.rows() : 0;
      }
      if (windows_) {
        ColumnBuilder time_builder(ColumnType::time), value_builder(value_type());
        bool left = windows_->add(read_all_ ? nullptr : &points_, time_builder, value_builder);
        points_left_ = left && !read_all_;
        ended_ = !left && read_all_;
        times = time_builder.finish(), values = value_builder.finish();
      } else {
        ended_ = read_all_;
        points_left_ = false;
        if (ended_) return false;
        if (state_->shape.with_time) times = times_column(points_.times);
        values = values_column(points_);
      }
      if (values->rows == 0) continue;
      fill(chunk, times, values);
      return true;
    }
    return false;
  }

 private:
  ColumnType value_type() const { return columns()[*find("_value")].type; }
  void fill(Chunk& chunk, const ColumnPtr& times, const ColumnPtr& values) {
    chunk.rows = values->rows;
    chunk.columns.clear();
    for (const ColumnInfo& column : columns()) {
      if (column.label == "_time") {
        chunk.columns.push_back(times);
      } else if (column.label == "_value") {
        chunk.columns.push_back(values);
      } else {
        chunk.columns.push_back(constant_column(*key().find(column.label), values->rows));
      }
    }
  }

  std::shared_ptr<ScanState> state_;
  model::ColumnChunk points_;
  std::optional<WindowRows> windows_;
  bool points_left_ = false;  // rows of points_ are still to be handed on
  bool read_all_ = false;     // the store has no more
  bool ended_ = false;
};

class ScanTables final : public TableCursor {
 public:
  explicit ScanTables(std::shared_ptr<ScanState> state) : state_(std::move(state)) {}
  Result<TablePtr> next() override {
    WEIR_CHECK(state_->context.check());
    WEIR_TRY(const store::ScanSeries* series, state_->cursor->next_series());
    if (series == nullptr) return TablePtr();
    const ScanShape& shape = state_->shape;
    ColumnType type = column_type_of(series->type);
    if (shape.spec.aggregate == store::Aggregate::count) type = ColumnType::integer;
    if (shape.spec.aggregate == store::Aggregate::mean) type = ColumnType::floating;
    GroupKey key = series_key(*series, shape.spec);
    Columns columns = series_columns(key, type, shape.with_time);
    return TablePtr(std::make_unique<ScanTable>(state_, std::move(key), std::move(columns)));
  }

 private:
  std::shared_ptr<ScanState> state_;
};

}  // namespace

Result<BucketId> find_bucket(ExecContext& context, const FromSpec& from) {
  auto found = context.catalog.find_bucket(from.bucket, from.by_id);
  if (found.ok()) return found->id;
  if (found.error().code != Errc::not_found) return std::move(found).error();
  return Error{Errc::not_found,
               "failed to initialize execute state: could not find bucket \"" + from.bucket + "\""};
}

Result<CursorPtr> scan_tables(ExecContext& context, ScanShape shape) {
  auto state = std::make_shared<ScanState>(ScanState{context, std::move(shape), nullptr});
  WEIR_TRY(state->cursor, context.store.scan(state->shape.spec));
  return CursorPtr(std::make_unique<ScanTables>(std::move(state)));
}

}  // namespace weir::query
