// EngineCore: which names a bucket holds; answered from the index and the groups' live series.
//
// Sets of series are intersected, no series is looked at alone: what a question costs depends on
// the number of names, and little on that of series.
#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <set>

#include "store/engine/engine_core.h"

namespace weir::store {
namespace {

using What = SchemaSpec::What;

// With the index's mutex held.
class SchemaLister {
 public:
  SchemaLister(const SeriesIndex& index, const SchemaSpec& spec)
      : index_(index),
        spec_(spec),
        wants_fields_(spec.what == What::fields ||
                      (spec.what == What::tag_values && spec.tag_key == "_field")),
        wants_measurements_(spec.what == What::measurements || spec.tag_key == "_measurement") {
    candidates_ = index.select(spec.predicate.get(), exact_);
  }

  // `live`: the series with data in the group.
  void add_group(int64_t group_start_ns, const Roaring& live) {
    Roaring here = live & candidates_;
    if (exact_ && !wants_fields_) {
      found_series_ |= here;
      return;
    }
    absl::flat_hash_map<const Roaring*, Roaring> matching;  // in the group, by set of for_field()
    for (MeasurementId id = 0; id < index_.measurement_count(); id++) {
      const IdSet& series = index_.measurement_series(id);
      if (!series.intersects(here)) continue;
      for (FieldId field : index_.registered_fields(group_start_ns, id)) {
        const std::string& name = index_.fields(id)[field];
        const Roaring* chosen = &for_field(name);
        auto [at, is_new] = matching.try_emplace(chosen);
        if (is_new) at->second = here & *chosen;
        if (!series.intersects(at->second)) continue;
        if (wants_fields_) {
          found_names_.insert(name);
        } else if (wants_measurements_) {
          found_names_.insert(index_.measurement_name(id));
          break;
        } else {
          series.add_common_to(at->second, found_series_);
        }
      }
    }
  }

  std::vector<std::string> names() const {
    if (wants_measurements_ && exact_) {
      std::vector<std::string> names;
      for (MeasurementId id = 0; id < index_.measurement_count(); id++) {
        if (index_.measurement_series(id).intersects(found_series_)) {
          names.push_back(index_.measurement_name(id));
        }
      }
      std::sort(names.begin(), names.end());
      return names;
    }
    if (wants_fields_ || wants_measurements_) return {found_names_.begin(), found_names_.end()};
    if (spec_.what == What::tag_keys) return index_.tag_keys_of(found_series_);
    return index_.tag_values_of(found_series_, spec_.tag_key);
  }

 private:
  // The series that a field of this name may satisfy the predicate in; one set for all fields that
  // have the same.
  const Roaring& for_field(const std::string& name) {
    if (exact_) return candidates_;
    auto [at, is_new] = by_field_.try_emplace(name, nullptr);
    if (!is_new) return *at->second;
    Roaring chosen = index_.select_for_field(spec_.predicate.get(), &name);
    auto same =
        std::find_if(sets_.begin(), sets_.end(), [&](const auto& set) { return *set == chosen; });
    if (same == sets_.end()) {
      sets_.push_back(std::make_unique<Roaring>(std::move(chosen)));
      same = sets_.end() - 1;
    }
    at->second = same->get();
    return *at->second;
  }

  const SeriesIndex& index_;
  const SchemaSpec& spec_;
  bool wants_fields_, wants_measurements_;
  bool exact_ = true;   // the predicate is about tags alone
  Roaring candidates_;  // that may satisfy it
  Roaring found_series_;
  std::set<std::string> found_names_;
  std::vector<std::unique_ptr<Roaring>> sets_;
  absl::flat_hash_map<std::string, const Roaring*> by_field_;
};

}  // namespace

Result<std::vector<std::string>> EngineCore::schema(const SchemaSpec& spec) {
  WEIR_TRY(BucketPtr bucket, find(spec.bucket));
  if (spec.start_ns >= spec.stop_ns) return std::vector<std::string>();
  std::vector<std::pair<int64_t, Roaring>> groups;
  {
    std::lock_guard lock(bucket->head.mutex());
    bucket->head.visit_groups(spec.start_ns, spec.stop_ns - 1, [&](ShardGroup& group) {
      groups.emplace_back(group.start_ns, group.live);
    });
  }
  std::shared_lock lock(bucket->index.mutex());
  SchemaLister lister(bucket->index, spec);
  for (const auto& [start, live] : groups) lister.add_group(start, live);
  return lister.names();
}

}  // namespace weir::store
