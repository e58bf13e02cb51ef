// SeriesIndex: forgetting series, so that names that come and go do not fill the memory.
#include <algorithm>

#include "store/engine/series_index.h"

namespace weir::store {

void SeriesIndex::begin_leaving(const Roaring& series) {
  for (SeriesId id : series) {
    Spelling canonical{fingerprint(key(id).canonical()), id};
    leaving_.add(id);
    auto found = by_fingerprint_.find(canonical.print);
    if (found == by_fingerprint_.end() || found->id != id) continue;  // its key is a newer one's
    by_fingerprint_.erase(found);
    leaving_keys_.insert(canonical);
  }
  // Other spellings of their keys are found by looking at all, if there are any.
  if (aliases_ > 0) {
    aliases_ -= absl::erase_if(by_fingerprint_, [&](const Spelling& spelling) {
      return leaving_.contains(spelling.id);
    });
  }
  generation_++;
}

void SeriesIndex::end_leaving(Roaring gone) {
  for (const Spelling& spelling : leaving_keys_) {
    if (!gone.contains(spelling.id)) by_fingerprint_.insert(spelling);
  }
  leaving_keys_ = Spellings();
  leaving_ = Roaring();
  for (SeriesId id : gone) forget(id);
  // Whole segments of ids that nobody has any more.
  constexpr size_t kSegment = decltype(series_)::kSegment;
  auto known_before = [&](uint64_t id) {
    return id == 0 ? 0 : known_.rank(static_cast<uint32_t>(id - 1));
  };
  uint64_t released = 0;  // up to it
  for (SeriesId id : gone) {
    if (id < released) continue;
    uint64_t begin = id / kSegment * kSegment, end = begin + kSegment;
    if (known_before(begin) == known_before(end)) series_.release(id);
    released = end;
  }
  compact();
}

void SeriesIndex::forget(SeriesId id) {
  const Series series = series_[id];
  Shape& shape = shapes_[series.shape];
  measurements_[shape.measurement].series.remove(id);
  shape.series.remove(id);
  for (size_t i = 0; i < shape.tag_keys.size(); i++) {
    Symbol key = shape.tag_keys[i], value = values_[series.values_begin + i];
    auto posting = postings_.find(posting_key(key, value));
    posting->second.remove(id);
    if (!posting->second.empty()) continue;
    postings_.erase(posting);
    values_by_key_[key].erase(value);
    if (!is_used(value)) symbols_.forget(value);
  }
  unused_values_ += shape.tag_keys.size();
  known_.remove(id);
  known_count_--;
}

// Tag keys and measurements keep their symbols; as a value it is used if it has series.
bool SeriesIndex::is_used(Symbol symbol) const {
  return values_by_key_.contains(symbol) || measurement_ids_.contains(symbol) ||
         std::any_of(values_by_key_.begin(), values_by_key_.end(), [&](const auto& key) {
           return postings_.contains(posting_key(key.first, symbol));
         });
}

// When most of the series' values are of forgotten ones, the others' move together.
void SeriesIndex::compact() {
  constexpr size_t kWorth = 64 * 1024;
  if (unused_values_ < kWorth || unused_values_ < values_.size() / 2) return;
  SegmentedVector<Symbol> kept;
  for (SeriesId id : known_) {
    Series& series = series_.at(id);
    const size_t count = shapes_[series.shape].tag_keys.size();
    const auto begin = static_cast<uint32_t>(kept.size());
    for (size_t i = 0; i < count; i++) kept.push_back(values_[series.values_begin + i]);
    series.values_begin = begin;
  }
  values_ = std::move(kept);
  unused_values_ = 0;
}

}  // namespace weir::store
