// Package testing: streams compared with each other, and data for scripts that test.
//
// diff() goes table by table, by group key, and row by row: a `-` row is only in `want`, a `+` row
// only in `got`. Tables without differences give nothing, and an empty table is like none.
#include <algorithm>
#include <cmath>
#include <map>

#include "query/exec/functions/held.h"
#include "query/exec/functions/packages.h"

namespace weir::query {

namespace {

struct DiffOptions {
  double epsilon = 1e-9;
  bool nans_equal = false;
};

// The columns that are not in the key, by label: the order of columns is no difference.
using ValueColumns = std::map<std::string, size_t, std::less<>>;

ValueColumns value_columns(const HeldTable* table) {
  ValueColumns out;
  if (table == nullptr) return out;
  for (size_t i = 0; i < table->columns.size(); ++i)
    if (!table->key.has(table->columns[i].label)) out.emplace(table->columns[i].label, i);
  return out;
}

bool floats_equal(double a, double b, const DiffOptions& options) {
  if (std::isnan(a) || std::isnan(b)) return options.nans_equal && std::isnan(a) && std::isnan(b);
  return a == b || std::fabs(a - b) <= options.epsilon;
}

bool cells_equal(const Column& a, const Column& b, size_t row, const DiffOptions& options) {
  if (a.is_valid(row) != b.is_valid(row)) return false;
  if (!a.is_valid(row)) return true;
  if (a.type != b.type) return false;
  if (a.type == ColumnType::string) return a.text(row) == b.text(row);
  if (a.type == ColumnType::floating)
    return floats_equal(a.float_at(row), b.float_at(row), options);
  return a.word(row) == b.word(row);
}

class Diff {
 public:
  Diff(ExecContext& context, const HeldTable* want, const HeldTable* got, DiffOptions options)
      : context_(context),
        want_(want),
        got_(got),
        options_(options),
        want_columns_(value_columns(want)),
        got_columns_(value_columns(got)) {}

  // Null if there is no difference.
  Result<TablePtr> run() {
    size_t want_rows = want_ != nullptr ? want_->chunk.rows : 0;
    size_t got_rows = got_ != nullptr ? got_->chunk.rows : 0;
    size_t both = std::min(want_rows, got_rows), row = 0;
    if (want_rows == got_rows) {
      while (row < both && rows_equal(row)) ++row;
      if (row == both) return TablePtr();
    }
    WEIR_CHECK(make_columns());
    for (; row < both; ++row) {
      WEIR_CHECK(context_.check());
      if (rows_equal(row)) continue;
      append('-', *want_, want_columns_, row);
      append('+', *got_, got_columns_, row);
    }
    for (row = both; row < want_rows; ++row) append('-', *want_, want_columns_, row);
    for (row = both; row < got_rows; ++row) append('+', *got_, got_columns_, row);
    return finish();
  }

 private:
  bool rows_equal(size_t row) const {
    if (want_columns_.size() != got_columns_.size()) return false;
    for (const auto& [label, at] : want_columns_) {
      auto other = got_columns_.find(label);
      if (other == got_columns_.end()) return false;
      const Column &a = *want_->chunk.columns[at], &b = *got_->chunk.columns[other->second];
      if (!cells_equal(a, b, row, options_)) return false;
    }
    return true;
  }

  Result<void> make_columns() {
    for (const auto& [label, at] : want_columns_) types_[label] = want_->columns[at].type;
    for (const auto& [label, at] : got_columns_) {
      ColumnType type = got_->columns[at].type;
      auto [known, added] = types_.try_emplace(label, type);
      if (!added && known->second != type)
        return invalid("column types differ: want=" + std::string(to_string(known->second)) +
                       " got=" + std::string(to_string(type)));
    }
    for (const auto& [label, type] : types_) builders_.emplace_back(type, &context_.memory);
    return {};
  }

  void append(char sign, const HeldTable& table, const ValueColumns& columns, size_t row) {
    signs_.append_text(std::string_view(&sign, 1));
    size_t i = 0;
    for (const auto& [label, type] : types_) {
      auto at = columns.find(label);
      if (at == columns.end())
        builders_[i].append_null();
      else
        builders_[i].append_row(table.chunk.columns[at->second], row);
      ++i;
    }
  }

