// SeriesIndex: where the series come from, for those who look for what there is too much of.
#include <algorithm>

#include "store/engine/series_index.h"

namespace weir::store {
namespace {

// Sorts by `before` and keeps the first `most`.
template <class T, class Before>
void keep_first(std::vector<T>& all, size_t most, Before before) {
  most = std::min(most, all.size());
  std::partial_sort(all.begin(), all.begin() + static_cast<ptrdiff_t>(most), all.end(), before);
  all.resize(most);
}

}  // namespace

Cardinality SeriesIndex::cardinality(size_t most) const {
  Cardinality found;
  found.series = known_count_;
  for (const Measurement& measurement : measurements_) {
    if (measurement.series.empty()) continue;
    found.measurements.push_back(
        {measurement.name, measurement.series.size(), measurement.fields.size()});
  }
  found.measurement_count = found.measurements.size();
  keep_first(found.measurements, most, [](const auto& a, const auto& b) {
    return a.series != b.series ? a.series > b.series : a.name < b.name;
  });

  struct Tag {
    Symbol key;
    uint64_t values = 0, series = 0;
  };
  absl::flat_hash_map<Symbol, uint64_t> series_by_key;
  for (const Shape& shape : shapes_) {
    if (shape.series.empty()) continue;
    uint64_t series = shape.series.size();
    for (Symbol key : shape.tag_keys) series_by_key[key] += series;
  }
  std::vector<Tag> tags;
  for (const auto& [key, series] : series_by_key) {
    tags.push_back({key, values_by_key_.at(key).size(), series});
  }
  found.tag_count = tags.size();
  keep_first(tags, most, [&](const Tag& a, const Tag& b) {
    if (a.values != b.values) return a.values > b.values;
    return a.series != b.series ? a.series > b.series : symbols_.text(a.key) < symbols_.text(b.key);
  });

  // The values that most series have: all postings once, as they lie in memory.
  absl::flat_hash_map<Symbol, std::pair<Symbol, uint64_t>> largest;
  for (const Tag& tag : tags) largest.try_emplace(tag.key, Symbol(0), uint64_t(0));
  for (const auto& [key, series] : postings_) {
    auto at = largest.find(static_cast<Symbol>(key >> 32));
    if (at == largest.end()) continue;
    auto value = static_cast<Symbol>(key);
    uint64_t count = series.size();
    auto& [best, best_count] = at->second;
    // Of equals the first, by number: to compare a million texts would take long.
    if (count < best_count || (count == best_count && value > best)) continue;
    best = value, best_count = count;
  }
  for (const Tag& tag : tags) {
    const auto& [value, count] = largest.at(tag.key);
    found.tags.push_back({std::string(symbols_.text(tag.key)), tag.values, tag.series,
                          std::string(symbols_.text(value)), count});
  }
  return found;
}

}  // namespace weir::store
