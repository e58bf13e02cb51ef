// SeriesIndex: which series a predicate selects.
#include <re2/re2.h>

#include <algorithm>

#include "store/engine/series_index.h"

namespace weir::store {

using Kind = Predicate::Kind;

namespace {

// Whether a tag's value satisfies a predicate over tags; empty if the series has none.
bool accepts(const Predicate& predicate, std::string_view value) {
  switch (predicate.kind) {
    case Kind::tag_equal:
      return value == predicate.text;
    case Kind::tag_not_equal:
      return value != predicate.text;
    case Kind::tag_matches:
      return re2::RE2::PartialMatch(value, *predicate.regex);
    case Kind::tag_not_matches:
      return !re2::RE2::PartialMatch(value, *predicate.regex);
    default:
      return !value.empty();
  }
}

}  // namespace

Roaring SeriesIndex::everything() const {
  Roaring all;
  all.addRange(0, series_.size());
  return all;
}

template <class Accept>
Roaring SeriesIndex::select_measurements(Accept accept) const {
  Roaring found;
  for (const Measurement& measurement : measurements_) {
    if (accept(text(measurement.name))) measurement.series.add_to(found);
  }
  return found;
}

template <class Accept>
Roaring SeriesIndex::select_values(std::string_view tag_key, Accept accept) const {
  std::optional<Symbol> key = find_symbol(tag_key);
  auto values = key ? values_by_key_.find(*key) : values_by_key_.end();
  bool accepts_absent = accept(std::string_view());
  if (values == values_by_key_.end()) return accepts_absent ? everything() : Roaring();
  // With absent series accepted it is shorter to leave out the values that fail.
  Roaring chosen;
  for (Symbol value : values->second) {
    if (accept(text(value)) == accepts_absent) continue;
    postings_.at(uint64_t(*key) << 32 | value).add_to(chosen);
  }
  return accepts_absent ? everything() - chosen : chosen;
}

Roaring SeriesIndex::select_tag(const Predicate& predicate) const {
  bool is_measurement = predicate.key == "_measurement";
  bool is_equal = predicate.kind == Kind::tag_equal;
  if (is_equal && !is_measurement && !predicate.text.empty()) {  // the common one: one look-up
    Roaring found;
    std::optional<Symbol> key = find_symbol(predicate.key), value = find_symbol(predicate.text);
    if (!key || !value) return found;
    auto posting = postings_.find(uint64_t(*key) << 32 | *value);
    if (posting != postings_.end()) posting->second.add_to(found);
    return found;
  }
  auto accept = [&](std::string_view value) { return accepts(predicate, value); };
  return is_measurement ? select_measurements(accept) : select_values(predicate.key, accept);
}

Roaring SeriesIndex::select_fields(const Predicate& predicate) const {
  Roaring found;
  auto accept = [&](const std::string& name) { return accepts(predicate, name); };
  for (const Measurement& measurement : measurements_) {
    const auto& names = measurement.fields;
    bool has_one = predicate.kind == Kind::tag_equal
                       ? measurement.field_ids.contains(predicate.text)
                       : std::any_of(names.begin(), names.end(), accept);
    if (has_one) measurement.series.add_to(found);
  }
  return found;
}

Roaring SeriesIndex::select(const Predicate* predicate, bool& exact) const {
  if (predicate == nullptr) return everything();
  switch (predicate->kind) {
    case Kind::all_of: {
      Roaring found = everything();
      for (const PredicatePtr& child : predicate->children) found &= select(child.get(), exact);
      return found;
    }
    case Kind::any_of: {
      Roaring found;
      for (const PredicatePtr& child : predicate->children) found |= select(child.get(), exact);
      return found;
    }
    case Kind::not_: {
      bool child_exact = true;
      Roaring found = select(predicate->children.front().get(), child_exact);
      if (child_exact) return everything() - found;
      exact = false;
      return everything();
    }
    case Kind::tag_equal:
    case Kind::tag_not_equal:
    case Kind::tag_matches:
    case Kind::tag_not_matches:
    case Kind::tag_exists:
      if (predicate->key != "_field") return select_tag(*predicate);
      exact = false;
      return select_fields(*predicate);
    default:
      exact = false;
      return everything();
  }
}

}  // namespace weir::store
