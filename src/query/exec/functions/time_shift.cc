// timeShift(): moves the times of columns, and with them the bounds in the group key.
#include <algorithm>

#include "query/exec/functions/kit.h"
#include "query/flux/calendar.h"

namespace weir::query {

namespace {

Result<Scalar> shifted(const Scalar& value, const flux::Duration& by) {
  if (value.is_null()) return value;
  WEIR_TRY(int64_t moved, flux::add(value.as_int(), by));
  return Scalar::of_time(moved);
}

Result<Operation> time_shift(CallContext&, const Arguments& arguments) {
  WEIR_TRY(flux::Duration by, arguments.duration("duration"));
  WEIR_TRY(auto labels, arguments.strings_or("columns", {"_start", "_stop", "_time"}));
  auto is_shifted = [labels](const std::string& label) {
    return std::find(labels.begin(), labels.end(), label) != labels.end();
  };
  auto run = [by, is_shifted](const Table& table, Chunk chunk) -> Result<TablePtr> {
    GroupKey key;
    for (const auto& entry : table.key().entries()) {
      Scalar value = entry.value;
      if (is_shifted(entry.label) && value.type() == ColumnType::time) {
        WEIR_TRY(value, shifted(value, by));
      }
      key.add(entry.label, std::move(value));
    }
    for (size_t i = 0; i < table.columns().size(); ++i) {
      const ColumnInfo& column = table.columns()[i];
      if (!is_shifted(column.label)) continue;
      if (column.type != ColumnType::time)
        return invalid("column \"" + column.label + "\" is not of type time");
      ColumnBuilder builder(ColumnType::time);
      const Column& times = *chunk.columns[i];
      if (const Scalar* value = key.find(column.label)) {
        chunk.columns[i] = constant_column(*value, chunk.rows);
        continue;
      }
      for (size_t row = 0; row < chunk.rows; ++row) {
        WEIR_TRY(Scalar moved, shifted(times.at(row), by));
        builder.append(moved);
      }
      chunk.columns[i] = builder.finish();
    }
    return make_table(std::move(key), table.columns(), std::move(chunk));
  };
  return per_whole_table(std::move(run), ShiftSpec{by});
}

}  // namespace

void register_time_shift(Registry& registry) {
  add_operation(registry, "universe", "timeShift",
                "(<-tables: stream, duration: duration, ?columns: array)", time_shift);
}

}  // namespace weir::query
