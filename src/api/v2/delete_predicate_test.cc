#include "api/v2/delete_predicate.h"

#include <doctest/doctest.h>

namespace weir::api::v2 {
namespace {

// The predicate as text, so that a test shows what was understood.
std::string text_of(const store::PredicatePtr& predicate) {
  using Kind = store::Predicate::Kind;
  if (predicate == nullptr) return "everything";
  if (predicate->kind == Kind::tag_equal) return predicate->key + "=" + predicate->text;
  if (predicate->kind == Kind::tag_not_equal) return predicate->key + "!=" + predicate->text;
  if (predicate->kind != Kind::all_of) return "?";
  std::string text;
  for (const store::PredicatePtr& child : predicate->children)
    text += (text.empty() ? "(" : " & ") + text_of(child);
  return text + ")";
}

std::string parsed(std::string_view text) {
  Result<store::PredicatePtr> predicate = parse_delete_predicate(text);
  return predicate.ok() ? text_of(*predicate) : "error: " + predicate.error().message;
}

TEST_CASE("conditions are read as InfluxDB reads them") {
  CHECK(parsed("") == "everything");
  CHECK(parsed("  ") == "everything");
  CHECK(parsed(R"(_measurement="home")") == "_measurement=home");
  CHECK(parsed(R"(_measurement = home AND room != "hall")") == "(_measurement=home & room!=hall)");
  CHECK(parsed(R"(a=b and "my tag"="x \"y\" \\ z")") == "(a=b & my tag=x \"y\" \\ z)");
  CHECK(parsed(R"((a=b) AND ((c=d AND e="f")))") == "(a=b & (c=d & e=f))");
  CHECK(parsed("a=1 AND b=1.5 AND c=12h AND d=true AND e=FALSE") ==
        "(a=1 & b=1.5 & c=12h & d=true & e=false)");
  CHECK(parsed("a=-3") == "a=-3");
  CHECK(parsed(R"(_field="temperature")") == "_field=temperature");
  CHECK(parsed("name=x") == "name=x");
  CHECK(parsed(R"("Name"=x AND "select"="key")") == "(Name=x & select=key)");
}

TEST_CASE("what InfluxDB refuses is refused with its words") {
  CHECK(parsed("a=b OR c=d") ==
        "error: the logical operator OR is not supported yet at position 4");
  CHECK(parsed("a=~/b/") == R"(error: operator: "=~" at position: 1 is not supported yet)");
  CHECK(parsed("a !~ /b/") == R"(error: operator: "!~" at position: 2 is not supported yet)");
  CHECK(parsed("a>1") == R"(error: invalid operator ">" at position: 1)");
  CHECK(parsed("a") == R"(error: invalid operator "EOF" at position: 1)");
  CHECK(parsed("a b") == R"(error: invalid operator "b" at position: 2)");
  CHECK(parsed("a='b'") == R"(error: bad tag value: "b", at position 2)");
  CHECK(parsed("a=") == R"(error: bad tag value: "", at position 2)");
  CHECK(parsed("a=b)") == "error: extra ) seen");
  CHECK(parsed("(a=b") == "error: extra ( seen");
  CHECK(parsed(")") == "error: extra ) seen");
  CHECK(parsed("()") == "error: extra ) seen");
  CHECK(parsed("a=b c=d") == "error: bad logical expression, at position 4");
  CHECK(parsed("a=b AND") == "error: bad logical expression, at position 7");
  CHECK(parsed("AND a=b") == "error: bad logical expression, at position 0");
  CHECK(parsed("select=b") == "error: bad logical expression, at position 0");
  CHECK(parsed("1=b") == "error: bad tag key, at position 0");
  CHECK(parsed("a=\"b") == R"(error: bad tag value: "b", at position 2)");
  CHECK(parsed("\x01") == "error: bad logical expression, at position 0");
}

TEST_CASE("deep nesting and long texts are bounded") {
  std::string nested(kPredicateDepthMax, '(');
  nested += "a=b" + std::string(kPredicateDepthMax, ')');
  CHECK(parsed(nested) == "a=b");
  CHECK(parsed("(" + nested + ")") == "error: parentheses are nested deeper than 100");
  CHECK(parsed("a=" + std::string(kPredicateBytesMax, 'b')).starts_with("error: the predicate is"));
}

TEST_CASE("no prefix and no flipped byte of a predicate does worse than an error") {
  const std::string text = R"(_measurement="home" AND (room!="a\"b" AND x=12h) AND y=true)";
  for (size_t i = 0; i <= text.size(); i++) (void)parsed(text.substr(0, i));
  for (size_t i = 0; i < text.size(); i++) {
    for (int bit = 0; bit < 8; bit++) {
      std::string flipped = text;
      flipped[i] = static_cast<char>(flipped[i] ^ (1 << bit));
      (void)parsed(flipped);
    }
  }
  CHECK(parsed(text) == "(_measurement=home & (room!=a\"b & x=12h) & y=true)");
}

}  // namespace
}  // namespace weir::api::v2
