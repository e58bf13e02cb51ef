#include <algorithm>
#include <set>

#include "store/memory/memory_scan.h"

namespace weir::store::memory {

Cardinality cardinality(const Bucket& bucket, size_t most) {
  std::set<model::SeriesKey> keys;
  std::map<std::string, std::set<std::string>> fields;
  for (const auto& [start, group] : bucket.groups) {
    for (const auto& [key, rows] : group.series) keys.insert(key);
    for (const auto& [measurement, types] : group.types) {
      for (const auto& [field, type] : types) fields[measurement].insert(field);
    }
  }
  std::map<std::string, uint64_t> measurements;
  std::map<std::string, std::map<std::string, uint64_t>> tags;
  for (const model::SeriesKey& key : keys) {
    measurements[key.measurement]++;
    for (const model::Tag& tag : key.tags) tags[tag.key][tag.value]++;
  }
  Cardinality found;
  found.series = keys.size();
  found.measurement_count = measurements.size();
  found.tag_count = tags.size();
  for (const auto& [name, series] : measurements) {
    found.measurements.push_back({name, series, fields[name].size()});
  }
  for (const auto& [key, values] : tags) {
    Cardinality::Tag tag{key, values.size(), 0, "", 0};
    for (const auto& [value, series] : values) {
      tag.series += series;
      if (series <= tag.largest_value_series) continue;
      tag.largest_value = value, tag.largest_value_series = series;
    }
    found.tags.push_back(std::move(tag));
  }
  std::stable_sort(found.measurements.begin(), found.measurements.end(),
                   [](const auto& a, const auto& b) { return a.series > b.series; });
  std::stable_sort(found.tags.begin(), found.tags.end(), [](const auto& a, const auto& b) {
    return std::pair(a.values, a.series) > std::pair(b.values, b.series);
  });
  if (found.measurements.size() > most) found.measurements.resize(most);
  if (found.tags.size() > most) found.tags.resize(most);
  return found;
}

}  // namespace weir::store::memory
