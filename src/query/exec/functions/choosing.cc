// hourSelection() and sample(): rows by the hour of their time, and every n-th row.
#include "query/exec/functions/kit.h"
#include "query/flux/calendar.h"
#include "query/flux/zone.h"

namespace weir::query {

namespace {

Result<Operation> hour_selection(CallContext& call, const Arguments& arguments) {
  WEIR_TRY(int64_t start, arguments.integer("start"));
  WEIR_TRY(int64_t stop, arguments.integer("stop"));
  WEIR_TRY(std::string label, arguments.string_or("timeColumn", "_time"));
  const flux::Value& location = arguments.raw("location");
  WEIR_TRY(flux::Zone zone,
           flux::Zone::of(location.is_null() ? call.option("universe", "location") : &location));
  if (start < 0 || start > 23) return invalid("start must be between 0 and 23");
  if (stop < 0 || stop > 23) return invalid("stop must be between 0 and 23");
  auto run = [=](const Table& table, const Chunk& chunk) -> Result<TablePtr> {
    std::optional<size_t> at = table.find(label);
    if (!at || table.columns()[*at].type != ColumnType::time) return invalid("invalid time column");
    const Column& times = *chunk.columns[*at];
    std::vector<uint32_t> rows;
    for (uint32_t row = 0; row < chunk.rows; ++row) {
      if (!times.is_valid(row)) continue;
      int64_t hour = flux::civil_from_ns(zone.to_local(times.int_at(row))).hour;
      bool within = start <= stop ? hour >= start && hour <= stop : hour >= start || hour <= stop;
      if (within) rows.push_back(row);
    }
    return make_table(table.key(), table.columns(), gather(chunk, rows));
  };
  return per_whole_table(run);
}

Result<Operation> sample(CallContext& call, const Arguments& arguments) {
  WEIR_TRY(int64_t n, arguments.integer("n"));
  WEIR_TRY(int64_t position, arguments.integer_or("pos", -1));
  WEIR_TRY(std::string label, arguments.string_or("column", "_value"));
  if (n <= 0) return invalid("n must be a positive integer, but was " + std::to_string(n));
  if (position >= n)
    return invalid("pos must be less than n, but " + std::to_string(position) +
                   " >= " + std::to_string(n));
  // Without a position any row may be the first; one that the time decides is as good as random.
  if (position < 0) {
    WEIR_TRY(int64_t now_ns, call.now_ns());
    constexpr uint64_t kGolden = 0x9e3779b97f4a7c15;  // spreads neighbouring times
    uint64_t mixed = static_cast<uint64_t>(now_ns) * kGolden >> 16;
    position = static_cast<int64_t>(mixed % static_cast<uint64_t>(n));
  }
  auto run = [=](const Table& table, const Chunk& chunk) -> Result<TablePtr> {
    if (!table.find(label)) return no_column(label);
    std::vector<uint32_t> rows;
    for (auto row = static_cast<uint64_t>(position); row < chunk.rows;
         row += static_cast<uint64_t>(n))
      rows.push_back(static_cast<uint32_t>(row));
    return make_table(table.key(), table.columns(), gather(chunk, rows));
  };
  return per_whole_table(run);
}

}  // namespace

void register_choosing(Registry& registry) {
  add_operation(registry, "universe", "hourSelection",
                "(<-tables: stream, start: int, stop: int, ?location: record, "
                "?timeColumn: string)",
                hour_selection);
  add_operation(registry, "universe", "sample",
                "(<-tables: stream, n: int, ?pos: int, ?column: string)", sample);
}

}  // namespace weir::query
