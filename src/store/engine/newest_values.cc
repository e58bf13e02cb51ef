#include "store/engine/newest_values.h"

#include <algorithm>

namespace weir::store {
namespace {

// A head row at the time of a chunk's is newer in the log.
void take_row(std::vector<NewestValue>& values, const NewestValue& row) {
  for (NewestValue& value : values) {
    if (value.field.field != row.field.field) continue;
    if (row.time_ns >= value.time_ns) value = row;
    return;
  }
  values.push_back(row);
}

}  // namespace

std::vector<NewestValue> newest_values(std::span<const LastValues::Cell> cells,
                                       std::span<const HeadView> heads, int64_t start_ns,
                                       int64_t stop_ns) {
  std::vector<NewestValue> values;
  values.reserve(cells.size());
  // A chunk's newest value behind the range leaves open what it has within. Its time keeps head
  // rows from taking its place.
  for (const LastValues::Cell& cell : cells) {
    bool is_told = cell.time_ns <= stop_ns && cell.field.type != model::FieldType::string;
    if (cell.time_ns >= start_ns) values.push_back({cell.field, cell.time_ns, cell.bits, is_told});
  }
  for (const HeadView& view : heads) {
    const RowGroup& rows = *view.rows;
    for (const RowGroup::Column& column : rows.columns()) {
      std::optional<size_t> row =
          rows.newest_row(column, view.rows.rows(), view.in_order, start_ns, stop_ns);
      if (row) take_row(values, {column.field, rows.times()[*row], column.bits[*row], true});
    }
  }
  return values;
}

}  // namespace weir::store
