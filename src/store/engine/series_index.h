// The names of one bucket: series, tags, measurements, fields and their types.
//
// Series, measurements and fields get ids in order of their creation, without gaps and never used
// again while the bucket lives; series that are forgotten leave gaps. Raw keys are found by a
// 96-bit fingerprint (XXH3 with a seed of this process, so that nobody can aim at collisions);
// other spellings of a key become aliases of the same id.
//
// A million series with a tag of their own take about 110 bytes each: 12 and a value for each tag,
// 17 to 35 for the fingerprint, the rest for the tag's text and its postings. Series with the same
// measurement and tag keys share a shape.
//
// A series without points is forgotten in two steps, since a write that has looked it up may be on
// its way. First no write finds it by its key any more, unless it asks with find_alias(), which
// makes it stay. When every write that began before that is done, and brought it nothing, it goes.
//
// Threads: any, under mutex(): shared for const functions, exclusive for the others. Whoever
// defines an id submits its log record before releasing the mutex, so that definitions precede
// uses in the log.
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/series_key.h"
#include "store/engine/log_records.h"
#include "store/engine/postings.h"
#include "store/engine/segmented_vector.h"
#include "store/engine/symbols.h"

namespace weir::store {

struct Fingerprint {
  std::array<uint32_t, 3> words{};
  friend bool operator==(const Fingerprint&, const Fingerprint&) = default;
};

class SeriesIndex {
 public:
  SeriesIndex();
  std::shared_mutex& mutex() const { return mutex_; }

  Fingerprint fingerprint(std::string_view raw_key) const;
  // The id of a raw key in a spelling seen before.
  std::optional<SeriesId> find(const Fingerprint& print) const;
  // Fetches what find() will look at first.
  void prefetch(const Fingerprint& print) const { by_fingerprint_.prefetch(print); }
  // The id of a parsed key; remembers the spelling `print` for it.
  std::optional<SeriesId> find_alias(const Fingerprint& print, std::string_view canonical);
  // Adds a series that does not exist yet.
  SeriesId add_series(const model::SeriesKey& key, std::string_view canonical);
  // The same, by the canonical key alone.
  Result<SeriesId> add_series(std::string_view canonical);
  // The next id will be `id`; those before it that were not given are of forgotten series.
  void skip_to(SeriesId id) { series_.skip_to(id); }
  // Adds a measurement without a series, if it does not exist.
  MeasurementId add_measurement(std::string_view name);

  // Ids given so far, and how many of them are of series that are known still. What follows takes
  // ids of known series, unless it says otherwise.
  size_t series_count() const { return series_.size(); }
  size_t known_count() const { return known_count_; }
  bool has(SeriesId id) const { return known_.contains(id); }
  const Roaring& known() const { return known_; }

  // The first step for series that have no points: see above. Ends with end_leaving().
  void begin_leaving(const Roaring& series);
  // Those that nobody has asked for since.
  const Roaring& leaving() const { return leaving_; }
  // The second step for these of them; the others stay.
  void end_leaving(Roaring gone);
  // Changes whenever ids that find() has given must not be used any more by writes to come.
  uint64_t generation() const { return generation_; }

  model::SeriesKey key(SeriesId id) const;
  MeasurementId measurement_of(SeriesId id) const { return shapes_[series_[id].shape].measurement; }

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
  // Whether the field has never had but one type, in any group, since the process started.
  bool has_one_type(MeasurementId measurement, FieldId field) const {
    const std::vector<uint8_t>& seen = measurements_[measurement].types_seen;
    return field < seen.size() && (seen[field] & (seen[field] - 1)) == 0;
  }
  void forget_group(int64_t group_start_ns) { types_.erase(group_start_ns); }
  const GroupTypes* group_types(int64_t group_start_ns) const;
  // Ids of the fields registered for a measurement in a group.
  std::vector<FieldId> registered_fields(int64_t group_start_ns, MeasurementId measurement) const;

