#include "query/exec/sorting.h"

#include <algorithm>
#include <numeric>

namespace weir::query {

std::vector<uint32_t> sorted_rows(const Columns& columns, const Chunk& chunk,
                                  const std::vector<std::string>& by, bool descending) {
  std::vector<uint32_t> order(chunk.rows);
  std::iota(order.begin(), order.end(), 0u);
  std::vector<const Column*> keys;
  for (const std::string& label : by) {
    std::optional<size_t> at = find_column(columns, label);
    if (at && !chunk.columns[*at]->constant) keys.push_back(chunk.columns[*at].get());
  }
  auto compare_nulls_greatest = [](const Column& column, uint32_t a, uint32_t b) {
    bool valid_a = column.is_valid(a), valid_b = column.is_valid(b);
    if (!valid_a || !valid_b) return static_cast<int>(valid_b) - static_cast<int>(valid_a);
    return compare_rows(column, a, column, b);
  };
  std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    for (const Column* key : keys) {
      int ordered = compare_nulls_greatest(*key, a, b);
      if (ordered != 0) return descending ? ordered > 0 : ordered < 0;
    }
    return false;
  });
  return order;
}

}  // namespace weir::query
