#include "ingest/rules.h"

#include <doctest/doctest.h>

namespace weir::ingest {
namespace {

std::string mistakes(std::string_view toml) {
  const auto rules = RuleSet::parse(toml);
  return rules.ok() ? "" : rules.error().message;
}

bool matches(std::string_view pattern, std::string_view topic) {
  return TopicPattern::parse(pattern).value().match(topic);
}

}  // namespace

TEST_CASE("mistakes are told with line, column and what was meant") {
  CHECK(mistakes("[[map]]\ntopic = \"a\"\nmesurement = \"b\"\n") ==
        "3:1: unknown key \"mesurement\"; did you mean \"measurement\"?");
  CHECK(mistakes("[auto]\nmod = \"on\"\n") == "2:1: unknown key \"mod\"; did you mean \"mode\"?");
  CHECK(mistakes("[mapp]\n") == "1:2: unknown key \"mapp\"; did you mean \"map\"?");
  CHECK(mistakes("[map]\ntopic = \"a\"\n") == "1:1: rules are written [[map]], with two brackets");
  CHECK(mistakes("[[map]]\ntopic = \"a\n").starts_with("2:"));
  CHECK(mistakes("[[map]]\ntopic = 3\n") == "2:9: topic takes a text in quotes");
  CHECK(mistakes("[[map]]\nformat = \"json\"\n") == "1:1: a rule needs a topic");
}

TEST_CASE("all mistakes of a file are told at once") {
  CHECK(mistakes("[[map]]\ntopic = \"a/#/b\"\nignore = 1\n[[map]]\ntopic = \"x/{y}{z}\"\n") ==
        "2:9: # and {name...} take the rest of the topic, so they come last\n"
        "3:10: ignore is true or false\n"
        "5:9: two names side by side: put a fixed character between them");
}

TEST_CASE("what is not offered yet is refused by name") {
  CHECK(mistakes("[[map]]\ntopic = \"a\"\nformat = \"sparkplug\"\n") ==
        "3:10: format \"sparkplug\" is not offered yet");
  CHECK(mistakes("[[map]]\ntopic = \"a\"\nzone = \"Europe/Berlin\"\n") ==
        "3:1: \"zone\" is not offered yet");
  CHECK(mistakes("[[map]]\ntopic = \"a\"\nfields = { kw = \"= w / 1000\" }\n") ==
        "3:17: calculated fields (\"= ...\") are not offered yet");
  CHECK(mistakes("[[map]]\ntopic = \"a\"\nformat = \"xml\"\n") ==
        "3:10: unknown format \"xml\": auto, json, number, text or line");
}

TEST_CASE("rules that could never work are refused") {
  for (const char* rule : {"topic = \"\"",
                           "topic = \"a/{b}/{b}\"",
                           "topic = \"a/{}\"",
                           "topic = \"a/{b\"",
                           "topic = \"a/b+\"",
                           "topic = \"{a}/{b}\"",
                           "topic = \"a/{time}\"",
                           "topic = \"a\"\nmeasurement = \"{b}\"",
                           "topic = \"a\"\ntags = { _field = \"x\" }",
                           "topic = \"a\"\ntags = { x = \"$.\" }",
                           "topic = \"a\"\ntags = { x = [1] }",
                           "topic = \"a\"\nfields = []",
                           "topic = \"a\"\nfields = { x = \"a.*\" }",
                           "topic = \"a\"\nfields = [\"a..b\"]",
                           "topic = \"a\"\nfields = [\"a[x]\"]",
                           "topic = \"a\"\nwhen = \"x\"",
                           "topic = \"a\"\nwhen = \"x == y\"",
                           "topic = \"a\"\ntypes = { x = \"integer\" }",
                           "topic = \"a\"\ntypes = { x = \"bool:ON\" }",
                           "topic = \"a\"\neach = \"x\"",
                           "topic = \"a/{b}\"\neach = \"x.{b}\"",
                           "topic = \"a\"\ntags = { b = \"1\" }\neach = \"x.{b}\"",
                           "topic = \"a\"\ntags = { \"b\\\\\" = \"1\" }",
                           "topic = \"a\"\neach = '{b\\}'",
                           "topic = \"a\"\nretained = \"yes\"",
                           "topic = \"a\"\nformat = \"line\"\nfields = [\"x\"]",
                           "topic = \"a\"\nskip = \"x\""}) {
    CAPTURE(rule);
    CHECK_FALSE(mistakes("[[map]]\n" + std::string(rule) + "\n").empty());
  }
}

TEST_CASE("other tables belong to others when the file is weir's whole configuration") {
  const std::string_view toml = "[mqtt]\nlisten = \":1883\"\n[[map]]\ntopic = \"a\"\n";
  CHECK_FALSE(RuleSet::parse(toml).ok());
  const auto rules = RuleSet::parse(toml, OtherTables::ignore);
  REQUIRE(rules.ok());
  CHECK((*rules)->rules().size() == 1);
  CHECK((*rules)->rules()[0].title() == "rule 1 (a)");
}

TEST_CASE("patterns match level by level, and parts of levels") {
  CHECK(matches("a/{x}", "a/b"));
  CHECK_FALSE(matches("a/{x}", "a"));
  CHECK_FALSE(matches("a/{x}", "a/"));
  CHECK_FALSE(matches("a/{x}", "a/b/c"));
  CHECK_FALSE(matches("a/{x}", "a/$b"));
  CHECK(matches("a/$state", "a/$state"));
  CHECK(matches("a/{x...}", "a/b/c"));
  CHECK_FALSE(matches("a/{x...}", "a"));
  CHECK(matches("a/#", "a"));
  CHECK(matches("#", "a/b"));
  CHECK_FALSE(matches("#", "$SYS/x"));
  CHECK_FALSE(matches("a/#", "b"));
  CHECK(matches("x{a}-{b}y", "x1-2y"));
  CHECK(matches("x{a}y", "xyy"));
  CHECK_FALSE(matches("x{a}y", "xy"));
  CHECK_FALSE(matches("{a}:{b}", "a:"));
  CHECK_FALSE(matches("{a}:{b}", ":b"));
  CHECK(TopicPattern::parse("v3/{a}@{b}/x/{c...}").value().filter() == "v3/+/x/#");
}

TEST_CASE("filters for skip follow MQTT: wildcards take $ levels, except the first") {
  auto taken = [](std::string_view filter, std::string_view topic) {
    return TopicPattern::parse_filter(filter).value().match(topic);
  };
  CHECK(taken("+/+/set", "a/$x/set"));
  CHECK(taken("$SYS/#", "$SYS/broker/x"));
  CHECK_FALSE(taken("#", "$SYS/broker/x"));
  CHECK_FALSE(taken("+/x", "$SYS/x"));
  CHECK_FALSE(TopicPattern::parse_filter("a/{b}").ok());
}

}  // namespace weir::ingest