  // The series that can satisfy the predicate (null: all). `exact` is cleared if some of them may
  // still fail, because the predicate looks at fields or values.
  Roaring select(const Predicate* predicate, bool& exact) const;
  // The series whose field of this name can satisfy it (null: any field).
  Roaring select_for_field(const Predicate* predicate, const std::string* field) const;
  // What the series are made of; without the limit.
  Cardinality cardinality(size_t most) const;
  // Sorts ids as their keys compare; leaves out those of forgotten series.
  void sort_by_key(std::vector<SeriesId>& ids) const;

  // The tag keys that some of the series have, and the values of a tag; sorted.
  std::vector<std::string> tag_keys_of(const Roaring& series) const;
  std::vector<std::string> tag_values_of(const Roaring& series, std::string_view tag_key) const;

 private:
  struct Series {
    uint32_t shape;
    uint32_t values_begin;
  };
  // What series of the same measurement and the same tag keys share.
  struct Shape {
    MeasurementId measurement;
    std::vector<Symbol> tag_keys;  // in the key's order
    IdSet series;
  };
  struct Measurement {
    std::string name;
    IdSet series;
    bool has_automatic_tag = false;
    std::vector<std::string> fields;
    std::map<std::string, FieldId, std::less<>> field_ids;
    std::vector<uint8_t> types_seen;  // by field, a bit for each type
  };
  struct Spelling {
    Fingerprint print;
    SeriesId id;
  };
  struct SpellingHash {
    using is_transparent = void;
    size_t operator()(const Fingerprint& print) const {  // uniform already
      return uint64_t(print.words[1]) << 32 | print.words[0];
    }
    size_t operator()(const Spelling& spelling) const { return (*this)(spelling.print); }
  };
  struct SpellingEqual {
    using is_transparent = void;
    bool operator()(const Spelling& a, const Spelling& b) const { return a.print == b.print; }
    bool operator()(const Spelling& a, const Fingerprint& b) const { return a.print == b; }
    bool operator()(const Fingerprint& a, const Spelling& b) const { return a == b.print; }
  };
  using Spellings = absl::flat_hash_set<Spelling, SpellingHash, SpellingEqual>;
  using TagView = std::pair<std::string_view, std::string_view>;

  SeriesId add(std::string_view measurement, std::span<const TagView> tags,
               std::string_view canonical);
  uint32_t shape_of(MeasurementId measurement, std::span<const TagView> tags);
  static uint64_t posting_key(Symbol key, Symbol value) { return uint64_t(key) << 32 | value; }
  void forget(SeriesId id);
  bool is_used(Symbol symbol) const;
  void compact();
  bool key_less(SeriesId a, SeriesId b) const;
  Roaring select_bound(const Predicate* predicate, const std::string* field, bool upper) const;
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
  Symbols symbols_;
  SegmentedVector<Series> series_;
  SegmentedVector<Symbol> values_;  // of all series' tags, in the order of their shape's keys
  std::vector<Shape> shapes_;
  absl::flat_hash_map<std::vector<Symbol>, uint32_t> shape_ids_;  // by measurement, then tag keys
  Spellings by_fingerprint_;
  size_t aliases_ = 0;  // of by_fingerprint_, those that are not a series' canonical key
  Roaring known_;
  size_t known_count_ = 0;
  Roaring leaving_;
  Spellings leaving_keys_;    // their canonical keys
  size_t unused_values_ = 0;  // of values_, by forgotten series
  uint64_t generation_ = 0;
  std::vector<Measurement> measurements_;
  absl::flat_hash_map<Symbol, MeasurementId> measurement_ids_;
  absl::flat_hash_map<uint64_t, IdSet> postings_;  // by posting_key()
  absl::flat_hash_map<Symbol, absl::flat_hash_set<Symbol>> values_by_key_;
  std::map<int64_t, GroupTypes> types_;
};

}  // namespace weir::store
