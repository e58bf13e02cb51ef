// A filter's lambda as a store's predicate.
//
// Flux's logic is three-valued and a filter keeps only what is true, so each condition becomes "is
// true of": a tag that a series does not have makes a comparison null and the row drops, for !=
// too; `not` is pushed inward to the comparisons. Comparisons of _value are spelled out for each
// type a field may have. What has no such form stays with the filter.
#pragma once

#include <optional>

#include "query/plan/stream.h"
#include "store/predicate.h"

namespace weir::query {

struct PushedFilter {
  store::PredicatePtr predicate;  // null: nothing could be pushed
  bool complete = false;          // the predicate is all there is to the filter
};

PushedFilter push_filter(const FilterSpec& filter);

}  // namespace weir::query
