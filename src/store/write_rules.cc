#include "store/write_rules.h"

#include <fmt/core.h>

#include <algorithm>

namespace weir::store {
namespace {

constexpr int64_t kHour = 3'600'000'000'000;
constexpr int64_t kDay = 24 * kHour;
constexpr int64_t kDaysFromYearOne = 719'162;  // 0001-01-01 to 1970-01-01

// Remainder with the sign of the divisor.
int64_t floor_modulo(__int128 value, int64_t divisor) {
  __int128 rest = value % divisor;
  return static_cast<int64_t>(rest < 0 ? rest + divisor : rest);
}

int64_t clamp_time(__int128 time_ns) {
  constexpr __int128 low = std::numeric_limits<int64_t>::min();
  constexpr __int128 high = std::numeric_limits<int64_t>::max();
  return static_cast<int64_t>(std::clamp(time_ns, low, high));
}

}  // namespace

int64_t shard_group_duration(const BucketOptions& options) {
  if (options.shard_group_duration_ns > 0) return options.shard_group_duration_ns;
  if (options.retention_ns <= 0 || options.retention_ns >= 180 * kDay) return 7 * kDay;
  return options.retention_ns >= 2 * kDay ? kDay : kHour;
}

int64_t shard_group_start(int64_t time_ns, int64_t duration_ns) {
  __int128 since_year_one = __int128(kDaysFromYearOne) * kDay + time_ns;
  return clamp_time(__int128(time_ns) - floor_modulo(since_year_one, duration_ns));
}

int64_t shard_group_end(int64_t start_ns, int64_t duration_ns) {
  // The first group of all is clamped at its start, which must not move its end.
  if (start_ns == std::numeric_limits<int64_t>::min()) {
    __int128 since_year_one = __int128(kDaysFromYearOne) * kDay + start_ns;
    return clamp_time(__int128(start_ns) - floor_modulo(since_year_one, duration_ns) + duration_ns);
  }
  return clamp_time(__int128(start_ns) + duration_ns);
}

bool beyond_retention(const BucketOptions& options, int64_t time_ns, int64_t now_ns) {
  return options.retention_ns > 0 && __int128(time_ns) < __int128(now_ns) - options.retention_ns;
}

bool group_expired(const BucketOptions& options, int64_t group_start_ns, int64_t now_ns) {
  int64_t end = shard_group_end(group_start_ns, shard_group_duration(options));
  return options.retention_ns > 0 && __int128(end) <= __int128(now_ns) - options.retention_ns;
}

int64_t window_start(int64_t time_ns, int64_t every_ns, int64_t offset_ns) {
  return clamp_time(__int128(time_ns) - floor_modulo(__int128(time_ns) - offset_ns, every_ns));
}

std::string_view to_string(Aggregate aggregate) {
  switch (aggregate) {
    case Aggregate::none:
      return "none";
    case Aggregate::count:
      return "count";
    case Aggregate::sum:
      return "sum";
    case Aggregate::mean:
      return "mean";
    case Aggregate::min:
      return "min";
    case Aggregate::max:
      return "max";
    case Aggregate::first:
      return "first";
    case Aggregate::last:
      return "last";
  }
  return "unknown";
}

Result<void> check_aggregate(Aggregate aggregate, model::FieldType type) {
  bool needs_number = aggregate == Aggregate::sum || aggregate == Aggregate::mean ||
                      aggregate == Aggregate::min || aggregate == Aggregate::max;
  bool is_number = type == model::FieldType::float64 || type == model::FieldType::int64 ||
                   type == model::FieldType::uint64;
  if (!needs_number || is_number) return {};
  return Error{Errc::invalid, fmt::format("unsupported input type for {} aggregate: {}",
                                          to_string(aggregate), model::to_string(type))};
}

model::FieldType aggregate_type(Aggregate aggregate, model::FieldType type) {
  if (aggregate == Aggregate::count) return model::FieldType::int64;
  if (aggregate == Aggregate::mean) return model::FieldType::float64;
  return type;
}

std::string conflict_reason(std::string_view measurement, std::string_view field,
                            model::FieldType given, model::FieldType existing) {
  return fmt::format(
      "field type conflict: input field \"{}\" on measurement \"{}\" is type {}, already exists as "
      "type {}",
      field, measurement, model::to_string(given), model::to_string(existing));
}

bool becomes_float(model::FieldType given, model::FieldType existing) {
  return existing == model::FieldType::float64 &&
         (given == model::FieldType::int64 || given == model::FieldType::uint64);
}

model::FieldValue as_float(const model::FieldValue& whole_number) {
  return model::FieldValue::of_float(whole_number.type() == model::FieldType::int64
                                         ? static_cast<double>(whole_number.as_int())
                                         : static_cast<double>(whole_number.as_uint()));
}

std::string too_long_reason(std::string_view measurement, std::string_view field, size_t bytes) {
  return fmt::format("input field \"{}\" on measurement \"{}\" is too long, {} > {}", field,
                     measurement, bytes, kStringBytesMax);
}

std::string time_field_reason(std::string_view measurement) {
  return fmt::format("invalid field name: input field \"time\" on measurement \"{}\" is invalid",
                     measurement);
}

std::string series_limit_reason(size_t series_max) {
  return fmt::format("max-series-per-database limit exceeded: ({})", series_max);
}

std::string partial_write_text(std::string_view reason, size_t dropped_points) {
  return fmt::format("partial write: {} dropped={}", reason, dropped_points);
}

Error schema_collision(model::FieldType first, model::FieldType second) {
  return {Errc::invalid, fmt::format("schema collision: cannot group {} and {} types together",
                                     model::to_string(first), model::to_string(second))};
}

}  // namespace weir::store
