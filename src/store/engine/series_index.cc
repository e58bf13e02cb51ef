#include "store/engine/series_index.h"

#include <xxhash.h>

#include <algorithm>

#include "base/ids.h"
#include "store/write_rules.h"

namespace weir::store {
namespace {

// Other spellings of known keys that are remembered, per series; a client that shuffles its tags
// on every line must not fill the memory.
constexpr size_t kSpellingsPerSeriesMax = 4;
constexpr size_t kSpellingsMin = 65'536;

}  // namespace

SeriesIndex::SeriesIndex() : seed_(make_random_id()) {}

Fingerprint SeriesIndex::fingerprint(std::string_view raw_key) const {
  XXH128_hash_t hash = XXH3_128bits_withSeed(raw_key.data(), raw_key.size(), seed_);
  return {hash.low64, hash.high64};
}

std::optional<SeriesId> SeriesIndex::find(const Fingerprint& print) const {
  auto found = by_fingerprint_.find(print);
  if (found == by_fingerprint_.end()) return std::nullopt;
  return found->second;
}

std::optional<SeriesId> SeriesIndex::find_alias(const Fingerprint& print,
                                                std::string_view canonical) {
  std::optional<SeriesId> id = find(fingerprint(canonical));
  if (!id) return id;
  if (by_fingerprint_.size() < series_.size() * kSpellingsPerSeriesMax + kSpellingsMin) {
    by_fingerprint_.try_emplace(print, *id);
  }
  return id;
}

SeriesId SeriesIndex::add_series(const model::SeriesKey& key, std::string_view canonical) {
  auto id = static_cast<SeriesId>(series_.size());
  Symbol name = intern(key.measurement);
  auto [measurement, is_new] =
      measurement_ids_.try_emplace(name, static_cast<MeasurementId>(measurements_.size()));
  if (is_new) measurements_.push_back({name, {}, false, {}, {}});
  measurements_[measurement->second].series.add(id);
  series_.push_back({measurement->second, static_cast<uint32_t>(tags_.size()),
                     static_cast<uint32_t>(key.tags.size())});
  if (!key.tag(kAutomaticTag).empty()) {
    measurements_[measurement->second].has_automatic_tag = true;
  }
  for (const model::Tag& tag : key.tags) {
    TagSymbols symbols{intern(tag.key), intern(tag.value)};
    tags_.push_back(symbols);
    auto [posting, first] = postings_.try_emplace(uint64_t(symbols.key) << 32 | symbols.value);
    if (first) values_by_key_[symbols.key].push_back(symbols.value);
    posting->second.add(id);
  }
  by_fingerprint_.emplace(fingerprint(canonical), id);
  return id;
}

model::SeriesKey SeriesIndex::key(SeriesId id) const {
  const Series& series = series_[id];
  model::SeriesKey key{text(measurements_[series.measurement].name), {}};
  key.tags.reserve(series.tags_count);
  for (uint32_t i = 0; i < series.tags_count; i++) {
    const TagSymbols& tag = tags_[series.tags_begin + i];
    key.tags.push_back({text(tag.key), text(tag.value)});
  }
  return key;
}

const std::string& SeriesIndex::measurement_name(MeasurementId id) const {
  return text(measurements_[id].name);
}

std::optional<FieldId> SeriesIndex::find_field(MeasurementId measurement,
                                               std::string_view name) const {
  const auto& ids = measurements_[measurement].field_ids;
  auto found = ids.find(name);
  if (found == ids.end()) return std::nullopt;
  return found->second;
}

std::optional<FieldId> SeriesIndex::add_field(MeasurementId measurement, std::string_view name) {
  Measurement& owner = measurements_[measurement];
  if (owner.fields.size() > UINT16_MAX) return std::nullopt;
  auto id = static_cast<FieldId>(owner.fields.size());
  owner.fields.emplace_back(name);
  owner.field_ids.emplace(name, id);
  return id;
}

std::optional<model::FieldType> SeriesIndex::field_type(int64_t group_start_ns,
                                                        MeasurementId measurement,
                                                        FieldId field) const {
  const GroupTypes* types = group_types(group_start_ns);
  if (types == nullptr) return std::nullopt;
  auto found = types->find(type_key(measurement, field));
  if (found == types->end()) return std::nullopt;
  return found->second;
}

void SeriesIndex::set_field_type(int64_t group_start_ns, MeasurementId measurement, FieldId field,
                                 model::FieldType type) {
  types_[group_start_ns][type_key(measurement, field)] = type;
}

void SeriesIndex::forget_field_type(int64_t group_start_ns, MeasurementId measurement,
                                    FieldId field) {
  auto types = types_.find(group_start_ns);
  if (types == types_.end()) return;
  types->second.erase(type_key(measurement, field));
  if (types->second.empty()) types_.erase(types);
}

const SeriesIndex::GroupTypes* SeriesIndex::group_types(int64_t group_start_ns) const {
  auto found = types_.find(group_start_ns);
  return found == types_.end() ? nullptr : &found->second;
}

std::vector<FieldId> SeriesIndex::registered_fields(int64_t group_start_ns,
                                                    MeasurementId measurement) const {
  std::vector<FieldId> found;
  const GroupTypes* types = group_types(group_start_ns);
  if (types == nullptr) return found;
  for (size_t field = 0; field < measurements_[measurement].fields.size(); field++) {
    auto id = static_cast<FieldId>(field);
    if (types->contains(type_key(measurement, id))) found.push_back(id);
  }
  return found;
}

SeriesIndex::Symbol SeriesIndex::intern(std::string_view text) {
  if (std::optional<Symbol> known = find_symbol(text)) return *known;
  auto symbol = static_cast<Symbol>(texts_.size());
  texts_.emplace_back(text);
  symbols_.emplace(texts_.back(), symbol);
  return symbol;
}

std::optional<SeriesIndex::Symbol> SeriesIndex::find_symbol(std::string_view text) const {
  auto found = symbols_.find(text);
  if (found == symbols_.end()) return std::nullopt;
  return found->second;
}

bool SeriesIndex::key_less(SeriesId a, SeriesId b) const {
  const Series& left = series_[a];
  const Series& right = series_[b];
  if (left.measurement != right.measurement) {
    return measurement_name(left.measurement) < measurement_name(right.measurement);
  }
  uint32_t common = std::min(left.tags_count, right.tags_count);
  for (uint32_t i = 0; i < common; i++) {
    const TagSymbols& x = tags_[left.tags_begin + i];
    const TagSymbols& y = tags_[right.tags_begin + i];
    if (x.key != y.key) return text(x.key) < text(y.key);
    if (x.value != y.value) return text(x.value) < text(y.value);
  }
  return left.tags_count < right.tags_count;
}

void SeriesIndex::sort_by_key(std::vector<SeriesId>& ids) const {
  std::sort(ids.begin(), ids.end(), [this](SeriesId a, SeriesId b) { return key_less(a, b); });
}

}  // namespace weir::store
