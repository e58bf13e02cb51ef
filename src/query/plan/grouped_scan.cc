#include "query/plan/grouped_scan.h"

#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <cmath>

#include "query/exec/context.h"
#include "query/plan/scan.h"

namespace weir::query {

namespace {

using store::Aggregate;

// What is kept of a chosen point besides its words; shared by all rows that come from one series.
struct Origin {
  GroupKey key;
  MemoryCharge charge;
};
struct Text {
  std::string text;
  MemoryCharge charge;
};

// One group's result for one window.
struct Row {
  int64_t window = 0;  // its start, not clipped; 0 if there are no windows
  uint64_t bits = 0;
  uint64_t count = 0;
  int64_t time = 0;  // of the point, for selectors
  std::shared_ptr<const Text> text;
  std::shared_ptr<const Origin> origin;  // for selectors
};

bool by_window(const Row& a, const Row& b) { return a.window < b.window; }

// How rows of several series become one.
struct Combination {
  Aggregate aggregate = Aggregate::none;
  model::FieldType type{};
  bool by_time = false;  // first and last go by time, rather than by the order of the series
};

// Whether a later series' row takes the place of the one chosen so far, as the operators have it.
bool replaces(const Combination& how, const Row& later_row, const Row& chosen_row) {
  if (how.aggregate == Aggregate::first) return how.by_time && later_row.time < chosen_row.time;
  if (how.aggregate == Aggregate::last) return !how.by_time || later_row.time > chosen_row.time;
  const uint64_t later = later_row.bits, chosen = chosen_row.bits;
  const model::FieldType type = how.type;
  bool wants_max = how.aggregate == Aggregate::max;
  switch (type) {
    case model::FieldType::float64: {
      auto a = std::bit_cast<double>(later), b = std::bit_cast<double>(chosen);
      if (std::isnan(a) || std::isnan(b)) return std::isnan(b) && !std::isnan(a);
      return wants_max ? a > b : a < b;
    }
    case model::FieldType::int64: {
      auto a = std::bit_cast<int64_t>(later), b = std::bit_cast<int64_t>(chosen);
      return wants_max ? a > b : a < b;
    }
    default:
      return wants_max ? later > chosen : later < chosen;
  }
}

// Adds a later series' result for the same window.
void combine(const Combination& how, Row& into, Row later) {
  if (store::selects(how.aggregate)) {
    if (replaces(how, later, into)) into = std::move(later);
    return;
  }
  into.count += later.count;
  if (how.type == model::FieldType::float64 && how.aggregate != Aggregate::count) {
    into.bits = std::bit_cast<uint64_t>(std::bit_cast<double>(into.bits) +
                                        std::bit_cast<double>(later.bits));
  } else {
    into.bits += later.bits;
  }
}

// The rows of one group by window. New windows wait in `late_` until there are many, so that
// putting series with few windows each into a group with many costs no more than sorting them.
class WindowRows {
 public:
  explicit WindowRows(const Combination& how) : how_(how) {}

  // Rows of one series come in the order of their windows, after begin_series().
  void begin_series() { at_ = 0; }
  // The row to combine with, or null if there is none to be found quickly.
  Row* find(int64_t window) {
    if (at_ < rows_.size() && rows_[at_].window < window) {
      at_++;
      if (at_ < rows_.size() && rows_[at_].window < window) {
        auto from = rows_.begin() + static_cast<ptrdiff_t>(at_);
        Row wanted;
        wanted.window = window;
        at_ = static_cast<size_t>(std::lower_bound(from, rows_.end(), wanted, by_window) -
                                  rows_.begin());
      }
    }
    return at_ < rows_.size() && rows_[at_].window == window ? &rows_[at_] : nullptr;
  }
  void add(Row row) {
    if (late_.empty() && (rows_.empty() || rows_.back().window < row.window)) {
      rows_.push_back(std::move(row));
      at_ = rows_.size() - 1;
      return;
    }
    late_.push_back(std::move(row));
    if (late_.size() > std::max(kLateRowsMin, rows_.size())) settle();
  }
  // All rows, one a window.
  std::vector<Row>& settled() {
    settle();
    return rows_;
  }
  size_t bytes() const { return (rows_.capacity() + late_.capacity()) * sizeof(Row); }

