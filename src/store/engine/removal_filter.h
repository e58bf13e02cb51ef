// Which fields of one series a removal takes.
//
// Built with the index's mutex held; then it stands alone. Any thread.
#pragma once

#include <vector>

#include "store/engine/series_index.h"

namespace weir::store {

class RemovalFilter {
 public:
  RemovalFilter(const SeriesIndex& index, SeriesId series, const PredicatePtr& predicate) {
    if (predicate == nullptr) return;
    all_ = false;
    model::SeriesKey key = index.key(series);
    for (const std::string& name : index.fields(index.measurement_of(series))) {
      by_field_.push_back(may_match(*predicate, key, name));
    }
  }
  bool removes(FieldId field) const {
    return all_ || (field < by_field_.size() && by_field_[field]);
  }

 private:
  bool all_ = true;
  std::vector<bool> by_field_;
};

}  // namespace weir::store