  TablePtr finish() {
    Columns columns;
    Chunk chunk;
    chunk.rows = signs_.rows();
    const GroupKey& key = want_ != nullptr ? want_->key : got_->key;
    for (const auto& entry : key.entries()) {
      columns.push_back({entry.label, entry.value.type()});
      chunk.columns.push_back(constant_column(entry.value, chunk.rows));
    }
    columns.push_back({"_diff", ColumnType::string});
    chunk.columns.push_back(signs_.finish());
    size_t i = 0;
    for (const auto& [label, type] : types_) {
      columns.push_back({label, type});
      chunk.columns.push_back(builders_[i++].finish());
    }
    return make_table(key, std::move(columns), std::move(chunk));
  }

  ExecContext& context_;
  const HeldTable *want_, *got_;
  DiffOptions options_;
  ValueColumns want_columns_, got_columns_;
  std::map<std::string, ColumnType> types_;
  std::vector<ColumnBuilder> builders_;
  ColumnBuilder signs_{ColumnType::string};
};

Result<flux::Value> diff(CallContext& call, const Arguments& arguments) {
  WEIR_TRY(StreamNode got, stream_argument(arguments, "got"));
  WEIR_TRY(StreamNode want, stream_argument(arguments, "want"));
  DiffOptions options;
  WEIR_TRY(options.epsilon, arguments.floating_or("epsilon", options.epsilon));
  WEIR_TRY(options.nans_equal, arguments.boolean_or("nansEqual", false));
  auto compare = [options](ExecContext& context, const HeldStream& wanted,
                           const HeldStream& gotten) -> Result<std::vector<TablePtr>> {
    std::vector<TablePtr> out;
    for (const HeldTable& table : wanted.tables()) {
      WEIR_TRY(TablePtr one, Diff(context, &table, gotten.find(table.key), options).run());
      if (one != nullptr) out.push_back(std::move(one));
    }
    for (const HeldTable& table : gotten.tables()) {
      if (wanted.find(table.key) != nullptr) continue;
      WEIR_TRY(TablePtr one, Diff(context, nullptr, &table, options).run());
      if (one != nullptr) out.push_back(std::move(one));
    }
    return out;
  };
  return held_pair(call, "diff", std::move(want), std::move(got), compare);
}

bool tables_equal(const HeldTable& a, const HeldTable& b) {
  ValueColumns in_a = value_columns(&a), in_b = value_columns(&b);
  if (a.chunk.rows != b.chunk.rows || in_a.size() != in_b.size()) return false;
  for (const auto& [label, at] : in_a) {
    auto other = in_b.find(label);
    if (other == in_b.end() || a.columns[at].type != b.columns[other->second].type) return false;
    for (size_t row = 0; row < a.chunk.rows; ++row)
      if (!cells_equal(*a.chunk.columns[at], *b.chunk.columns[other->second], row, {0, true}))
        return false;
  }
  return true;
}

Result<flux::Value> assert_equals(CallContext& call, const Arguments& arguments) {
  WEIR_TRY(StreamNode got, stream_argument(arguments, "got"));
  WEIR_TRY(StreamNode want, stream_argument(arguments, "want"));
  WEIR_TRY(std::string name, arguments.string("name"));
  auto compare = [name](ExecContext&, const HeldStream& gotten,
                        const HeldStream& wanted) -> Result<std::vector<TablePtr>> {
    std::vector<TablePtr> out;
    bool all_found = true;
    for (const HeldTable& table : gotten.tables()) {
      const HeldTable* other = wanted.find(table.key);
      all_found = all_found && other != nullptr;
      if (other != nullptr && !tables_equal(table, *other))
        return invalid("test " + name + ": tables not equal");
      out.push_back(make_table(table.key, table.columns, table.chunk));
    }
    if (gotten.tables().size() != wanted.tables().size())
      return invalid("assertEquals streams had unequal table counts");
    if (!all_found) return invalid("test " + name + ": unequal group key sets");
    return out;
  };
  return held_pair(call, "assertEquals", std::move(got), std::move(want), compare);
}

Result<Operation> assert_empty(CallContext&, const Arguments&) {
  auto make = [](ExecContext& context, CursorPtr input) -> Result<CursorPtr> {
    auto shared = std::make_shared<CursorPtr>(std::move(input));
    return deferred([&context, shared]() -> Result<std::vector<TablePtr>> {
      size_t failures = 0;
      while (true) {
        WEIR_TRY(TablePtr table, (*shared)->next());
        if (table == nullptr) break;
        WEIR_TRY(Chunk chunk, collect(context, *table));
        if (chunk.rows > 0) ++failures;
      }
      if (failures > 0)
        return invalid("found " + std::to_string(failures) + " tables that were not empty");
      return std::vector<TablePtr>();
    });
  };
  return Operation{std::move(make)};
}

// What a bucket's tables have; test data that is to be loaded into one must have it too.
Result<Operation> stored_columns(CallContext&, const Arguments&) {
  auto check = [](const Table& table, Chunk chunk) -> Result<TablePtr> {
    for (const char* label : {"_field", "_measurement", "_time"}) {
      std::optional<size_t> at = table.find(label);
      bool complete = at.has_value();
      for (size_t row = 0; complete && row < chunk.rows; ++row)
        complete = chunk.columns[*at]->is_valid(row);
      if (!complete)
        return invalid("test input table does not have " + std::string(label) + " column");
    }
    return make_table(table.key(), table.columns(), std::move(chunk));
  };
  return per_whole_table(check);
}

constexpr std::string_view kScript = R"(
import "array"
import "experimental"
import c "csv"

option tags = []
option load = (tables=<-) => tables
option loadMem = (csv) => c.from(csv: csv)
option loadStorage = (csv) =>
    c.from(csv: csv)
        |> range(start: 1800-01-01T00:00:00Z, stop: 2200-12-31T11:59:59Z)
        |> _storedColumns()

inspect = (case) => {
    parts = case()
    got = parts.input |> parts.fn()

    return {
        fn: parts.fn,
        input: parts.input,
        want: parts.want |> yield(name: "want"),
        got: got |> yield(name: "got"),
        diff: diff(got: got, want: parts.want) |> yield(name: "diff"),
    }
}
run = (case) => inspect(case: case).diff |> assertEmpty()
benchmark = (case) => {
    parts = case()

    return parts.input |> parts.fn()
}

assertEqualValues = (got, want) =>
    diff(got: array.from(rows: [{v: got}]), want: array.from(rows: [{v: want}]))
shouldError = (fn, want) => {
    caught = experimental.catch(fn: fn)

    return if exists caught.msg
        then array.from(rows: [{v: caught.msg}])
            |> filter(fn: (r) => r.v !~ want)
            |> yield(name: "errorOutput")
        else die(msg: "shouldError expected an error")
}
)";

constexpr std::string_view kInternalScript = R"(
import "array"
import "experimental"
import "regexp"
import "testing"

shouldErrorWithCode = (fn, want, code) => {
    caught = experimental.catch(fn: fn)

    return if exists caught.msg
        then testing.diff(
            got: array.from(rows: [{code: caught.code, match: caught.msg =~ want}]),
            want: array.from(rows: [{code: code, match: true}]),
        )
        else die(msg: "shouldErrorWithCode expected an error")
}
assertMatches = (got, want) =>
    if got =~ want
        then testing.assertEqualValues(got: "", want: "")
        else die(msg: "Regex `${regexp.getString(r: want)}` does not match `${got}`")
)";

}  // namespace

void register_testing(Registry& registry) {
  registry.add_function("testing", "diff",
                        "(<-got: stream, want: stream, ?verbose: bool, ?epsilon: float, "
                        "?nansEqual: bool)",
                        diff);
  // Under its other name; without the arguments it is the same.
  registry.add_value("experimental", "diff",
                     registry.find("testing")->members.find("diff")->second.binding.value);
  registry.add_function("testing", "assertEquals", "(name: string, <-got: stream, want: stream)",
                        assert_equals);
  add_operation(registry, "testing", "assertEmpty", "(<-tables: stream)", assert_empty);
  add_operation(registry, "testing", "_storedColumns", "(<-tables: stream)", stored_columns);
  registry.add_script("testing", kScript);
  registry.add_script("internal/testing", kInternalScript);
}

}  // namespace weir::query
