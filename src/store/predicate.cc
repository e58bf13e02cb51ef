#include "store/predicate.h"

#include <re2/re2.h>

#include <utility>

namespace weir::store {
namespace {

using Kind = Predicate::Kind;

// Three values: a comparison of `_value` is "maybe" while no value is known.
enum class Answer : uint8_t { no, maybe, yes };

Answer of(bool condition) { return condition ? Answer::yes : Answer::no; }
Answer opposite(Answer answer) {
  if (answer == Answer::maybe) return answer;
  return of(answer == Answer::no);
}

template <class T>
bool compare(Kind kind, T left, T right) {
  switch (kind) {
    case Kind::value_equal:
      return left == right;
    case Kind::value_not_equal:
      return left != right;
    case Kind::value_less:
      return left < right;
    case Kind::value_less_equal:
      return left <= right;
    case Kind::value_greater:
      return left > right;
    case Kind::value_greater_equal:
      return left >= right;
    default:
      return false;
  }
}

bool compare_values(Kind kind, const model::FieldValue& left, const model::FieldValue& right) {
  if (left.type() != right.type()) return false;
  switch (left.type()) {
    case model::FieldType::float64:
      return compare(kind, left.as_float(), right.as_float());
    case model::FieldType::int64:
      return compare(kind, left.as_int(), right.as_int());
    case model::FieldType::uint64:
      return compare(kind, left.as_uint(), right.as_uint());
    case model::FieldType::boolean:
      return compare(kind, left.as_bool(), right.as_bool());
    case model::FieldType::string:
      return compare(kind, left.as_string(), right.as_string());
  }
  return false;
}

std::string_view subject(const Predicate& predicate, const model::SeriesKey& key,
                         std::string_view field) {
  if (predicate.key == "_measurement") return key.measurement;
  if (predicate.key == "_field") return field;
  return key.tag(predicate.key);
}

Answer evaluate(const Predicate& predicate, const model::SeriesKey& key, std::string_view field,
                const model::FieldValue* value) {
  switch (predicate.kind) {
    case Kind::all_of: {
      Answer answer = Answer::yes;
      for (const PredicatePtr& child : predicate.children) {
        answer = std::min(answer, evaluate(*child, key, field, value));
        if (answer == Answer::no) break;
      }
      return answer;
    }
    case Kind::any_of: {
      Answer answer = Answer::no;
      for (const PredicatePtr& child : predicate.children) {
        answer = std::max(answer, evaluate(*child, key, field, value));
        if (answer == Answer::yes) break;
      }
      return answer;
    }
    case Kind::not_:
      return opposite(evaluate(*predicate.children.front(), key, field, value));
    case Kind::tag_equal:
      return of(subject(predicate, key, field) == predicate.text);
    case Kind::tag_not_equal:
      return of(subject(predicate, key, field) != predicate.text);
    case Kind::tag_matches:
    case Kind::tag_not_matches: {
      bool found = re2::RE2::PartialMatch(subject(predicate, key, field), *predicate.regex);
      return of(found == (predicate.kind == Kind::tag_matches));
    }
    case Kind::tag_exists:
      return of(!subject(predicate, key, field).empty());
    default:
      return value == nullptr ? Answer::maybe
                              : of(compare_values(predicate.kind, *value, predicate.value));
  }
}

PredicatePtr make(Predicate predicate) {
  return std::make_shared<const Predicate>(std::move(predicate));
}

PredicatePtr with_children(Kind kind, std::vector<PredicatePtr> children) {
  Predicate predicate;
  predicate.kind = kind;
  predicate.children = std::move(children);
  return make(std::move(predicate));
}

Predicate tag_condition(Kind kind, std::string key, std::string text) {
  Predicate predicate;
  predicate.kind = kind;
  predicate.key = std::move(key);
  predicate.text = std::move(text);
  return predicate;
}

Result<PredicatePtr> regex_condition(Kind kind, std::string key, std::string pattern) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  auto regex = std::make_shared<const re2::RE2>(pattern, options);
  if (!regex->ok()) {
    return Error{Errc::invalid,
                 "cannot read regular expression /" + pattern + "/: " + regex->error()};
  }
  Predicate predicate = tag_condition(kind, std::move(key), std::move(pattern));
  predicate.regex = std::move(regex);
  return make(std::move(predicate));
}

}  // namespace

PredicatePtr all_of(std::vector<PredicatePtr> children) {
  return with_children(Kind::all_of, std::move(children));
}
PredicatePtr any_of(std::vector<PredicatePtr> children) {
  return with_children(Kind::any_of, std::move(children));
}
PredicatePtr negation(PredicatePtr child) { return with_children(Kind::not_, {std::move(child)}); }

PredicatePtr tag_equal(std::string key, std::string text) {
  return make(tag_condition(Kind::tag_equal, std::move(key), std::move(text)));
}
PredicatePtr tag_not_equal(std::string key, std::string text) {
  return make(tag_condition(Kind::tag_not_equal, std::move(key), std::move(text)));
}
PredicatePtr tag_exists(std::string key) {
  return make(tag_condition(Kind::tag_exists, std::move(key), {}));
}
Result<PredicatePtr> tag_matches(std::string key, std::string pattern) {
  return regex_condition(Kind::tag_matches, std::move(key), std::move(pattern));
}
Result<PredicatePtr> tag_not_matches(std::string key, std::string pattern) {
  return regex_condition(Kind::tag_not_matches, std::move(key), std::move(pattern));
}

PredicatePtr value_compare(Predicate::Kind kind, model::FieldValue value) {
  auto predicate = std::make_shared<Predicate>();
  predicate->kind = kind;
  predicate->value = value;
  if (value.type() == model::FieldType::string) {
    predicate->value_text = value.as_string();
    predicate->value = model::FieldValue::of_string(predicate->value_text);
  }
  return predicate;
}

bool tests_value(const Predicate& predicate) {
  if (predicate.kind >= Kind::value_equal) return true;
  for (const PredicatePtr& child : predicate.children) {
    if (tests_value(*child)) return true;
  }
  return false;
}

bool matches(const Predicate& predicate, const model::SeriesKey& key, std::string_view field,
             const model::FieldValue& value) {
  return evaluate(predicate, key, field, &value) == Answer::yes;
}

bool may_match(const Predicate& predicate, const model::SeriesKey& key, std::string_view field) {
  return evaluate(predicate, key, field, nullptr) != Answer::no;
}

}  // namespace weir::store
