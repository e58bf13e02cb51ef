#include "query/plan/push_down.h"

#include <algorithm>

#include "query/exec/context.h"
#include "query/plan/grouped_scan.h"
#include "query/plan/predicate.h"
#include "query/plan/scan.h"

namespace weir::query {

namespace {

using OptionalSpec = std::optional<store::ScanSpec>;

constexpr int64_t kPushedWindowsMax = 50'000'000;  // more is refused by the operator

store::PredicatePtr both(store::PredicatePtr a, store::PredicatePtr b) {
  if (a == nullptr) return b;
  if (b == nullptr) return a;
  return store::all_of({std::move(a), std::move(b)});
}

// The scan of `from |> range`.
Result<OptionalSpec> range_scan(ExecContext& context, const TableStream& stream) {
  const RangeSpec* range = stream.as<RangeSpec>();
  if (range == nullptr || !range->default_columns) return OptionalSpec();
  const FromSpec* from = stream.inputs[0]->as<FromSpec>();
  if (from == nullptr) return OptionalSpec();
  store::ScanSpec spec;
  WEIR_TRY(spec.bucket, find_bucket(context, *from));
  spec.start_ns = range->start_ns;
  spec.stop_ns = range->stop_ns;
  return OptionalSpec(std::move(spec));
}

// The scan of `from |> range |> filter ...`, if the filters need nothing else.
Result<OptionalSpec> filtered_scan(ExecContext& context, const TableStream& stream) {
  const FilterSpec* filter = stream.as<FilterSpec>();
  if (filter == nullptr) return range_scan(context, stream);
  PushedFilter pushed = push_filter(*filter);
  if (!pushed.complete) return OptionalSpec();
  WEIR_TRY(OptionalSpec spec, filtered_scan(context, *stream.inputs[0]));
  if (spec) spec->predicate = both(std::move(spec->predicate), std::move(pushed.predicate));
  return spec;
}

Result<CursorPtr> over(ExecContext& context, const TableStream& stream, CursorPtr input) {
  TableStream::Inputs inputs;
  inputs.push_back(std::move(input));
  return stream.make(context, std::move(inputs));
}

// A filter that the store takes in part: it reads less, the operator does the rest.
Result<CursorPtr> partly_filtered(ExecContext& context, const TableStream& stream) {
  PushedFilter pushed = push_filter(*stream.as<FilterSpec>());
  if (pushed.predicate == nullptr) return CursorPtr();
  WEIR_TRY(OptionalSpec spec, filtered_scan(context, *stream.inputs[0]));
  if (!spec) return CursorPtr();
  spec->predicate = both(std::move(spec->predicate), std::move(pushed.predicate));
  WEIR_TRY(CursorPtr scanned, scan_tables(context, {.spec = std::move(*spec)}));
  return over(context, stream, std::move(scanned));
}

// Whether it is a group() that leaves every series in one piece.
bool groups_series(const TableStream& stream) {
  const GroupSpec* group = stream.as<GroupSpec>();
  if (group == nullptr) return false;
  auto lists = [&](std::string_view label) {
    return std::find(group->columns.begin(), group->columns.end(), label) != group->columns.end();
  };
  return group->by ? !lists("_time") && !lists("_value") : lists("_time") && lists("_value");
}

// Where an aggregate's series come from: its input, or what that groups.
const TableStream& ungrouped_input(const TableStream& stream) {
  const TableStream& input = *stream.inputs[0];
  return groups_series(input) ? *input.inputs[0] : input;
}

Result<CursorPtr> limited(ExecContext& context, const TableStream& stream, const LimitSpec& limit) {
  int64_t rows = 0;
  if (limit.count == 0 || __builtin_add_overflow(limit.count, limit.offset, &rows))
    return CursorPtr();
  const TableStream& input = *stream.inputs[0];
  // A group's first rows are among the first of its series.
  bool grouped = groups_series(input);
  WEIR_TRY(OptionalSpec spec, filtered_scan(context, grouped ? *input.inputs[0] : input));
  if (!spec) return CursorPtr();
  spec->rows_per_series_max = static_cast<size_t>(rows);
  WEIR_TRY(CursorPtr scanned, scan_tables(context, {.spec = std::move(*spec)}));
  if (grouped) {
    WEIR_TRY(scanned, over(context, input, std::move(scanned)));
  }
  return over(context, stream, std::move(scanned));
}

Result<CursorPtr> aggregated(ExecContext& context, const TableStream& stream,
                             store::Aggregate aggregate) {
  WEIR_TRY(OptionalSpec spec, filtered_scan(context, ungrouped_input(stream)));
  if (!spec) return CursorPtr();
  spec->aggregate = aggregate;
  if (groups_series(*stream.inputs[0])) {
    return grouped_scan(context,
                        {.spec = std::move(*spec), .group = *stream.inputs[0]->as<GroupSpec>()});
  }
  return scan_tables(context, {.spec = std::move(*spec), .with_time = store::selects(aggregate)});
}

Result<CursorPtr> windowed(ExecContext& context, const TableStream& stream,
                           const WindowAggregateSpec& window) {
  WEIR_TRY(OptionalSpec spec, filtered_scan(context, ungrouped_input(stream)));
  if (!spec) return CursorPtr();
  auto span = static_cast<uint64_t>(spec->stop_ns) - static_cast<uint64_t>(spec->start_ns);
  if (span / static_cast<uint64_t>(window.every_ns) > kPushedWindowsMax) return CursorPtr();
  // A window at either end of time would begin or end beyond it.
  if (spec->start_ns < INT64_MIN / 2 || spec->stop_ns > INT64_MAX / 2) return CursorPtr();
  if (window.every_ns > INT64_MAX / 4) return CursorPtr();
  spec->aggregate = window.aggregate;
  spec->window_every_ns = window.every_ns;
  spec->window_offset_ns = window.offset_ns % window.every_ns;
  if (groups_series(*stream.inputs[0])) {
    return grouped_scan(context, {.spec = std::move(*spec),
                                  .group = *stream.inputs[0]->as<GroupSpec>(),
                                  .create_empty = window.create_empty,
                                  .time_from_start = window.time_from_start});
  }
  return scan_tables(context, {.spec = std::move(*spec),
                               .create_empty = window.create_empty,
                               .time_from_start = window.time_from_start});
}

// The stream below keys |> keep |> distinct, or null.
const TableStream* tag_keys_input(const TableStream& stream) {
  const DistinctSpec* distinct = stream.as<DistinctSpec>();
  if (distinct == nullptr || distinct->column != "_value") return nullptr;
  const KeepSpec* keep = stream.inputs[0]->as<KeepSpec>();
  if (keep == nullptr || keep->columns != std::vector<std::string>{"_value"}) return nullptr;
  const TableStream& keys = *stream.inputs[0]->inputs[0];
  return keys.as<KeysSpec>() != nullptr ? keys.inputs[0].get() : nullptr;
}

// The stream below keep([tag]) |> group() |> distinct(tag), or null.
const TableStream* tag_values_input(const TableStream& stream) {
  const DistinctSpec* distinct = stream.as<DistinctSpec>();
  if (distinct == nullptr) return nullptr;
  const std::string& tag = distinct->column;
  if (tag == "_value" || tag == "_time" || tag == "_start" || tag == "_stop") return nullptr;
  const GroupSpec* group = stream.inputs[0]->as<GroupSpec>();
  if (group == nullptr || !group->by || !group->columns.empty()) return nullptr;
  const TableStream& keep = *stream.inputs[0]->inputs[0];
  const KeepSpec* kept = keep.as<KeepSpec>();
  if (kept == nullptr || kept->columns != std::vector<std::string>{tag}) return nullptr;
  return keep.inputs[0].get();
}

bool tests_tags(const store::Predicate& predicate) {
  if (!predicate.key.empty() && predicate.key != "_measurement" && predicate.key != "_field")
    return true;
  return std::any_of(predicate.children.begin(), predicate.children.end(),
                     [](const auto& child) { return tests_tags(*child); });
}

CursorPtr one_column(const std::vector<std::string>& values) {
  std::vector<TablePtr> tables;
  if (!values.empty()) {
    ColumnBuilder builder(ColumnType::string);
    for (const std::string& value : values) builder.append_text(value);
    Chunk chunk;
    chunk.rows = values.size();
    chunk.columns.push_back(builder.finish());
    tables.push_back(make_table(GroupKey(), {{"_value", ColumnType::string}}, std::move(chunk)));
  }
  return cursor_of(std::move(tables));
}

store::SchemaSpec schema_spec(const store::ScanSpec& scan, store::SchemaSpec::What what) {
  store::SchemaSpec spec;
  spec.bucket = scan.bucket;
  spec.start_ns = scan.start_ns;
  spec.stop_ns = scan.stop_ns;
  spec.predicate = scan.predicate;
  spec.what = what;
  return spec;
}

Result<CursorPtr> tag_keys(ExecContext& context, const store::ScanSpec& scan) {
  using What = store::SchemaSpec::What;
  WEIR_TRY(auto measurements, context.store.schema(schema_spec(scan, What::measurements)));
  if (measurements.empty()) return one_column({});
  WEIR_TRY(auto keys, context.store.schema(schema_spec(scan, What::tag_keys)));
  for (std::string_view own : {"_field", "_measurement", "_start", "_stop"}) keys.emplace_back(own);
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return one_column(keys);
}

Result<CursorPtr> schema_answer(ExecContext& context, const TableStream& stream) {
  const TableStream* keys_input = tag_keys_input(stream);
  const TableStream* input = keys_input != nullptr ? keys_input : tag_values_input(stream);
  if (input == nullptr) return CursorPtr();
  WEIR_TRY(OptionalSpec scan, filtered_scan(context, *input));
  // The index knows series, not values.
  if (!scan || (scan->predicate != nullptr && store::tests_value(*scan->predicate)))
    return CursorPtr();
  if (keys_input != nullptr) return tag_keys(context, *scan);
  const std::string& tag = stream.as<DistinctSpec>()->column;
  // Fields are known by measurement: with a condition on tags the points have to be asked.
  if (tag == "_field" && scan->predicate != nullptr && tests_tags(*scan->predicate))
    return CursorPtr();
  store::SchemaSpec spec = schema_spec(*scan, store::SchemaSpec::What::tag_values);
  spec.tag_key = tag;
  WEIR_TRY(auto values, context.store.schema(spec));
  return one_column(values);
}

}  // namespace

bool asks_for_schema(const TableStream& stream) {
  return tag_keys_input(stream) != nullptr || tag_values_input(stream) != nullptr;
}

Result<CursorPtr> push_down(ExecContext& context, const TableStream& stream) {
  WEIR_TRY(OptionalSpec range, range_scan(context, stream));
  if (range) return scan_tables(context, {.spec = std::move(*range)});
  if (!context.push_down) return CursorPtr();
  if (stream.as<FilterSpec>() != nullptr) {
    WEIR_TRY(OptionalSpec filtered, filtered_scan(context, stream));
    if (filtered) return scan_tables(context, {.spec = std::move(*filtered)});
    return partly_filtered(context, stream);
  }
  if (const auto* aggregate = stream.as<AggregateSpec>())
    return aggregated(context, stream, aggregate->aggregate);
  if (const auto* window = stream.as<WindowAggregateSpec>())
    return windowed(context, stream, *window);
  if (const auto* limit = stream.as<LimitSpec>()) return limited(context, stream, *limit);
  return schema_answer(context, stream);
}

}  // namespace weir::query