 private:
  static constexpr size_t kLateRowsMin = 1024;

  void settle() {
    if (late_.empty()) return;
    // Stable: rows of one window are combined in the order of their series.
    std::stable_sort(late_.begin(), late_.end(), by_window);
    auto middle = static_cast<ptrdiff_t>(rows_.size());
    for (Row& row : late_) {
      if (rows_.size() > static_cast<size_t>(middle) && rows_.back().window == row.window) {
        combine(how_, rows_.back(), std::move(row));
      } else {
        rows_.push_back(std::move(row));
      }
    }
    late_.clear();
    std::inplace_merge(rows_.begin(), rows_.begin() + middle, rows_.end(), by_window);
    at_ = 0;
  }

  Combination how_;
  std::vector<Row> rows_;  // by window
  std::vector<Row> late_;  // of windows that rows_ does not have, in the order they came
  size_t at_ = 0;
};

struct Group {
  explicit Group(const Combination& c) : how(c), type(c.type), rows(c) {}
  GroupKey key;
  Combination how;
  model::FieldType type;
  Columns columns;                // of the group's table: of all series that came
  std::vector<std::string> tags;  // the tag keys of the last series that came
  WindowRows rows;
  MemoryCharge charge;
};

class GroupedTables final : public TableCursor {
 public:
  GroupedTables(ExecContext& context, GroupedShape shape)
      : context_(context), shape_(std::move(shape)), spec_(shape_.spec) {}

  Result<void> open() {
    shape_.spec.as_parts = true;
    WEIR_TRY(cursor_, context_.store.scan(spec_));
    return {};
  }

  Result<TablePtr> next() override {
    if (cursor_ != nullptr) WEIR_CHECK(read());
    if (next_group_ == groups_.size()) return TablePtr();
    std::unique_ptr<Group> group = std::move(groups_[next_group_++]);
    return spec_.window_every_ns > 0 ? windows_table(*group) : whole_table(*group);
  }

 private:
  Result<void> read() {
    model::ColumnChunk chunk;
    while (true) {
      WEIR_CHECK(context_.check());
      WEIR_TRY(const store::ScanSeries* series, cursor_->next_series());
      if (series == nullptr) break;
      WEIR_TRY(Group * group, group_of(*series));
      group->rows.begin_series();
      std::shared_ptr<const Origin> origin;
      while (true) {
        WEIR_TRY(bool more, cursor_->next_chunk(chunk));
        if (!more) break;
        context_.statistics.rows_read += chunk.rows();
        add(*group, *series, chunk, origin);
      }
      size_t bytes = kGroupBytes + group->columns.size() * kColumnBytes + group->rows.bytes();
      group->charge = MemoryCharge(&context_.memory, bytes);
    }
    cursor_.reset();
    by_identity_.clear();
    std::sort(groups_.begin(), groups_.end(),
              [](const auto& a, const auto& b) { return compare(a->key, b->key) < 0; });
    return {};
  }

  void add(Group& group, const store::ScanSeries& series, const model::ColumnChunk& chunk,
           std::shared_ptr<const Origin>& origin) {
    bool selects = store::selects(spec_.aggregate);
    for (size_t row = 0; row < chunk.rows(); ++row) {
      Row later;
      if (spec_.window_every_ns > 0) later.window = align(chunk.window_starts[row]);
      model::FieldValue value = chunk.value(row);
      bool is_text = chunk.type == model::FieldType::string;
      if (!is_text) later.bits = value.bits();
      if (!selects) later.count = chunk.counts[row];
      Row* found = group.rows.find(later.window);
      if (selects) {
        later.time = chunk.times[row];
        if (found != nullptr && !replaces(group.how, later, *found)) continue;
        if (origin == nullptr) origin = origin_of(series);
        later.origin = origin;
        if (is_text) later.text = text_of(value.as_string());
      }
      if (found != nullptr) {
        combine(group.how, *found, std::move(later));
      } else {
        group.rows.add(std::move(later));
      }
    }
  }

  std::shared_ptr<const Origin> origin_of(const store::ScanSeries& series) {
    Origin origin{series_key(series, spec_), {}};
    size_t bytes = kGroupBytes + origin.key.entries().size() * kColumnBytes;
    origin.charge = MemoryCharge(&context_.memory, bytes);
    return std::make_shared<const Origin>(std::move(origin));
  }
  std::shared_ptr<const Text> text_of(std::string_view text) {
    Text copy{std::string(text), MemoryCharge(&context_.memory, sizeof(Text) + text.size())};
    return std::make_shared<const Text>(std::move(copy));
  }

