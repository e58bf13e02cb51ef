#include "store/engine/field_run.h"

#include <algorithm>
#include <cstring>

namespace weir::store {

void append_rows(const FieldRun& run, size_t begin, size_t end, model::ColumnChunk& chunk) {
  size_t before = chunk.rows(), count = end - begin;
  auto first = run.times.begin() + static_cast<ptrdiff_t>(begin);
  chunk.times.insert(chunk.times.end(), first, first + static_cast<ptrdiff_t>(count));
  const uint64_t* bits = run.bits.data() + begin;
  auto copy_to = [&](auto& column) {
    column.resize(before + count);
    std::memcpy(column.data() + before, bits, count * sizeof(uint64_t));
  };
  switch (run.type) {
    case model::FieldType::float64:
      return copy_to(chunk.floats);
    case model::FieldType::int64:
      return copy_to(chunk.ints);
    case model::FieldType::uint64:
      return copy_to(chunk.uints);
    case model::FieldType::boolean:
      for (size_t i = 0; i < count; i++) chunk.bools.push_back(bits[i] != 0 ? 1 : 0);
      return;
    case model::FieldType::string:
      for (size_t i = 0; i < count; i++) chunk.strings.push_back(string_of(bits[i]));
      return;
  }
}

FieldRun merge_runs(FieldRun older, FieldRun newer) {
  if (older.times.empty()) return newer;
  if (newer.times.empty()) return older;
  if (older.times.back() < newer.times.front()) {
    older.times.insert(older.times.end(), newer.times.begin(), newer.times.end());
    older.bits.insert(older.bits.end(), newer.bits.begin(), newer.bits.end());
    older.keep.insert(older.keep.end(), newer.keep.begin(), newer.keep.end());
    return older;
  }
  FieldRun merged;
  merged.type = newer.type;
  merged.keep = std::move(older.keep);
  merged.keep.insert(merged.keep.end(), newer.keep.begin(), newer.keep.end());
  merged.times.reserve(older.rows() + newer.rows());
  merged.bits.reserve(older.rows() + newer.rows());
  size_t i = 0, j = 0;
  while (i < older.rows() && j < newer.rows()) {
    if (older.times[i] < newer.times[j]) {
      merged.push(older.times[i], older.bits[i]);
      i++;
    } else {
      if (older.times[i] == newer.times[j]) i++;
      merged.push(newer.times[j], newer.bits[j]);
      j++;
    }
  }
  for (; i < older.rows(); i++) merged.push(older.times[i], older.bits[i]);
  for (; j < newer.rows(); j++) merged.push(newer.times[j], newer.bits[j]);
  return merged;
}

namespace {

// The rows in [start, stop], as positions [first, second).
std::pair<ptrdiff_t, ptrdiff_t> rows_within(const FieldRun& run, int64_t start_ns,
                                            int64_t stop_ns) {
  auto begin = std::lower_bound(run.times.begin(), run.times.end(), start_ns);
  auto end = std::upper_bound(begin, run.times.end(), stop_ns);
  return {begin - run.times.begin(), end - run.times.begin()};
}

}  // namespace

void cut_run(FieldRun& run, int64_t start_ns, int64_t stop_ns) {
  auto [begin, end] = rows_within(run, start_ns, stop_ns);
  run.times.erase(run.times.begin() + begin, run.times.begin() + end);
  run.bits.erase(run.bits.begin() + begin, run.bits.begin() + end);
}

void clip_run(FieldRun& run, int64_t start_ns, int64_t stop_ns) {
  auto [begin, end] = rows_within(run, start_ns, stop_ns);
  if (begin == 0 && end == static_cast<ptrdiff_t>(run.rows())) return;
  run.times.erase(run.times.begin() + end, run.times.end());
  run.bits.erase(run.bits.begin() + end, run.bits.end());
  run.times.erase(run.times.begin(), run.times.begin() + begin);
  run.bits.erase(run.bits.begin(), run.bits.begin() + begin);
}

}  // namespace weir::store
