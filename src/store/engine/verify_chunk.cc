#include "store/engine/verify_chunk.h"

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "store/engine/chunk_reader.h"
#include "store/engine/column_statistics.h"

namespace weir::store {
namespace {

Error wrong(std::string what) { return {Errc::io, std::move(what)}; }

// Sums of floats depend on the order of additions, which a later version may have changed.
bool same_sum(const FieldRun& run, uint64_t noted, uint64_t found) {
  if (noted == found) return true;
  if (run.type != model::FieldType::float64) return false;
  constexpr double kRounding = 1e-9;
  double magnitude = 0;
  for (uint64_t bits : run.bits) magnitude += std::fabs(std::bit_cast<double>(bits));
  if (!std::isfinite(magnitude)) return true;
  return std::fabs(std::bit_cast<double>(noted) - std::bit_cast<double>(found)) <=
         kRounding * magnitude;
}

Result<void> compare_statistics(const ColumnHeader& column, const FieldRun& run) {
  if (column.time_first_ns != run.times.front() || column.time_last_ns != run.times.back()) {
    return wrong("a column's header has other times than its values");
  }
  if (!column.statistics) return {};
  std::optional<ColumnStatistics> found = statistics_of(run);
  const ColumnStatistics& noted = *column.statistics;
  if (!found || noted.first != found->first || noted.last != found->last ||
      noted.min != found->min || noted.max != found->max ||
      noted.time_of_min_ns != found->time_of_min_ns ||
      noted.time_of_max_ns != found->time_of_max_ns || !same_sum(run, noted.sum, found->sum)) {
    return wrong("a column's header has other statistics than its values");
  }
  return {};
}

Result<void> compare_with_catalog(const ChunkKey& key, const ChunkReader& chunk,
                                  const VerifyNames::Bucket* bucket) {
  if (bucket == nullptr) return wrong("its bucket does not exist");
  if (bucket->is_incomplete) return {};
  if (!bucket->index.has(key.series)) {
    return wrong("the catalog does not know its series");
  }
  const auto& groups = bucket->head.groups();
  auto group = groups.find(key.group_start_ns);
  if (group == groups.end() || !group->second.live.contains(key.series)) {
    return wrong("the catalog does not list it among the series of its shard group");
  }
  if (chunk.time_min_ns() < key.group_start_ns ||
      (bucket->group_duration_ns > 0 &&
       chunk.time_max_ns() - key.group_start_ns >= bucket->group_duration_ns)) {
    return wrong("it has times outside of its shard group");
  }
  const auto& fields = bucket->index.fields(bucket->index.measurement_of(key.series));
  for (const ColumnHeader& column : chunk.columns()) {
    if (column.field.field >= fields.size()) return wrong("the catalog does not know a field");
  }
  return {};
}

}  // namespace

Result<size_t> verify_chunk_bytes(const ChunkKey& key, std::string_view value,
                                  const VerifyNames::Bucket* bucket, uint64_t next_lsn) {
  WEIR_TRY(ChunkReader chunk, ChunkReader::open(value));
  if (chunk.time_min_ns() != key.time_min_ns || chunk.lsn_max() != key.lsn ||
      chunk.lsn_min() > chunk.lsn_max()) {
    return wrong("it is not the chunk that its key names");
  }
  if (next_lsn != 0 && chunk.lsn_max() >= next_lsn) {
    return wrong(fmt::format("it is newer than the log, which ends before record {}", next_lsn));
  }
  WEIR_TRY(std::vector<int64_t> times, chunk.times());
  if (times.front() != chunk.time_min_ns() || times.back() != chunk.time_max_ns() ||
      std::adjacent_find(times.begin(), times.end(), std::greater_equal<>()) != times.end()) {
    return wrong("its times are not in order, or not those of its header");
  }
  for (const ColumnHeader& column : chunk.columns()) {
    if (column.field.field >> kColumnGroupShift != key.column_group) {
      return wrong("a field is not of its column group");
    }
    WEIR_TRY(FieldRun run, chunk.run(column, times));
    if (run.rows() != column.count) return wrong("a column's count is wrong");
    WEIR_CHECK(compare_statistics(column, run));
  }
  WEIR_CHECK(compare_with_catalog(key, chunk, bucket));
  return chunk.rows();
}

ChunkTimes times_of_chunk(const ChunkKey& key, std::string_view value,
                          const VerifyNames::Bucket* bucket) {
  ChunkTimes times{key.time_min_ns, std::nullopt};
  if (Result<ChunkReader> chunk = ChunkReader::open(value); chunk.ok()) {
    times.last_ns = chunk->time_max_ns();
  } else if (bucket != nullptr && bucket->group_duration_ns > 0) {
    times.last_ns = key.group_start_ns + bucket->group_duration_ns - 1;
  }
  return times;
}

}  // namespace weir::store
