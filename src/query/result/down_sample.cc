#include "query/result/down_sample.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace weir::query {

namespace {

constexpr size_t kRowsPerPixel = 4;

int64_t bound_of(const GroupKey& key, std::string_view label, int64_t otherwise) {
  const Scalar* value = key.find(label);
  const bool is_time = value != nullptr && value->type() == ColumnType::time && !value->is_null();
  return is_time ? value->as_int() : otherwise;
}

bool is_numeric(ColumnType type) {
  return type == ColumnType::floating || type == ColumnType::integer ||
         type == ColumnType::unsigned_integer;
}

// A column's rows of the smallest and largest value in [begin, end).
template <class At>
void add_extremes(const Column& column, size_t begin, size_t end, At at,
                  std::vector<uint32_t>& rows) {
  size_t low = end, high = end;
  for (size_t row = begin; row < end; ++row) {
    if (!column.is_valid(row)) continue;
    const auto value = at(row);
    if constexpr (std::is_floating_point_v<decltype(at(row))>) {
      if (std::isnan(value)) continue;
    }
    if (low == end || value < at(low)) low = row;
    if (high == end || value > at(high)) high = row;
  }
  if (low == end) return;
  rows.push_back(static_cast<uint32_t>(low));
  rows.push_back(static_cast<uint32_t>(high));
}

void add_extremes(const Column& column, size_t begin, size_t end, std::vector<uint32_t>& rows) {
  switch (column.type) {
    case ColumnType::floating:
      return add_extremes(
          column, begin, end, [&](size_t row) { return column.float_at(row); }, rows);
    case ColumnType::unsigned_integer:
      return add_extremes(
          column, begin, end, [&](size_t row) { return column.word(row); }, rows);
    default:
      return add_extremes(
          column, begin, end, [&](size_t row) { return column.int_at(row); }, rows);
  }
}

}  // namespace

std::optional<std::vector<uint32_t>> rows_to_draw(const Table& table, const Chunk& chunk,
                                                  size_t points) {
  const std::optional<size_t> time = table.find("_time");
  if (!time || points == 0 || chunk.rows / kRowsPerPixel <= points) return std::nullopt;
  const Column& times = *chunk.columns[*time];
  if (times.type != ColumnType::time || times.constant || times.has_nulls()) return std::nullopt;
  auto at = [&](size_t row) { return times.int_at(row); };
  for (size_t row = 1; row < chunk.rows; ++row)
    if (at(row) < at(row - 1)) return std::nullopt;

  std::vector<const Column*> values;
  for (size_t i = 0; i < table.columns().size(); ++i) {
    const ColumnInfo& info = table.columns()[i];
    if (is_numeric(info.type) && !chunk.columns[i]->constant && !table.key().has(info.label))
      values.push_back(chunk.columns[i].get());
  }
  const int64_t start = std::min(bound_of(table.key(), "_start", at(0)), at(0));
  const double span = static_cast<double>(
      std::max(bound_of(table.key(), "_stop", at(chunk.rows - 1)), at(chunk.rows - 1)));
  const double pixels_per_ns =
      static_cast<double>(points) / (span - static_cast<double>(start) + 1);
  auto pixel_of = [&](size_t row) {
    return static_cast<size_t>((static_cast<double>(at(row)) - static_cast<double>(start)) *
                               pixels_per_ns);
  };

  std::vector<uint32_t> kept, pixel;
  for (size_t begin = 0; begin < chunk.rows;) {
    size_t end = begin + 1;
    while (end < chunk.rows && pixel_of(end) == pixel_of(begin)) ++end;
    pixel = {static_cast<uint32_t>(begin), static_cast<uint32_t>(end - 1)};
    for (const Column* column : values) add_extremes(*column, begin, end, pixel);
    std::sort(pixel.begin(), pixel.end());
    kept.insert(kept.end(), pixel.begin(), std::unique(pixel.begin(), pixel.end()));
    begin = end;
  }
  return kept;
}

}  // namespace weir::query
