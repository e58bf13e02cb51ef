// The names of one bucket: series, tags, measurements, fields and their types.
//
// Series, measurements and fields get dense ids in order of their creation, never used again while
// the bucket lives. Raw keys are found by a 128-bit fingerprint (XXH3 with a seed of this process,
// so that nobody can aim at collisions); other spellings of a key become aliases of the same id.
//
// Threads: any, under mutex(): shared for const functions, exclusive for the others. Whoever
// defines an id submits its log record before releasing the mutex, so that definitions precede
// uses in the log.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "model/series_key.h"
#include "store/engine/log_records.h"
#include "store/engine/postings.h"

namespace weir::store {

struct Fingerprint {
  uint64_t low = 0, high = 0;
  friend bool operator==(const Fingerprint&, const Fingerprint&) = default;
  template <class H>
  friend H AbslHashValue(H state, const Fingerprint& print) {
    return H::combine(std::move(state), print.low);  // uniform already
  }
};

class SeriesIndex {
 public:
  SeriesIndex();
  std::shared_mutex& mutex() const { return mutex_; }

  Fingerprint fingerprint(std::string_view raw_key) const;
  // The id of a raw key in a spelling seen before.
  std::optional<SeriesId> find(const Fingerprint& print) const;
  // The id of a parsed key; remembers the spelling `print` for it.
  std::optional<SeriesId> find_alias(const Fingerprint& print, std::string_view canonical);
  // Adds a series that does not exist yet.
  SeriesId add_series(const model::SeriesKey& key, std::string_view canonical);

  size_t series_count() const { return series_.size(); }
  model::SeriesKey key(SeriesId id) const;
  MeasurementId measurement_of(SeriesId id) const { return series_[id].measurement; }

  size_t measurement_count() const { return measurements_.size(); }
  const std::string& measurement_name(MeasurementId id) const;
  // Whether a series of it carries the tag of automatic mapping (write_rules.h).
  bool is_mapped_automatically(MeasurementId id) const {
    return measurements_[id].has_automatic_tag;
  }
  const IdSet& measurement_series(MeasurementId id) const { return measurements_[id].series; }
  std::optional<FieldId> find_field(MeasurementId measurement, std::string_view name) const;
  // Adds a field; nothing when the measurement has as many as there are ids.
  std::optional<FieldId> add_field(MeasurementId measurement, std::string_view name);
  const std::vector<std::string>& fields(MeasurementId id) const {
    return measurements_[id].fields;
  }

  // Types of fields within the shard group that starts at `group_start_ns`.
  using GroupTypes = absl::flat_hash_map<uint64_t, model::FieldType>;  // by type_key()
  static uint64_t type_key(MeasurementId measurement, FieldId field) {
    return uint64_t(measurement) << 16 | field;
  }
  std::optional<model::FieldType> field_type(int64_t group_start_ns, MeasurementId measurement,
                                             FieldId field) const;
  void set_field_type(int64_t group_start_ns, MeasurementId measurement, FieldId field,
                      model::FieldType type);
  void forget_field_type(int64_t group_start_ns, MeasurementId measurement, FieldId field);
  void forget_group(int64_t group_start_ns) { types_.erase(group_start_ns); }
  const GroupTypes* group_types(int64_t group_start_ns) const;
  // Ids of the fields registered for a measurement in a group.
  std::vector<FieldId> registered_fields(int64_t group_start_ns, MeasurementId measurement) const;

  // The series that can satisfy the predicate (null: all). `exact` is cleared if some of them may
  // still fail, because the predicate looks at fields or values.
  Roaring select(const Predicate* predicate, bool& exact) const;
  // Sorts ids as their keys compare.
  void sort_by_key(std::vector<SeriesId>& ids) const;

 private:
  using Symbol = uint32_t;
  struct Series {
    MeasurementId measurement;
    uint32_t tags_begin;
    uint32_t tags_count;
  };
  struct Measurement {
    Symbol name;
    IdSet series;
    bool has_automatic_tag = false;
    std::vector<std::string> fields;
    std::map<std::string, FieldId, std::less<>> field_ids;
  };
  struct TagSymbols {
    Symbol key, value;
  };

  Symbol intern(std::string_view text);
  std::optional<Symbol> find_symbol(std::string_view text) const;
  const std::string& text(Symbol symbol) const { return texts_[symbol]; }
  bool key_less(SeriesId a, SeriesId b) const;
  Roaring everything() const;
  Roaring select_tag(const Predicate& predicate) const;
  // The series of measurements that have had a field that satisfies the predicate.
  Roaring select_fields(const Predicate& predicate) const;
  // The series whose value of the tag satisfies `accept`, the empty string for absent ones.
  template <class Accept>
  Roaring select_values(std::string_view tag_key, Accept accept) const;
  template <class Accept>
  Roaring select_measurements(Accept accept) const;

  mutable std::shared_mutex mutex_;
  uint64_t seed_;
  std::deque<std::string> texts_;  // by symbol; a deque, since the map below views its strings
  absl::flat_hash_map<std::string_view, Symbol> symbols_;
  std::vector<Series> series_;
  std::vector<TagSymbols> tags_;
  absl::flat_hash_map<Fingerprint, SeriesId> by_fingerprint_;
  std::vector<Measurement> measurements_;
  absl::flat_hash_map<Symbol, MeasurementId> measurement_ids_;
  absl::flat_hash_map<uint64_t, IdSet> postings_;  // by tag key symbol << 32 | value symbol
  absl::flat_hash_map<Symbol, std::vector<Symbol>> values_by_key_;
  std::map<int64_t, GroupTypes> types_;
};

}  // namespace weir::store
