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
  return {{static_cast<uint32_t>(hash.low64), static_cast<uint32_t>(hash.low64 >> 32),
           static_cast<uint32_t>(hash.high64)}};
}

std::optional<SeriesId> SeriesIndex::find(const Fingerprint& print) const {
  auto found = by_fingerprint_.find(print);
  if (found == by_fingerprint_.end()) return std::nullopt;
  return found->id;
}

std::optional<SeriesId> SeriesIndex::find_alias(const Fingerprint& print,
                                                std::string_view canonical) {
  Fingerprint canonical_print = fingerprint(canonical);
  std::optional<SeriesId> id = find(canonical_print);
  if (!id) {
    auto leaving = leaving_keys_.find(canonical_print);
    if (leaving == leaving_keys_.end()) return id;
    id = leaving->id;  // it stays
    by_fingerprint_.insert(*leaving);
    leaving_keys_.erase(leaving);
    leaving_.remove(*id);
  }
  if (by_fingerprint_.size() < known_count_ * kSpellingsPerSeriesMax + kSpellingsMin) {
    aliases_ += by_fingerprint_.insert(Spelling{print, *id}).second ? 1 : 0;
  }
  return id;
}

SeriesId SeriesIndex::add_series(const model::SeriesKey& key, std::string_view canonical) {
  std::vector<TagView> tags;
  tags.reserve(key.tags.size());
  for (const model::Tag& tag : key.tags) tags.emplace_back(tag.key, tag.value);
  return add(key.measurement, tags, canonical);
}

Result<SeriesId> SeriesIndex::add_series(std::string_view canonical) {
  if (canonical.find('\\') != std::string_view::npos) {
    WEIR_TRY(model::SeriesKey key, model::parse_series_key(canonical));
    return add_series(key, canonical);
  }
  // Without escapes a canonical key's parts are its text between commas and equal signs.
  auto malformed = [&] {
    return Error{Errc::invalid, "not a series' canonical key: " + std::string(canonical)};
  };
  std::string_view measurement = canonical.substr(0, canonical.find(','));
  if (measurement.empty()) return malformed();
  std::vector<TagView> tags;
  for (size_t at = measurement.size(); at < canonical.size();) {
    std::string_view tag = canonical.substr(at + 1, canonical.find(',', at + 1) - at - 1);
    size_t equals = tag.find('=');
    if (equals == std::string_view::npos || equals == 0 || equals + 1 == tag.size()) {
      return malformed();
    }
    tags.emplace_back(tag.substr(0, equals), tag.substr(equals + 1));
    at += 1 + tag.size();
  }
  return add(measurement, tags, canonical);
}

SeriesId SeriesIndex::add(std::string_view measurement_name, std::span<const TagView> tags,
                          std::string_view canonical) {
  auto id = static_cast<SeriesId>(series_.size());
  MeasurementId measurement = add_measurement(measurement_name);
  measurements_[measurement].series.add(id);
  uint32_t shape = shape_of(measurement, tags);
  shapes_[shape].series.add(id);
  series_.push_back({shape, static_cast<uint32_t>(values_.size())});
  for (size_t i = 0; i < tags.size(); i++) {
    Symbol key = shapes_[shape].tag_keys[i], value = symbols_.intern(tags[i].second);
    values_.push_back(value);
    auto [posting, first] = postings_.try_emplace(posting_key(key, value));
    if (first) values_by_key_[key].insert(value);
    posting->second.add(id);
  }
  // Of two series with the same key, which replay may bring, the first had been forgotten already.
  Spelling spelling{fingerprint(canonical), id};
  by_fingerprint_.erase(spelling.print);
  by_fingerprint_.insert(spelling);
  known_.add(id);
  known_count_++;
  return id;
}

MeasurementId SeriesIndex::add_measurement(std::string_view name) {
  auto [at, is_new] = measurement_ids_.try_emplace(
      symbols_.intern(name), static_cast<MeasurementId>(measurements_.size()));
  if (is_new) measurements_.emplace_back().name = name;
  return at->second;
}

uint32_t SeriesIndex::shape_of(MeasurementId measurement, std::span<const TagView> tags) {
  std::vector<Symbol> key{measurement};
  for (const auto& [tag_key, value] : tags) key.push_back(symbols_.intern(tag_key));
  auto [at, is_new] = shape_ids_.try_emplace(std::move(key), static_cast<uint32_t>(shapes_.size()));
  if (!is_new) return at->second;
  Shape& shape = shapes_.emplace_back();
  shape.measurement = measurement;
  shape.tag_keys.assign(at->first.begin() + 1, at->first.end());
  for (const auto& [tag_key, value] : tags) {
    if (tag_key == kAutomaticTag) measurements_[measurement].has_automatic_tag = true;
  }
  return at->second;
}

model::SeriesKey SeriesIndex::key(SeriesId id) const {
  const Series& series = series_[id];
  const Shape& shape = shapes_[series.shape];
  model::SeriesKey key{measurements_[shape.measurement].name, {}};
  key.tags.reserve(shape.tag_keys.size());
  for (size_t i = 0; i < shape.tag_keys.size(); i++) {
    key.tags.push_back({std::string(symbols_.text(shape.tag_keys[i])),
                        std::string(symbols_.text(values_[series.values_begin + i]))});
  }
  return key;
}

const std::string& SeriesIndex::measurement_name(MeasurementId id) const {
  return measurements_[id].name;
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
  std::vector<uint8_t>& seen = measurements_[measurement].types_seen;
  if (seen.size() <= field) seen.resize(field + size_t{1});
  seen[field] = static_cast<uint8_t>(seen[field] | 1U << static_cast<unsigned>(type));
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

bool SeriesIndex::key_less(SeriesId a, SeriesId b) const {
  const Series &left = series_[a], &right = series_[b];
  const Shape &left_shape = shapes_[left.shape], &right_shape = shapes_[right.shape];
  if (left_shape.measurement != right_shape.measurement) {
    return measurement_name(left_shape.measurement) < measurement_name(right_shape.measurement);
  }
  size_t common = std::min(left_shape.tag_keys.size(), right_shape.tag_keys.size());
  for (size_t i = 0; i < common; i++) {
    Symbol x_key = left_shape.tag_keys[i], y_key = right_shape.tag_keys[i];
    if (x_key != y_key) return symbols_.text(x_key) < symbols_.text(y_key);
    Symbol x = values_[left.values_begin + i], y = values_[right.values_begin + i];
    if (x != y) return symbols_.text(x) < symbols_.text(y);
  }
  return left_shape.tag_keys.size() < right_shape.tag_keys.size();
}

void SeriesIndex::sort_by_key(std::vector<SeriesId>& ids) const {
  if (known_count_ < series_.size()) std::erase_if(ids, [this](SeriesId id) { return !has(id); });
  std::sort(ids.begin(), ids.end(), [this](SeriesId a, SeriesId b) { return key_less(a, b); });
}

}  // namespace weir::store
