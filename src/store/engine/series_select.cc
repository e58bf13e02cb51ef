// SeriesIndex: which series a predicate selects, and which tags a set of series has.
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

template <class Accept>
Roaring SeriesIndex::select_measurements(Accept accept) const {
  Roaring found;
  for (const Measurement& measurement : measurements_) {
    if (accept(std::string_view(measurement.name))) measurement.series.add_to(found);
  }
  return found;
}

template <class Accept>
Roaring SeriesIndex::select_values(std::string_view tag_key, Accept accept) const {
  std::optional<Symbol> key = symbols_.find(tag_key);
  auto values = key ? values_by_key_.find(*key) : values_by_key_.end();
  bool accepts_absent = accept(std::string_view());
  if (values == values_by_key_.end()) return accepts_absent ? known_ : Roaring();
  // With absent series accepted it is shorter to leave out the values that fail.
  Roaring chosen;
  for (Symbol value : values->second) {
    if (accept(symbols_.text(value)) == accepts_absent) continue;
    postings_.at(posting_key(*key, value)).add_to(chosen);
  }
  return accepts_absent ? known_ - chosen : chosen;
}

Roaring SeriesIndex::select_tag(const Predicate& predicate) const {
  bool is_measurement = predicate.key == "_measurement";
  bool is_equal = predicate.kind == Kind::tag_equal;
  if (is_equal && !is_measurement && !predicate.text.empty()) {  // the common one: one look-up
    Roaring found;
    std::optional<Symbol> key = symbols_.find(predicate.key), value = symbols_.find(predicate.text);
    if (!key || !value) return found;
    auto posting = postings_.find(posting_key(*key, *value));
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

namespace {

bool looks_beyond_tags(const Predicate& predicate) {
  switch (predicate.kind) {
    case Kind::tag_equal:
    case Kind::tag_not_equal:
    case Kind::tag_matches:
    case Kind::tag_not_matches:
    case Kind::tag_exists:
      return predicate.key == "_field";
    case Kind::all_of:
    case Kind::any_of:
    case Kind::not_:
      return std::any_of(predicate.children.begin(), predicate.children.end(),
                         [](const PredicatePtr& child) { return looks_beyond_tags(*child); });
    default:
      return true;
  }
}

}  // namespace

Roaring SeriesIndex::select(const Predicate* predicate, bool& exact) const {
  if (predicate != nullptr && looks_beyond_tags(*predicate)) exact = false;
  return select_bound(predicate, nullptr, true);
}

Roaring SeriesIndex::select_for_field(const Predicate* predicate, const std::string* field) const {
  return select_bound(predicate, field, true);
}

// What is not known, a value or a field, is taken as true for the upper bound of the series that
// satisfy the predicate, as false for the lower.
Roaring SeriesIndex::select_bound(const Predicate* predicate, const std::string* field,
                                  bool upper) const {
  if (predicate == nullptr) return known_;
  switch (predicate->kind) {
    case Kind::all_of: {
      if (predicate->children.empty()) return known_;
      Roaring found = select_bound(predicate->children.front().get(), field, upper);
      for (size_t i = 1; i < predicate->children.size() && !found.isEmpty(); i++) {
        found &= select_bound(predicate->children[i].get(), field, upper);
      }
      return found;
    }
    case Kind::any_of: {
      Roaring found;
      for (const PredicatePtr& child : predicate->children) {
        found |= select_bound(child.get(), field, upper);
      }
      return found;
    }
    case Kind::not_:
      return known_ - select_bound(predicate->children.front().get(), field, !upper);
    case Kind::tag_equal:
    case Kind::tag_not_equal:
    case Kind::tag_matches:
    case Kind::tag_not_matches:
    case Kind::tag_exists: {
      if (predicate->key != "_field") return select_tag(*predicate);
      if (field != nullptr) return accepts(*predicate, *field) ? known_ : Roaring();
      return upper ? select_fields(*predicate) : Roaring();
    }
    default:
      return upper ? known_ : Roaring();
  }
}

std::vector<std::string> SeriesIndex::tag_keys_of(const Roaring& series) const {
  std::vector<bool> has(symbols_.size());
  std::vector<std::string> found;
  for (const Shape& shape : shapes_) {
    bool all_known = std::all_of(shape.tag_keys.begin(), shape.tag_keys.end(),
                                 [&](Symbol key) { return has[key]; });
    if (all_known || !shape.series.intersects(series)) continue;
    for (Symbol key : shape.tag_keys) {
      if (has[key]) continue;
      has[key] = true;
      found.emplace_back(symbols_.text(key));
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<std::string> SeriesIndex::tag_values_of(const Roaring& series,
                                                    std::string_view tag_key) const {
  std::vector<std::string> found;
  std::optional<Symbol> key = symbols_.find(tag_key);
  auto values = key ? values_by_key_.find(*key) : values_by_key_.end();
  if (values == values_by_key_.end()) return found;
  std::vector<std::string_view> texts;
  if (series.cardinality() < values->second.size()) {
    // Fewer series than values: ask the series.
    std::vector<Symbol> symbols;
    for (SeriesId id : series) {
      const Shape& shape = shapes_[series_[id].shape];
      auto at = std::find(shape.tag_keys.begin(), shape.tag_keys.end(), *key);
      if (at == shape.tag_keys.end()) continue;
      auto place = static_cast<uint32_t>(at - shape.tag_keys.begin());
      symbols.push_back(values_[series_[id].values_begin + place]);
    }
    std::sort(symbols.begin(), symbols.end());
    symbols.erase(std::unique(symbols.begin(), symbols.end()), symbols.end());
    for (Symbol value : symbols) texts.push_back(symbols_.text(value));
  } else {
    for (Symbol value : values->second) {
      if (postings_.at(posting_key(*key, value)).intersects(series)) {
        texts.push_back(symbols_.text(value));
      }
    }
  }
  std::sort(texts.begin(), texts.end());
  found.assign(texts.begin(), texts.end());
  return found;
}

}  // namespace weir::store
