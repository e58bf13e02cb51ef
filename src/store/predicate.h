// Predicate: a condition on a series' tags, measurement, field, and on values.
//
// An immutable tree, shared freely between threads. Comparisons on `_measurement`, `_field` and tag
// keys compare text bytewise; an absent tag compares as the empty string for ==, != and matches
// regular expressions as "" (InfluxDB's rule), and is false for `exists`.
// Comparisons on `_value` compare with a literal of the field's type; a literal of another type
// never matches.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/series_key.h"
#include "model/value.h"

namespace re2 {
class RE2;
}

namespace weir::store {

struct Predicate;
using PredicatePtr = std::shared_ptr<const Predicate>;

struct Predicate {
  // Stored on disk in deletes (docs/format.md): do not renumber.
  enum class Kind : uint8_t {
    all_of,     // every child; true without children
    any_of,     // at least one child; false without children
    not_,       // its one child is false
    tag_equal,  // key == text
    tag_not_equal,
    tag_matches,      // key =~ regex, unanchored
    tag_not_matches,  // key !~ regex
    tag_exists,       // the series has the tag
    value_equal,      // _value == value, and so on
    value_not_equal,
    value_less,
    value_less_equal,
    value_greater,
    value_greater_equal,
  };
  Kind kind = Kind::all_of;
  std::vector<PredicatePtr> children;
  std::string key;   // tag kinds
  std::string text;  // tag_equal, tag_not_equal: the value; tag_matches...: the pattern
  std::shared_ptr<const re2::RE2> regex;
  std::string value_text;                                       // owns a string literal
  model::FieldValue value = model::FieldValue::of_bool(false);  // value kinds
};

PredicatePtr all_of(std::vector<PredicatePtr> children);
PredicatePtr any_of(std::vector<PredicatePtr> children);
PredicatePtr negation(PredicatePtr child);
PredicatePtr tag_equal(std::string key, std::string text);
PredicatePtr tag_not_equal(std::string key, std::string text);
PredicatePtr tag_exists(std::string key);
// Errc::invalid with RE2's reason for a bad pattern.
Result<PredicatePtr> tag_matches(std::string key, std::string pattern);
Result<PredicatePtr> tag_not_matches(std::string key, std::string pattern);
PredicatePtr value_compare(Predicate::Kind kind, model::FieldValue value);

// Whether any part of the tree compares `_value`.
bool tests_value(const Predicate& predicate);
// Evaluates for one value of one series.
bool matches(const Predicate& predicate, const model::SeriesKey& key, std::string_view field,
             const model::FieldValue& value);
// Evaluates for a series and field before values are known: value comparisons count as "maybe",
// so false means that no value can match.
bool may_match(const Predicate& predicate, const model::SeriesKey& key, std::string_view field);

}  // namespace weir::store