  bool is_key(std::string_view label) const {
    const auto& listed = shape_.group.columns;
    return (std::find(listed.begin(), listed.end(), label) != listed.end()) == shape_.group.by;
  }

  // Tells groups apart: the key's values, and for "except" their labels too.
  void write_identity(const store::ScanSeries& series) {
    identity_.clear();
    auto add_text = [&](std::string_view text) {
      size_t size = text.size();
      identity_.append(reinterpret_cast<const char*>(&size), sizeof size);
      identity_ += text;
    };
    if (is_key("_field")) add_text(series.field);
    if (is_key("_measurement")) add_text(series.key.measurement);
    for (const model::Tag& tag : series.key.tags) {
      if (is_own_label(tag.key) || !is_key(tag.key)) continue;
      add_text(tag.key);
      add_text(tag.value);
    }
  }

  Result<Group*> group_of(const store::ScanSeries& series) {
    write_identity(series);
    auto [at, added] = by_identity_.try_emplace(identity_, nullptr);
    if (added) {
      bool by_time = spec_.window_every_ns == 0 && shape_.group.by;
      groups_.push_back(
          std::make_unique<Group>(Combination{spec_.aggregate, series.type, by_time}));
      at->second = groups_.back().get();
      GroupKey whole = series_key(series, spec_);
      for (const auto& entry : whole.entries())
        if (is_key(entry.label)) at->second->key.add(entry.label, entry.value);
    }
    Group& group = *at->second;
    if (group.type != series.type) {
      return Error{Errc::invalid, "schema collision detected: column \"_value\" is both of type " +
                                      std::string(to_string(column_type_of(group.type))) + " and " +
                                      std::string(to_string(column_type_of(series.type)))};
    }
    auto same = [](const model::Tag& tag, const std::string& key) { return tag.key == key; };
    const auto& tags = series.key.tags;
    if (!added && std::equal(tags.begin(), tags.end(), group.tags.begin(), group.tags.end(), same))
      return &group;
    group.tags.clear();
    for (const model::Tag& tag : tags) group.tags.push_back(tag.key);
    for (ColumnInfo& column : series_columns(series_key(series, spec_), value_type(group), true))
      if (!find_column(group.columns, column.label)) group.columns.push_back(std::move(column));
    return &group;
  }

  ColumnType value_type(const Group& group) const {
    if (spec_.aggregate == Aggregate::count) return ColumnType::integer;
    if (spec_.aggregate == Aggregate::mean) return ColumnType::floating;
    return column_type_of(group.type);
  }

  void append_value(const Group& group, const Row& row, ColumnBuilder& values) const {
    if (group.type == model::FieldType::string && spec_.aggregate != Aggregate::count) {
      values.append_shared_text(row.text->text, row.text);
    } else if (spec_.aggregate != Aggregate::mean) {
      values.append_word(row.bits);
    } else {
      double sum = group.type == model::FieldType::float64 ? std::bit_cast<double>(row.bits)
                   : group.type == model::FieldType::int64
                       ? static_cast<double>(std::bit_cast<int64_t>(row.bits))
                       : static_cast<double>(row.bits);
      values.append_float(sum / static_cast<double>(row.count));
    }
  }

  // A row of the answer; null: of a window without points.
  using Rows = std::vector<const Row*>;

  ColumnPtr values_column(const Group& group, const Rows& rows) {
    ColumnBuilder values(value_type(group), &context_.memory);
    values.reserve(rows.size());
    for (const Row* row : rows) {
      if (row != nullptr) {
        append_value(group, *row, values);
      } else if (spec_.aggregate == Aggregate::count) {
        values.append_int(0);
      } else {
        values.append_null();
      }
    }
    return values.finish();
  }

  ColumnPtr tags_column(const std::string& label, const Rows& rows) {
    ColumnBuilder tags(ColumnType::string, &context_.memory);
    tags.reserve(rows.size());
    for (const Row* row : rows) {
      const Scalar* value = row != nullptr ? row->origin->key.find(label) : nullptr;
      if (value != nullptr) {
        tags.append_shared_text(value->text(), row->origin);
      } else {
        tags.append_null();
      }
    }
    return tags.finish();
  }

