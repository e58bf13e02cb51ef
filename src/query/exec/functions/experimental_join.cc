// experimental.join(): rows of two streams with equal group keys and equal times, put together by a
// function. Both inputs are taken to be sorted by time.
#include <map>

#include "query/exec/functions/held.h"
#include "query/exec/functions/packages.h"
#include "query/exec/vector_expression.h"

namespace weir::query {

namespace {

using flux::Value;

struct JoinCall {
  flux::Interpreter* interpreter;
  std::shared_ptr<const flux::Function> function;
};

// The rows that the function returned, as columns sorted by label.
class JoinedRows {
 public:
  JoinedRows(ExecContext& context, const GroupKey& key) : context_(context), key_(key) {}

  Result<void> add(const Value& joined) {
    if (!joined.is(flux::ValueType::record))
      return invalid("the function must return a record, it returned " +
                     std::string(joined.type_name()));
    const flux::Record& record = joined.as_record();
    for (const auto& entry : key_.entries()) {
      const Value* value = record.find(entry.label);
      if (value == nullptr || !equals(*value, to_value(entry.value)))
        return invalid("argument 'fn' may not modify group key");
    }
    for (const auto& [label, value] : record.properties()) {
      auto [at, added] = columns_.try_emplace(label, label, &context_.memory);
      if (added && rows_ > 0) return invalid("column " + label + " not found");
      WEIR_CHECK(at->second.append(value));
    }
    ++rows_;
    return {};
  }

  TablePtr finish() {
    Columns columns;
    Chunk chunk;
    chunk.rows = rows_;
    for (auto& [label, builder] : columns_) {
      ColumnPtr column = builder.finish();
      if (column == nullptr || column->rows != rows_) continue;
      columns.push_back({label, column->type});
      chunk.columns.push_back(std::move(column));
    }
    return make_table(key_, std::move(columns), std::move(chunk));
  }
  size_t rows() const { return rows_; }

 private:
  ExecContext& context_;
  const GroupKey& key_;
  std::map<std::string, ValueColumnBuilder> columns_;
  size_t rows_ = 0;
};

Result<const Column*> times_of(const HeldTable& table) {
  std::optional<size_t> at = find_column(table.columns, "_time");
  if (!at || table.columns[*at].type != ColumnType::time) return invalid("no _time column found");
  return table.chunk.columns[*at].get();
}

Result<TablePtr> join_tables(ExecContext& context, const JoinCall& how, const HeldTable& left,
                             const HeldTable& right) {
  WEIR_TRY(const Column* left_times, times_of(left));
  WEIR_TRY(const Column* right_times, times_of(right));
  JoinedRows out(context, left.key);
  size_t i = 0, j = 0;
  auto usable = [](const Column* times, size_t row) {
    return row < times->rows && times->is_valid(row);
  };
  while (usable(left_times, i) && usable(right_times, j)) {
    int64_t a = left_times->int_at(i), b = right_times->int_at(j);
    if (a < b) ++i;
    if (a > b) ++j;
    if (a != b) continue;
    for (size_t k = j; usable(right_times, k) && right_times->int_at(k) == a; ++k) {
      if (k % kRowsBetweenChecks == 0) WEIR_CHECK(context.check());
      WEIR_TRY(Value joined,
               how.interpreter->call(
                   *how.function,
                   {{"left", Value::of_record(record_at(left.columns, left.chunk, i))},
                    {"right", Value::of_record(record_at(right.columns, right.chunk, k))}}));
      WEIR_CHECK(out.add(joined));
    }
    ++i;
  }
  return out.rows() > 0 ? out.finish() : TablePtr();
}

Result<Value> join(CallContext& call, const Arguments& arguments) {
  WEIR_TRY(StreamNode left, stream_argument(arguments, "left"));
  WEIR_TRY(StreamNode right, stream_argument(arguments, "right"));
  JoinCall how{&call.interpreter(), nullptr};
  WEIR_TRY(how.function, arguments.function("fn"));
  auto run = [how](ExecContext& context, const HeldStream& a,
                   const HeldStream& b) -> Result<std::vector<TablePtr>> {
    std::vector<TablePtr> out;
    for (const HeldTable& table : a.tables()) {
      const HeldTable* other = b.find(table.key);
      if (other == nullptr || table.chunk.rows == 0 || other->chunk.rows == 0) continue;
      WEIR_TRY(TablePtr joined, join_tables(context, how, table, *other));
      if (joined != nullptr) out.push_back(std::move(joined));
    }
    return out;
  };
  return held_pair(call, "join", std::move(left), std::move(right), run);
}

}  // namespace

void register_experimental_join(Registry& registry) {
  registry.add_function("experimental", "join", "(left: stream, right: stream, fn: function)",
                        join);
}

}  // namespace weir::query
