// EngineCore: which names a bucket holds; answered from the index and the groups' live series.
#include <algorithm>
#include <set>

#include "store/engine/engine_core.h"

namespace weir::store {
namespace {

using What = SchemaSpec::What;

// Lists one group's names. With the index's mutex held.
class SchemaLister {
 public:
  SchemaLister(const SeriesIndex& index, const SchemaSpec& spec, std::set<std::string>& found)
      : index_(index), spec_(spec), found_(found) {}

  // `live` are the candidates with data in the group; `exact`: they need no further test.
  void list(int64_t group_start_ns, const Roaring& live, bool exact) {
    bool wants_fields =
        spec_.what == What::fields || (spec_.what == What::tag_values && spec_.tag_key == "_field");
    bool wants_measurements = spec_.what == What::measurements || spec_.tag_key == "_measurement";
    std::vector<bool> done(index_.measurement_count());
    for (SeriesId id : live) {
      MeasurementId measurement = index_.measurement_of(id);
      if (exact && (wants_fields || wants_measurements) && done[measurement]) continue;
      done[measurement] = true;
      if (exact && wants_measurements) {
        found_.insert(index_.measurement_name(measurement));
        continue;
      }
      model::SeriesKey key = index_.key(id);
      std::vector<std::string> fields = matching_fields(group_start_ns, measurement, key);
      if (fields.empty()) continue;
      if (wants_fields) {
        found_.insert(fields.begin(), fields.end());
      } else if (wants_measurements) {
        found_.insert(key.measurement);
      } else if (spec_.what == What::tag_keys) {
        for (const model::Tag& tag : key.tags) found_.insert(tag.key);
      } else if (std::string_view value = key.tag(spec_.tag_key); !value.empty()) {
        found_.emplace(value);
      }
    }
  }

 private:
  std::vector<std::string> matching_fields(int64_t group_start_ns, MeasurementId measurement,
                                           const model::SeriesKey& key) const {
    std::vector<std::string> names;
    for (FieldId field : index_.registered_fields(group_start_ns, measurement)) {
      const std::string& name = index_.fields(measurement)[field];
      if (spec_.predicate == nullptr || may_match(*spec_.predicate, key, name)) {
        names.push_back(name);
      }
    }
    return names;
  }

  const SeriesIndex& index_;
  const SchemaSpec& spec_;
  std::set<std::string>& found_;
};

}  // namespace

Result<std::vector<std::string>> EngineCore::schema(const SchemaSpec& spec) {
  WEIR_TRY(BucketPtr bucket, find(spec.bucket));
  std::set<std::string> found;
  if (spec.start_ns >= spec.stop_ns) return std::vector<std::string>();
  std::vector<std::pair<int64_t, Roaring>> groups;
  {
    std::lock_guard lock(bucket->head.mutex());
    bucket->head.visit_groups(spec.start_ns, spec.stop_ns - 1, [&](ShardGroup& group) {
      groups.emplace_back(group.start_ns, group.live);
    });
  }
  std::shared_lock lock(bucket->index.mutex());
  bool exact = true;
  Roaring candidates = bucket->index.select(spec.predicate.get(), exact);
  SchemaLister lister(bucket->index, spec, found);
  for (const auto& [start, live] : groups) lister.list(start, live & candidates, exact);
  return std::vector<std::string>(found.begin(), found.end());
}

}  // namespace weir::store