  // Puts a group's table together; `times` is null for tables without _time.
  TablePtr assemble(const Group& group, const ColumnPtr& times, const Rows& rows) {
    bool windowed = spec_.window_every_ns > 0, selects = store::selects(spec_.aggregate);
    GroupKey key;
    Columns columns;
    Chunk out;
    out.rows = rows.size();
    for (const ColumnInfo& column : group.columns) {
      ColumnPtr values;
      const Scalar* in_key = group.key.find(column.label);
      bool is_bound = column.label == "_start" || column.label == "_stop";
      if (column.label == "_time") {
        values = times;
      } else if (column.label == "_value") {
        values = values_column(group, rows);
      } else if (is_bound && (in_key != nullptr || windowed || selects)) {
        int64_t bound = column.label == "_start" ? spec_.start_ns : spec_.stop_ns;
        Scalar value = Scalar::of_time(bound);
        values = constant_column(value, rows.size());
        if (in_key != nullptr || windowed) key.add(column.label, std::move(value));
      } else if (in_key != nullptr) {
        values = constant_column(*in_key, rows.size());
        key.add(column.label, *in_key);
      } else if (selects && !is_bound) {
        values = tags_column(column.label, rows);
      }
      if (values == nullptr) continue;
      columns.push_back(column);
      out.columns.push_back(std::move(values));
    }
    return make_table(std::move(key), std::move(columns), std::move(out));
  }

  Result<TablePtr> whole_table(Group& group) {
    const Row& row = group.rows.settled().front();
    ColumnPtr times;
    if (store::selects(spec_.aggregate)) times = constant_column(Scalar::of_time(row.time), 1);
    return assemble(group, times, {&row});
  }

  Result<TablePtr> windows_table(Group& group) {
    const std::vector<Row>& found = group.rows.settled();
    ColumnBuilder times(ColumnType::time, &context_.memory);
    Rows rows;
    auto add = [&](int64_t window, const Row* row) -> Result<void> {
      times.append_int(bound(window));
      rows.push_back(row);
      return rows.size() % kRowsBetweenChecks == 0 ? context_.check(rows.size() * sizeof(Row*))
                                                   : Result<void>();
    };
    int64_t next = align(spec_.start_ns);
    auto add_empty_until = [&](int64_t window) -> Result<void> {
      for (; shape_.create_empty && next < window; next += spec_.window_every_ns)
        WEIR_CHECK(add(next, nullptr));
      return {};
    };
    for (const Row& row : found) {
      WEIR_CHECK(add_empty_until(row.window));
      WEIR_CHECK(add(row.window, &row));
      next = row.window + spec_.window_every_ns;
    }
    WEIR_CHECK(add_empty_until(spec_.stop_ns));
    return assemble(group, times.finish(), rows);
  }

  int64_t align(int64_t time) const {
    int64_t rest = (time - spec_.window_offset_ns) % spec_.window_every_ns;
    return time - (rest < 0 ? rest + spec_.window_every_ns : rest);
  }
  int64_t bound(int64_t window) const {
    if (shape_.time_from_start) return std::max(window, spec_.start_ns);
    return std::min(window + spec_.window_every_ns, spec_.stop_ns);
  }

  static constexpr size_t kGroupBytes = 300;   // a group or an origin, without what it lists
  static constexpr size_t kColumnBytes = 150;  // a label and its value
  static constexpr size_t kRowsBetweenChecks = 4096;

  ExecContext& context_;
  GroupedShape shape_;
  const store::ScanSpec& spec_;
  std::unique_ptr<store::ScanCursor> cursor_;  // null once all is read
  std::string identity_;
  absl::flat_hash_map<std::string, Group*> by_identity_;
  std::vector<std::unique_ptr<Group>> groups_;
  size_t next_group_ = 0;
};

}  // namespace

Result<CursorPtr> grouped_scan(ExecContext& context, GroupedShape shape) {
  auto tables = std::make_unique<GroupedTables>(context, std::move(shape));
  WEIR_CHECK(tables->open());
  return CursorPtr(std::move(tables));
}

}  // namespace weir::query
