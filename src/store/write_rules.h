// The rules every store applies to points on their way in: shard groups, retention, and InfluxDB's
// words for what is dropped (docs/compat.md, "Writes").
//
// Pure functions, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "model/value.h"
#include "store/store.h"

namespace weir::store {

inline constexpr size_t kStringBytesMax = 1'048'576;  // InfluxDB's MaxFieldValueLength

// The bucket's shard group duration, chosen by retention unless it was given.
int64_t shard_group_duration(const BucketOptions& options);
// Start of the group that holds `time_ns`: multiples of the duration counted from the year 1, as
// Go's Truncate does, so that week groups start on Mondays.
int64_t shard_group_start(int64_t time_ns, int64_t duration_ns);
// First instant after the group, at most the largest time there is.
int64_t shard_group_end(int64_t start_ns, int64_t duration_ns);
// Whether a point at `time_ns` is already past retention.
bool beyond_retention(const BucketOptions& options, int64_t time_ns, int64_t now_ns);
// Whether a whole group is, so that it can be dropped.
bool group_expired(const BucketOptions& options, int64_t group_start_ns, int64_t now_ns);

// Start of the window that holds `time_ns`: multiples of `every` shifted by `offset`.
int64_t window_start(int64_t time_ns, int64_t every_ns, int64_t offset_ns);

// Errc::invalid "unsupported input type for mean aggregate: string" where that is so.
Result<void> check_aggregate(Aggregate aggregate, model::FieldType type);
// The type of an aggregate's result over fields of `type`.
model::FieldType aggregate_type(Aggregate aggregate, model::FieldType type);
// The aggregate whose values a scan gives: for a mean as_parts, the sum.
inline Aggregate given_aggregate(const ScanSpec& spec) {
  return spec.as_parts && spec.aggregate == Aggregate::mean ? Aggregate::sum : spec.aggregate;
}
std::string_view to_string(Aggregate aggregate);

// What one field has to say against its line; the reason of "partial write: <reason> dropped=N".
std::string conflict_reason(std::string_view measurement, std::string_view field,
                            model::FieldType given, model::FieldType existing);
std::string too_long_reason(std::string_view measurement, std::string_view field, size_t bytes);
std::string time_field_reason(std::string_view measurement);
std::string series_limit_reason(size_t series_max);
inline constexpr std::string_view kRetentionReason = "points beyond retention policy";
std::string partial_write_text(std::string_view reason, size_t dropped_points);

// Automatic mapping stores every number as a float and tags its series with the topic. A program
// that writes whole numbers to the same field of the same measurement is not refused for that: in a
// measurement with this tag, an integer for a float field is stored as a float.
inline constexpr std::string_view kAutomaticTag = "topic";
bool becomes_float(model::FieldType given, model::FieldType existing);
model::FieldValue as_float(const model::FieldValue& whole_number);

// "schema collision: cannot group integer and float types together"
Error schema_collision(model::FieldType first, model::FieldType second);

}  // namespace weir::store
