#include "query/flux/parser.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include "base/json.h"

#include "query/flux/ast_json.h"
#include "query/flux/format.h"

namespace weir::query::flux {
namespace {

using nlohmann::json;

void drop_locations(json& node) {
  if (node.is_object()) node.erase("location");
  if (node.is_structured())
    for (json& child : node) drop_locations(child);
}

json tree(const ast::File& file) {
  json document = to_json(file);
  drop_locations(document);
  return document;
}

std::vector<std::string> comments(const ast::File& file) {
  std::vector<std::string> texts;
  for (const ast::Comment& comment : file.comments) texts.push_back(comment.text);
  return texts;
}

struct Case {
  std::string script, kind, wanted;
};

std::vector<Case> read_cases(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::vector<Case> cases(1);
  std::string line;
  while (std::getline(in, line)) {
    if (line.starts_with("#")) continue;
    if (line == "---")
      cases.emplace_back();
    else if (line.starts_with("=> "))
      cases.back().kind = line.substr(3);
    else
      (cases.back().kind.empty() ? cases.back().script : cases.back().wanted) += line + "\n";
  }
  return cases;
}

std::string answer(const Case& wanted) {
  Result<ast::Package> package = parse_package(wanted.script);
  if (!package.ok()) return package.error().message + "\n";
  const ast::File& file = *package->files.front();
  return wanted.kind == "json" ? tree(file)["body"][0].dump() + "\n" : format(file);
}

TEST_CASE("every case under test/flux/parse gives what it says, and formats to an equal tree") {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(WEIR_TEST_DIR "/flux/parse")) {
    for (const Case& wanted : read_cases(entry.path())) {
      CAPTURE(wanted.script);
      ++count;
      if (wanted.kind == "json")
        CHECK(json::parse(answer(wanted)) == json::parse(wanted.wanted));
      else
        CHECK(answer(wanted) == wanted.wanted);
      ParsedFile parsed = parse_file(wanted.script);
      if (!parsed.errors.empty()) continue;
      ParsedFile again = parse_file(format(*parsed.file));
      CHECK(again.errors.empty());
      CHECK(tree(*again.file) == tree(*parsed.file));
      CHECK(comments(*again.file) == comments(*parsed.file));
      CHECK(format(*again.file) == format(*parsed.file));
    }
  }
  CHECK(count >= 20);
}

TEST_CASE("any cut of a script parses to a tree or an error, and never crashes") {
  std::string script =
      "import \"a\"\n@x(\"y\")\noption a.b = {c with \"d\": [1h2m, 2020-01-02T03:04:05Z]}\n"
      "f = (r, t=<-) => { x = \"${r.y + 1}\" return if not /z/ =~ x then [:] else [\"k\": .5] }\n"
      "builtin g : (<-t: stream[A], ?n: [string: int]) => {A with x: int} where A: Record\n"
      "(t |> f(r) |> g())[0] ^ -2";
  REQUIRE(parse_file(script).errors.empty());
  for (size_t size = 0; size <= script.size(); ++size) {
    parse_file(std::string_view(script).substr(0, size));
    std::string flipped = script;
    if (size < script.size()) flipped[size] = static_cast<char>(flipped[size] ^ 0x15);
    ParsedFile parsed = parse_file(flipped);
    CHECK((parsed.file != nullptr));
  }
}

TEST_CASE("a comment at any place of a script survives formatting, and changes no tree") {
  const std::string script =
      "package p\nimport x \"a\"\nimport \"b\"\n@x(\"y\", 2)\noption a.b = {c with d: [1h2m, 2]}\n"
      "f = (r, t=<-) => {\n x = \"${g(y: r.y + 1, z: 2)}\"\n return if not x then [:] else [\"k\": "
      "5]\n}\n"
      "builtin g : (<-t: stream[A], ?n: [string: int]) => {A with x: int} where A: Record\n"
      "t |> f(r: 1) |> g(a: [{b: 1}, {b: 2}], fn: (r) => ({r with b: (1 + r.b) * 2}))\n"
      "z = (t |> f(r: 2))[0] ^ -2\n";
  ParsedFile plain = parse_file(script);
  REQUIRE(plain.errors.empty());
  int tried = 0;
  for (size_t at = 0; at <= script.size(); ++at) {
    for (const char* comment : {"// c\n", "\n// c\n// d\n"}) {
      std::string commented = script;
      commented.insert(at, comment);
      ParsedFile parsed = parse_file(commented);
      // Inside a token it is something else.
      if (!parsed.errors.empty() || parsed.file->comments.empty()) continue;
      if (tree(*parsed.file) != tree(*plain.file)) continue;
      ++tried;
      CAPTURE(commented);
      const std::string formatted = format(*parsed.file);
      CAPTURE(formatted);
      ParsedFile again = parse_file(formatted);
      REQUIRE(again.errors.empty());
      CHECK(tree(*again.file) == tree(*plain.file));
      CHECK(comments(*again.file) == comments(*parsed.file));
    }
  }
  CHECK(tried > 300);
}

TEST_CASE("nesting and chains are accepted up to their limits and refused past them") {
  auto repeat = [](std::string_view text, int times) {
    std::string out;
    for (int i = 0; i < times; ++i) out += text;
    return out;
  };
  CHECK(parse_file(repeat("(", 90) + "1" + repeat(")", 90)).errors.empty());
  for (const char* opening : {"(", "[", "{a: ", "- ", "not ", "() => ", "() => {", "f(a: ", "\"${",
                              "if a then b else ", "[1: "})
    CHECK(parse_file(repeat(opening, 100'000) + "1").errors.size() >= 1);
  CHECK(parse_file("a" + repeat(" or a", 900)).errors.empty());
  CHECK(parse_file("a" + repeat(" or a", 100'000)).errors.size() == 1);
  CHECK(parse_file("a" + repeat(" |> f()", 100'000)).errors.size() == 1);
  CHECK(parse_file("a" + repeat(".b", 100'000)).errors.size() == 1);
  std::string deep = "a";  // chains inside the blocks of functions add up
  for (int i = 0; i < 10; ++i) deep = "(() => { return " + deep + repeat(" or a", 300) + " })()";
  CHECK(parse_file(deep).errors.size() == 1);
  CHECK(parse_file(std::string(kSourceBytesMax + 1, ' ')).errors.size() == 1);
}

TEST_CASE("an extern file as clients send it becomes options") {
  json document = json::parse(R"({"type": "File", "package": null, "imports": null, "body": [
    {"type": "OptionStatement", "assignment": {"type": "VariableAssignment",
      "id": {"type": "Identifier", "name": "v"},
      "init": {"type": "ObjectExpression", "properties": [
        {"type": "Property", "key": {"type": "Identifier", "name": "timeRangeStart"},
         "value": {"type": "UnaryExpression", "operator": "-", "argument":
           {"type": "DurationLiteral", "values": [{"magnitude": 1, "unit": "h"}]}}},
        {"type": "Property", "key": {"type": "Identifier", "name": "timeRangeStop"},
         "value": {"type": "CallExpression", "callee": {"type": "Identifier", "name": "now"}}},
        {"type": "Property", "key": {"type": "Identifier", "name": "n"},
         "value": {"type": "IntegerLiteral", "value": "5"}}]}}}]})");
  Result<ast::FilePtr> file = file_from_json(document);
  REQUIRE(file.ok());
  CHECK(format(**file) == "option v = {timeRangeStart: -1h, timeRangeStop: now(), n: 5}\n");
  document["body"][0]["assignment"]["init"]["type"] = "Nonsense";
  CHECK_FALSE(file_from_json(document).ok());
  CHECK_FALSE(file_from_json(json::parse("[1]")).ok());
}

}  // namespace
}  // namespace weir::query::flux
