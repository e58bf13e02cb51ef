// experimental/polyline.rdp(): fewer rows that draw nearly the same line (Ramer, Douglas and
// Peucker). A row is a point of time in nanoseconds and value.
//
// With `epsilon`, rows are left out that are nearer than it to the line between those kept; with
// `retention`, so many percent are kept; without both, the tolerance is worked out for each part of
// the line from its length and slope (Prasad et al., "A novel framework for making dominant point
// detection methods non-parametric").
#include <algorithm>
#include <cmath>

#include "query/exec/functions/kit.h"
#include "query/exec/functions/packages.h"

namespace weir::query {

namespace {

struct Point {
  double x, y;
};

struct Line {
  double a, b, c;
  Line(const Point& from, const Point& to)
      : a(from.y - to.y), b(to.x - from.x), c(from.x * to.y - to.x * from.y) {}
  double distance(const Point& p) const {
    return std::fabs(a * p.x + b * p.y + c) / std::sqrt(a * a + b * b);
  }
};

struct Span {
  size_t first, last;
};

// The point between the ends that is furthest from the line through them.
std::pair<size_t, double> furthest(const std::vector<Point>& points, Span span) {
  Line line(points[span.first], points[span.last]);
  std::pair<size_t, double> found{span.first, 0};
  for (size_t i = span.first + 1; i < span.last; ++i) {
    double distance = line.distance(points[i]);
    if (distance > found.second) found = {i, distance};
  }
  return found;
}

double own_tolerance(const Point& from, const Point& to) {
  double dx = to.x - from.x, dy = to.y - from.y;
  double length = std::sqrt(dx * dx + dy * dy);
  double phi = dx != 0 ? std::atan(dy / dx) : 0;
  double sine = std::sin(phi), cosine = std::cos(phi);
  double t = (std::fabs(sine) + std::fabs(cosine)) / length;
  double scale = (1 - t + t * t) / length;
  double deviation = std::max(std::atan(std::fabs(sine + cosine) * scale),
                              std::atan(std::fabs(sine - cosine) * scale));
  return length * deviation;
}

// Which points stay: the ends, and those further off than `tolerance` (of a span's ends) allows.
template <class Tolerance>
std::vector<bool> simplified(const std::vector<Point>& points, Tolerance tolerance) {
  std::vector<bool> kept(points.size(), false);
  if (points.empty()) return kept;
  kept.front() = kept.back() = true;
  std::vector<Span> open{{0, points.size() - 1}};
  while (!open.empty()) {
    Span span = open.back();
    open.pop_back();
    if (span.last - span.first < 2) continue;
    auto [at, distance] = furthest(points, span);
    bool splits = distance >= tolerance(points[span.first], points[span.last]);
    if (at == span.first || !splits) continue;
    kept[at] = true;
    open.push_back({span.first, at});
    open.push_back({at, span.last});
  }
  return kept;
}

Result<std::vector<bool>> retained(const std::vector<Point>& points, double percent) {
  auto count = static_cast<size_t>(std::floor(percent / 100 * static_cast<double>(points.size())));
  if (count < 1)
    return invalid(
        "The number of points to retain is less than 1. Please consider increasing the retention "
        "rate");
  std::vector<double> weights(points.size(), 0);
  std::vector<Span> open{{0, points.size() - 1}};
  while (!open.empty()) {
    Span span = open.back();
    open.pop_back();
    auto [at, distance] = furthest(points, span);
    if (!(distance > 0)) continue;
    weights[at] = distance;
    open.push_back({span.first, at});
    open.push_back({at, span.last});
  }
  weights.front() = weights.back() = INFINITY;
  std::vector<double> sorted = weights;
  std::sort(sorted.begin(), sorted.end(), std::greater<>());
  std::vector<bool> kept;
  for (double weight : weights) kept.push_back(weight >= sorted[count - 1]);
  return kept;
}

struct RdpOptions {
  std::string value, time;
  double epsilon = 0, retention = 0;
};

Result<TablePtr> rdp_table(const RdpOptions& options, const Table& table, const Chunk& chunk) {
  std::optional<size_t> time = table.find(options.time), value = table.find(options.value);
  if (!time) return invalid("cannot find time column " + options.time);
  if (!value) return invalid("cannot find column " + options.value);
  ColumnType type = table.columns()[*value].type;
  bool number = type == ColumnType::floating || type == ColumnType::integer ||
                type == ColumnType::unsigned_integer;
  if (!number)
    return invalid("rdp can work only on numerical types, got " + std::string(to_string(type)));
  const Column &times = *chunk.columns[*time], &values = *chunk.columns[*value];
  std::vector<Point> points;
  for (size_t row = 0; row < chunk.rows; ++row) {
    if (!times.is_valid(row)) continue;
    double y = type == ColumnType::floating  ? values.float_at(row)
               : type == ColumnType::integer ? static_cast<double>(values.int_at(row))
                                             : static_cast<double>(values.word(row));
    points.push_back({static_cast<double>(times.int_at(row)), y});
  }
  std::vector<bool> kept;
  if (options.epsilon != 0) {
    kept = simplified(points, [&](const Point&, const Point&) { return options.epsilon; });
  } else if (options.retention != 0) {
    WEIR_TRY(kept, retained(points, options.retention));
  } else {
    kept = simplified(points, own_tolerance);
  }
  ColumnBuilder out_times(ColumnType::time), out_values(ColumnType::floating);
  for (size_t i = 0; i < points.size(); ++i) {
    if (!kept[i]) continue;
    out_times.append_int(static_cast<int64_t>(points[i].x));
    out_values.append_float(points[i].y);
  }
  Columns columns;
  Chunk out;
  out.rows = out_times.rows();
  for (const auto& entry : table.key().entries()) {
    columns.push_back({entry.label, entry.value.type()});
    out.columns.push_back(constant_column(entry.value, out.rows));
  }
  columns.push_back({"_time", ColumnType::time});
  out.columns.push_back(out_times.finish());
  columns.push_back({"_value", ColumnType::floating});
  out.columns.push_back(out_values.finish());
  return make_table(table.key(), std::move(columns), std::move(out));
}

Result<Operation> rdp(CallContext&, const Arguments& arguments) {
  RdpOptions options;
  WEIR_TRY(options.value, arguments.string_or("valColumn", "_value"));
  WEIR_TRY(options.time, arguments.string_or("timeColumn", "_time"));
  WEIR_TRY(options.epsilon, arguments.floating_or("epsilon", 0));
  WEIR_TRY(options.retention, arguments.floating_or("retention", 0));
  if (arguments.has("epsilon") && !(options.epsilon > 0))
    return invalid("Epsilon values need to be greater than 0.0");
  if (arguments.has("retention") && !(options.retention > 0 && options.retention < 100))
    return invalid("Retention percentage should be between 0.0 and 100.0");
  if (options.epsilon != 0 && options.retention != 0)
    return invalid("Please provide either epsilon or retention rate and not both");
  return per_whole_table([options](const Table& table, const Chunk& chunk) {
    return rdp_table(options, table, chunk);
  });
}

}  // namespace

void register_polyline(Registry& registry) {
  add_operation(registry, "experimental/polyline", "rdp",
                "(<-tables: stream, ?valColumn: string, ?timeColumn: string, ?epsilon: float, "
                "?retention: float)",
                rdp);
}

}  // namespace weir::query
