// interpolate.linear(): rows at regular times, on the line between the rows before and after.
#include "query/exec/functions/kit.h"
#include "query/exec/functions/packages.h"
#include "query/exec/windows.h"
#include "query/flux/calendar.h"

namespace weir::query {

namespace {

constexpr size_t kRowsBetweenMemoryChecks = 1024;

Result<void> check_columns(const Table& table) {
  for (const ColumnInfo& column : table.columns()) {
    bool used = column.label == "_time" || column.label == "_value";
    if (!used && !table.key().has(column.label))
      return invalid("interpolate.linear requires column \"" + column.label +
                     "\" to be in group key");
  }
  std::optional<size_t> time = table.find("_time"), value = table.find("_value");
  if (!time) return invalid("_time column does not exist");
  if (!value) return invalid("_value column does not exist");
  ColumnType type = table.columns()[*value].type;
  if (type != ColumnType::floating)
    return invalid("cannot interpolate " + std::string(to_string(type)) +
                   " values; expected float values");
  return {};
}

class Interpolation {
 public:
  Interpolation(ExecContext& context, const Windows& windows, const flux::Duration& every)
      : context_(context),
        windows_(windows),
        every_(every),
        times_(ColumnType::time, &context.memory),
        values_(ColumnType::floating, &context.memory) {}

  Result<TablePtr> run(const Table& table, const Chunk& chunk) {
    const Column& times = *chunk.columns[*table.find("_time")];
    const Column& values = *chunk.columns[*table.find("_value")];
    for (size_t row = 0; row < chunk.rows; ++row) {
      if (!times.is_valid(row)) return invalid("null _time found during linear interpolation");
      if (!values.is_valid(row)) return invalid("null _value found during linear interpolation");
      if (row > 0) WEIR_CHECK(fill(times.int_at(row), values.float_at(row)));
      add(times.int_at(row), values.float_at(row));
      last_time_ = times.int_at(row), last_value_ = values.float_at(row);
    }
    Chunk out;
    out.rows = times_.rows();
    ColumnPtr new_times = times_.finish(), new_values = values_.finish();
    for (const ColumnInfo& column : table.columns()) {
      if (column.label == "_time")
        out.columns.push_back(new_times);
      else if (column.label == "_value")
        out.columns.push_back(new_values);
      else
        out.columns.push_back(constant_column(*table.key().find(column.label), out.rows));
    }
    return make_table(table.key(), table.columns(), std::move(out));
  }

 private:
  void add(int64_t time, double value) {
    times_.append_int(time);
    values_.append_float(value);
  }

  Result<void> fill(int64_t time, double value) {
    double slope = (value - last_value_) / static_cast<double>(time - last_time_);
    int64_t at = windows_.bounds(windows_.index_at(last_time_)).stop_ns;
    for (size_t count = 0; at < time; ++count) {
      if (count % kRowsBetweenMemoryChecks == 0) WEIR_CHECK(context_.check());
      add(at, last_value_ + slope * static_cast<double>(at - last_time_));
      WEIR_TRY(at, flux::add(at, every_));
    }
    return {};
  }

  ExecContext& context_;
  const Windows& windows_;
  const flux::Duration& every_;
  ColumnBuilder times_, values_;
  int64_t last_time_ = 0;
  double last_value_ = 0;
};

Result<Operation> linear(CallContext&, const Arguments& arguments) {
  WEIR_TRY(flux::Duration every, arguments.duration("every"));
  WEIR_TRY(Windows windows, Windows::make(every, every, {}));
  auto make = [every, windows](ExecContext& context, CursorPtr input) -> Result<CursorPtr> {
    return per_table(context, std::move(input),
                     [&context, every, windows](TablePtr table) -> Result<TablePtr> {
                       WEIR_CHECK(check_columns(*table));
                       WEIR_TRY(Chunk chunk, collect(context, *table));
                       return Interpolation(context, windows, every).run(*table, chunk);
                     });
  };
  return Operation{std::move(make)};
}

}  // namespace

void register_interpolate(Registry& registry) {
  add_operation(registry, "interpolate", "linear", "(<-tables: stream, every: duration)", linear);
}

}  // namespace weir::query
