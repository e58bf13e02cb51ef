#include "store/predicate.h"

#include <doctest/doctest.h>

namespace weir::store {
namespace {

const model::SeriesKey kKey{"cpu", {{"host", "web1"}, {"region", "eu"}}};
const model::FieldValue kValue = model::FieldValue::of_float(20.5);

bool holds(const PredicatePtr& predicate) { return matches(*predicate, kKey, "usage", kValue); }
bool may_hold(const PredicatePtr& predicate) { return may_match(*predicate, kKey, "usage"); }

}  // namespace

TEST_CASE("tags, measurement and field compare as text; an absent tag is empty") {
  CHECK(holds(tag_equal("host", "web1")));
  CHECK_FALSE(holds(tag_equal("host", "web2")));
  CHECK(holds(tag_not_equal("host", "web2")));
  CHECK(holds(tag_equal("_measurement", "cpu")));
  CHECK(holds(tag_equal("_field", "usage")));
  CHECK(holds(tag_equal("rack", "")));
  CHECK_FALSE(holds(tag_not_equal("rack", "")));
  CHECK(holds(tag_exists("region")));
  CHECK_FALSE(holds(tag_exists("rack")));
}

TEST_CASE("regular expressions are unanchored, and a bad one says why") {
  CHECK(holds(*tag_matches("host", "eb[0-9]")));
  CHECK_FALSE(holds(*tag_matches("host", "^eb")));
  CHECK(holds(*tag_not_matches("host", "^db")));
  CHECK(holds(*tag_matches("rack", "^$")));
  Result<PredicatePtr> bad = tag_matches("host", "a(");
  REQUIRE_FALSE(bad.ok());
  CHECK(bad.error().code == Errc::invalid);
  CHECK(bad.error().message.find("missing )") != std::string::npos);
}

TEST_CASE("values compare within their type only") {
  using Kind = Predicate::Kind;
  auto with = [](Kind kind, double v) {
    return value_compare(kind, model::FieldValue::of_float(v));
  };
  CHECK(holds(with(Kind::value_equal, 20.5)));
  CHECK(holds(with(Kind::value_not_equal, 1)));
  CHECK(holds(with(Kind::value_less, 21)));
  CHECK(holds(with(Kind::value_less_equal, 20.5)));
  CHECK(holds(with(Kind::value_greater, 20)));
  CHECK_FALSE(holds(with(Kind::value_greater_equal, 21)));
  CHECK_FALSE(holds(value_compare(Kind::value_not_equal, model::FieldValue::of_int(1))));
  std::string text = "on";
  PredicatePtr on = value_compare(Kind::value_equal, model::FieldValue::of_string(text));
  text = "xx";  // the predicate owns its own copy
  CHECK(matches(*on, kKey, "state", model::FieldValue::of_string("on")));
}

TEST_CASE("before values are known a value comparison is a maybe, also under not") {
  PredicatePtr hot =
      value_compare(Predicate::Kind::value_greater, model::FieldValue::of_float(100));
  CHECK(may_hold(hot));
  CHECK(may_hold(negation(hot)));
  CHECK_FALSE(holds(hot));
  CHECK(holds(negation(hot)));
  CHECK_FALSE(may_hold(all_of({tag_equal("host", "web2"), hot})));
  CHECK(may_hold(any_of({tag_equal("host", "web2"), hot})));
  CHECK(tests_value(*negation(all_of({tag_exists("host"), hot}))));
  CHECK_FALSE(tests_value(*tag_exists("host")));
  CHECK(holds(all_of({})));
  CHECK_FALSE(holds(any_of({})));
}

}  // namespace weir::store
