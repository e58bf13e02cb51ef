// pivot(): rows that share a row key become one row; their values become columns, named after the
// values of the column key.
//
// Tables whose keys, without the column key and value column, are equal are pivoted together. Rows
// stand in the order in which they are first seen; those of tables that come straight from storage
// in the order of time. As long as each table is one column over the same times, which is what the
// fields of a series are, its values become a column as they stand.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>
#include <unordered_map>
#include <unordered_set>

#include "query/exec/functions/pivoting.h"
#include "query/exec/sorting.h"
#include "query/flux/calendar.h"
#include "query/plan/from_storage.h"
#include "query/result/number_text.h"

namespace weir::query {

namespace {

bool listed(const std::vector<std::string>& labels, const std::string& label) {
  return std::find(labels.begin(), labels.end(), label) != labels.end();
}

// The shortest digits, always with an exponent: 1E+00, 2.5E-07.
void append_exponent_form(std::string& out, double value) {
  if (std::isnan(value) || std::isinf(value)) {
    out += std::isnan(value) ? "NaN" : value < 0 ? "-Inf" : "+Inf";
    return;
  }
  char text[kFloatTextMax];
  auto written = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific);
  std::replace(text, written.ptr, 'e', 'E');
  out.append(text, written.ptr);
}

// A value as part of a column's name.
void append_text(std::string& out, const Column& column, size_t row) {
  char text[kFloatTextMax];  // more than the other numbers need
  if (!column.is_valid(row)) {
    out += "null";
    return;
  }
  switch (column.type) {
    case ColumnType::string:
      out += column.text(row);
      return;
    case ColumnType::boolean:
      out += column.bool_at(row) ? "true" : "false";
      return;
    case ColumnType::integer:
      out.append(text, write_int(text, column.int_at(row)));
      return;
    case ColumnType::unsigned_integer:
      out.append(text, write_uint(text, column.word(row)));
      return;
    case ColumnType::floating:
      append_exponent_form(out, column.float_at(row));
      return;
    case ColumnType::time:
      out += flux::format_time_nanos(column.int_at(row));
      return;
  }
}

// One table of the result.
class Pivot {
 public:
  Pivot(ExecContext& context, const PivotOptions& options, GroupKey key)
      : context_(context), options_(options), key_(std::move(key)) {}

  Result<void> add(const Table& table, Chunk chunk) {
    WEIR_CHECK(find_inputs(table.columns()));
    if (chunk.rows == 0) return {};
    if (!is_aligned_) return add_rows(table.columns(), chunk);
    std::optional<std::string> label = label_of(table.key(), chunk);
    if (label && has_the_times(*chunk.columns[input_row_key_[0]]) &&
        labels_.insert(*label).second) {
      aligned_.push_back({std::move(*label), table.columns(), std::move(chunk)});
      return context_.check();
    }
    is_aligned_ = false;
    std::vector<Aligned> before;
    before.swap(aligned_);
    for (const Aligned& one : before) {
      WEIR_CHECK(find_inputs(one.columns));
      WEIR_CHECK(add_rows(one.columns, one.chunk));
    }
    WEIR_CHECK(find_inputs(table.columns()));
    return add_rows(table.columns(), chunk);
  }

  Result<TablePtr> finish() {
    Columns columns;
    Chunk out;
    out.rows = aligned_.empty() ? rows_ : aligned_[0].chunk.rows;
    for (const auto& entry : key_.entries()) {
      columns.push_back({entry.label, entry.value.type()});
      out.columns.push_back(constant_column(entry.value, out.rows));
    }
    WEIR_CHECK(aligned_.empty() ? finish_rows(columns, out) : finish_aligned(columns, out));
    return make_table(std::move(key_), std::move(columns), std::move(out));
  }

 private:
  // A table that is one column of the result.
  struct Aligned {
    std::string label;
    Columns columns;
    Chunk chunk;
  };
  struct Values {
    std::string label;
    ColumnBuilder builder;
    std::vector<uint32_t> rows;  // of the result, one for each value
    MemoryCharge charge;         // of the column itself
  };

  // The name of the result's column, if all of the table's values go to one.
  std::optional<std::string> label_of(const GroupKey& key, const Chunk& chunk) {
    if (input_row_key_.size() != 1 || key_.has(row_key_[0].label)) return std::nullopt;
    for (const std::string& label : options_.column_key) {
      if (!key.has(label)) return std::nullopt;
    }
    set_label(chunk, 0);
    return label_;
  }

  // Whether these are ascending times, and those of the tables before.
  bool has_the_times(const Column& times) const {
    if (times.type != ColumnType::time || times.constant || times.has_nulls()) return false;
    if (!aligned_.empty()) return times.words == aligned_times().words;
    auto descends = [](uint64_t a, uint64_t b) {
      return std::bit_cast<int64_t>(a) >= std::bit_cast<int64_t>(b);
    };
    return std::adjacent_find(times.words.begin(), times.words.end(), descends) ==
           times.words.end();
  }
  const Column& aligned_times() const {
    const Aligned& first = aligned_[0];
    return *first.chunk.columns[*find_column(first.columns, options_.row_key[0])];
  }

  Result<void> finish_aligned(Columns& columns, Chunk& out) {
    for (const Aligned& one : aligned_) {
      if (&one == &aligned_[0]) {
        columns.push_back(row_key_[0]);
        out.columns.push_back(one.chunk.columns[*find_column(one.columns, options_.row_key[0])]);
      }
      const size_t value = *find_column(one.columns, options_.value_column);
      WEIR_CHECK(add_column(columns, {one.label, one.columns[value].type}));
      out.columns.push_back(one.chunk.columns[value]);
    }
    return context_.check();
  }

  Result<void> finish_rows(Columns& columns, Chunk& out) {
    for (size_t i = 0; i < row_key_.size(); ++i) {
      if (key_.has(row_key_[i].label)) continue;
      columns.push_back(row_key_[i]);
      out.columns.push_back(row_key_builders_[i].finish());
    }
    for (Values& values : values_) {
      WEIR_CHECK(add_column(columns, {values.label, values.builder.type()}));
      out.columns.push_back(spread(values));
      WEIR_CHECK(context_.check());
    }
    if (options_.by_time && ordered_ && row_key_.size() == 1 &&
        row_key_[0].type == ColumnType::time)
      out = gather(out, sorted_rows(columns, out, {row_key_[0].label}, false));
    return {};
  }

  static Result<void> add_column(Columns& columns, ColumnInfo info) {
    if (find_column(columns, info.label))
      return invalid("value column \"" + info.label + "\" exists already");
    columns.push_back(std::move(info));
    return {};
  }

  Result<void> add_rows(const Columns& columns, const Chunk& chunk) {
    const Column* single =
        input_row_key_.size() == 1 ? chunk.columns[input_row_key_[0]].get() : nullptr;
    for (size_t row = 0; row < chunk.rows; ++row) {
      if (row % model::kChunkRowsMax == 0) WEIR_CHECK(context_.check());
      uint32_t at = row_of(chunk, row);
      if (single != nullptr && row > 0 && compare_rows(*single, row - 1, *single, row) > 0)
        ordered_ = false;
      WEIR_TRY(Values * values, values_of(columns, chunk, row));
      values->builder.append_row(chunk.columns[input_value_], row);
      values->rows.push_back(at);
    }
    return context_.check();
  }

  Result<void> find_inputs(const Columns& columns) {
    input_row_key_.clear(), input_column_key_.clear();
    for (const std::string& label : options_.row_key) {
      std::optional<size_t> at = find_column(columns, label);
      if (!at) return invalid("specified column does not exist in table: " + label);
      input_row_key_.push_back(*at);
    }
    for (const std::string& label : options_.column_key) {
      std::optional<size_t> at = find_column(columns, label);
      if (!at) return invalid("specified column does not exist in table: " + label);
      input_column_key_.push_back(*at);
    }
    std::optional<size_t> value = find_column(columns, options_.value_column);
    if (!value)
      return invalid("specified column does not exist in table: " + options_.value_column);
    input_value_ = *value;
    bool first = row_key_.empty() && row_key_builders_.empty();
    for (size_t i = 0; i < input_row_key_.size(); ++i) {
      const ColumnInfo& info = columns[input_row_key_[i]];
      if (first) {
        row_key_.push_back(info);
        row_key_builders_.emplace_back(info.type, &context_.memory);
      } else if (row_key_[i].type != info.type) {
        return invalid("schema collision: column \"" + info.label + "\" has more than one type");
      }
    }
    return {};
  }

  // The row of the result for the row key of an input row.
  uint32_t row_of(const Chunk& chunk, size_t row) {
    identity_.clear();
    for (size_t at : input_row_key_) {
      const Column& column = *chunk.columns[at];
      if (!column.is_valid(row)) {
        identity_ += '-';
      } else if (column.type == ColumnType::string) {
        identity_ += std::to_string(column.text(row).size());
        identity_ += ':';
        identity_ += column.text(row);
      } else {
        uint64_t word = column.word(row);
        identity_ += '#';
        identity_.append(reinterpret_cast<const char*>(&word), sizeof word);
      }
    }
    auto [at, added] = row_index_.try_emplace(identity_, rows_);
    if (added) {
      for (size_t i = 0; i < input_row_key_.size(); ++i)
        row_key_builders_[i].append_row(chunk.columns[input_row_key_[i]], row);
      ++rows_;
    }
    return at->second;
  }

  void set_label(const Chunk& chunk, size_t row) {
    label_.clear();
    for (size_t i = 0; i < input_column_key_.size(); ++i) {
      if (i > 0) label_ += '_';
      append_text(label_, *chunk.columns[input_column_key_[i]], row);
    }
  }

  Result<Values*> values_of(const Columns& columns, const Chunk& chunk, size_t row) {
    set_label(chunk, row);
    if (last_ < values_.size() && values_[last_].label == label_) return checked(columns);
    for (last_ = 0; last_ < values_.size(); ++last_)
      if (values_[last_].label == label_) return checked(columns);
    values_.push_back({label_,
                       ColumnBuilder(columns[input_value_].type, &context_.memory),
                       {},
                       MemoryCharge(&context_.memory, sizeof(Values) + label_.size())});
    return &values_.back();
  }
  Result<Values*> checked(const Columns& columns) {
    if (values_[last_].builder.type() != columns[input_value_].type)
      return invalid("schema collision: values of column \"" + label_ +
                     "\" have more than one type");
    return &values_[last_];
  }

  ColumnPtr spread(Values& values) {
    constexpr uint32_t kNone = UINT32_MAX;
    std::vector<uint32_t> source(rows_, kNone);
    for (uint32_t i = 0; i < values.rows.size(); ++i) source[values.rows[i]] = i;
    ColumnPtr stored = values.builder.finish();
    ColumnBuilder out(stored->type, &context_.memory);
    for (uint32_t from : source) {
      if (from == kNone) {
        out.append_null();
      } else {
        out.append_row(stored, from);
      }
    }
    return out.finish();
  }

  ExecContext& context_;
  const PivotOptions& options_;
  GroupKey key_;
  bool is_aligned_ = true;  // all tables so far
  std::vector<Aligned> aligned_;
  std::unordered_set<std::string> labels_;  // theirs
  std::vector<size_t> input_row_key_, input_column_key_;
  size_t input_value_ = 0;
  Columns row_key_;
  std::vector<ColumnBuilder> row_key_builders_;
  std::unordered_map<std::string, uint32_t> row_index_;
  std::string identity_, label_;
  uint32_t rows_ = 0;
  std::vector<Values> values_;
  size_t last_ = 0;
  bool ordered_ = true;
};

Result<std::vector<TablePtr>> pivot_all(ExecContext& context, const PivotOptions& options,
                                        TableCursor& input) {
  std::vector<std::unique_ptr<Pivot>> pivots;
  std::unordered_map<std::string, Pivot*> by_key;
  while (true) {
    WEIR_TRY(TablePtr table, input.next());
    if (table == nullptr) break;
    GroupKey key;
    for (const auto& entry : table->key().entries())
      if (!listed(options.column_key, entry.label) && entry.label != options.value_column)
        key.add(entry.label, entry.value);
    auto [at, added] = by_key.try_emplace(key.identity(), nullptr);
    if (added) {
      pivots.push_back(std::make_unique<Pivot>(context, options, std::move(key)));
      at->second = pivots.back().get();
    }
    WEIR_TRY(Chunk chunk, collect(context, *table));
    WEIR_CHECK(at->second->add(*table, std::move(chunk)));
  }
  std::vector<TablePtr> tables;
  for (auto& pivot : pivots) {
    WEIR_TRY(TablePtr table, pivot->finish());
    tables.push_back(std::move(table));
  }
  return tables;
}

Result<Operation> pivot(CallContext&, const Arguments& arguments) {
  PivotOptions options;
  WEIR_TRY(options.row_key, arguments.strings("rowKey"));
  WEIR_TRY(options.column_key, arguments.strings("columnKey"));
  WEIR_TRY(options.value_column, arguments.string("valueColumn"));
  for (const std::string& label : options.row_key)
    if (listed(options.column_key, label))
      return invalid("column name found in both rowKey and columnKey: " + label);
  if (listed(options.row_key, options.value_column) ||
      listed(options.column_key, options.value_column))
    return invalid("column name found in both valueColumn and a key: " + options.value_column);
  WEIR_TRY(StreamNode input, stream_argument(arguments, "tables"));
  options.by_time = is_from_storage(*input);
  return pivot_operation(std::move(options));
}

}  // namespace

Operation pivot_operation(PivotOptions options) {
  auto shared_options = std::make_shared<const PivotOptions>(std::move(options));
  return {[shared_options](ExecContext& context, CursorPtr input) -> Result<CursorPtr> {
    auto shared = std::make_shared<CursorPtr>(std::move(input));
    return deferred([&context, shared_options, shared] {
      return pivot_all(context, *shared_options, **shared);
    });
  }};
}

void register_pivot(Registry& registry) {
  add_operation(registry, "universe", "pivot",
                "(<-tables: stream, rowKey: array, columnKey: array, valueColumn: string)", pivot);
}

}  // namespace weir::query
