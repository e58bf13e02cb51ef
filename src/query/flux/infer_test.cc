#include "query/flux/infer.h"

#include <doctest/doctest.h>

#include "query/exec/functions/library.h"
#include "query/flux/signatures.h"
#include "query/flux/stdlib/stdlib.h"

namespace weir::query::flux {
namespace {

const Registry& registry() {
  static const Registry filled = [] {
    Registry made;
    add_scalar_packages(made);
    register_tables(made);
    return made;
  }();
  return filled;
}

// What is wrong with a script's types, "@place: message" joined by "; ".
std::string problems(std::string_view script) {
  ParsedFile parsed = parse_file(script);
  REQUIRE(parsed.errors.empty());
  ast::Package package;
  package.files.push_back(parsed.file);
  std::string text;
  for (const SyntaxError& error : find_type_errors(package, registry()))
    text += (text.empty() ? "" : "; ") + ast::to_string(error.location) + ": " + error.message;
  return text;
}

TEST_CASE("operators ask for equal types of the right kind") {
  CHECK(problems("x = 1 + 2\ny = \"a\" + \"b\"\nz = 1.5 / 2.0\nb = 1 < 2.0 and \"a\" != \"b\"") ==
        "");
  CHECK(problems("x = 1 + 2.0") == "@1:9-1:12: expected int but found float");
  CHECK(problems("x = true + false") == "@1:5-1:17: bool is not Addable");
  CHECK(problems("x = \"a\" * \"b\"") == "@1:5-1:14: string is not Divisible");
  CHECK(problems("x = -\"a\"") == "@1:6-1:9: string is not Negatable");
  CHECK(problems("x = not 1") == "@1:9-1:10: expected bool but found int");
  CHECK(problems("x = 1 and true") == "@1:5-1:6: expected bool but found int");
  CHECK(problems("x = true < false") ==
        "@1:5-1:9: bool is not Comparable; "
        "@1:12-1:17: bool is not Comparable");
  CHECK(problems("x = 1 =~ /a/") == "@1:5-1:6: expected string but found int");
  CHECK(problems("x = if true then 1 else \"a\"") == "@1:25-1:28: expected int but found string");
  CHECK(problems("x = if 1 then 1 else 2") == "@1:8-1:9: expected bool but found int");
  CHECK(problems("x = \"${[1]}\"") == "@1:8-1:11: [int] (array) is not Stringable");
}

TEST_CASE("times and durations may be added and subtracted, beyond InfluxDB") {
  CHECK(problems("x = now() - 1h\ny = 1h + 30m\nz = now() - today()\nd = 2 * 1h") == "");
  CHECK(problems("f = (t) => t - 1h\nx = f(t: now())") == "");
  CHECK(problems("x = 1h + 1") == "@1:10-1:11: expected duration but found int");
}

TEST_CASE("arrays and dictionaries are of one type") {
  CHECK(problems("x = [1, \"a\"]") == "@1:9-1:12: expected int but found string");
  CHECK(problems("x = [{a: 1}, {a: 2}]\ny = x[0].a + 1") == "");
  // Rows of array.from() may lack properties.
  CHECK(problems("x = [{a: 1}, {b: \"s\"}, {a: 3}]\ny = x[0].b + \"t\"") == "");
  CHECK(problems("x = [{a: 1}, {a: \"s\"}]") != "");
  CHECK(problems("x = [\"a\": 1, \"b\": \"c\"]") == "@1:19-1:22: expected int but found string");
  CHECK(problems("x = [1, 2][\"a\"]") != "");
  CHECK(
      problems("import \"dict\"\nd = [\"a\": 1]\nx = dict.get(dict: d, key: \"a\", default: 0)") ==
      "");
  CHECK(problems("import \"dict\"\nd = [\"a\": 1]\nx = dict.get(dict: d, key: 1, default: 0)") ==
        "@3:28-3:29: expected string but found int (argument key)");
}

TEST_CASE("records are rows: what a function reads, its argument has") {
  CHECK(problems("x = {a: 1}.b") == "@1:5-1:11: record is missing label b");
  CHECK(problems("f = (r) => r.a + r.b\nx = f(r: {a: 1, b: 2, c: \"more\"})") == "");
  CHECK(problems("f = (r) => r.a + r.b\nx = f(r: {a: 1})") ==
        "@2:10-2:16: record is missing label b (argument r)");
  CHECK(problems("f = (r) => r.a + r.b\nx = f(r: {a: 1, b: \"x\"})") ==
        "@2:10-2:24: expected int but found string (argument r)");
  CHECK(problems("f = (r) => ({r with b: 1.5})\nx = f(r: {a: 1, b: \"s\"})\ny = x.b + 1.0 + "
                 "float(v: x.a)") == "");
  CHECK(problems("x = {a: 1}\ny = {x with a: \"q\"}\nz = y.a + \"r\"") == "");
}

TEST_CASE("functions are polymorphic where they are defined and not where they are passed") {
  CHECK(problems("id = (x) => x\na = id(x: 1) + 1\nb = id(x: \"s\") + \"t\"") == "");
  CHECK(problems("f = (g) => g(x: 1)\ny = f(g: (x) => x + 1)") == "");
  CHECK(problems("f = (g) => g(x: 1)\ny = f(g: (x) => x + 1.0)") ==
        "@2:10-2:24: expected int but found float (argument x) (argument g)");
  CHECK(problems("f = (g) => g(x: 1)\ny = f(g: (y) => y)") ==
        "@2:10-2:18: found unexpected argument y (argument g); "
        "@2:10-2:18: missing required argument x (argument g)");
  CHECK(problems("f = (g) => [g(x: 1), g(x: \"a\")]") != "");
  CHECK(problems("add = (a, b) => a + b\nx = add(a: 1, b: 2.0)") ==
        "@2:18-2:21: expected int but found float (argument b)");
  CHECK(problems("f = (x=1) => x\ny = f(x: \"a\") + \"b\"") == "");
  CHECK(problems("f = (x=1) => x + \"a\"") == "@1:5-1:21: expected string but found int");
  CHECK(problems("make = (n) => (x) => x + n\ny = make(n: 3)(x: \"a\")") ==
        "@2:19-2:22: expected int but found string (argument x)");
  CHECK(problems("f = (x) => { y = x + 1\n return y }\nz = f(x: 1.0)") ==
        "@3:10-3:13: expected int but found float (argument x)");
  CHECK(problems("w = (f) => f(f: f)") != "");  // a function of itself has no type
}

TEST_CASE("the library's functions take what their signatures say") {
  const std::string from = "from(bucket: \"b\") |> range(start: -1h)";
  CHECK(problems(from + " |> filter(fn: (r) => r._value > 1.5 and r.host == \"a\")") == "");
  CHECK(problems(from + " |> filter(fn: (r) => \"a\")") ==
        "@1:54-1:64: expected bool but found string for return type caused by expected bool but "
        "found string (argument fn)");
  CHECK(problems(from + " |> filter(fn: (r, s) => true)") ==
        "@1:54-1:68: found unexpected argument s (argument fn)");
  CHECK(problems(from + " |> limit(n: \"a\")") ==
        "@1:52-1:55: expected int but found string (argument n)");
  CHECK(problems(from + " |> aggregateWindow(every: 1h, fn: mean)") == "");
  CHECK(problems(from + " |> aggregateWindow(every: 1h, fn: (tables=<-, column) => "
                        "tables |> mean(column: column))") == "");
  CHECK(problems(from + " |> map(fn: (r) => ({r with x: r._value + 1, y: r._value * 2.0}))") != "");
  CHECK(problems(from + " |> group(columns: \"a\")") ==
        "@1:58-1:61: expected [string] (array) but found string (argument columns)");
  CHECK(problems("x = 1 |> count()") ==
        "@1:5-1:6: expected stream[A] (stream) but found int (argument tables)");
  CHECK(problems("data = " + from +
                 "\na = data |> filter(fn: (r) => r._value > 1)\n"
                 "b = data |> filter(fn: (r) => r._value == \"a\")") == "");
}

TEST_CASE("every signature belongs to a member with the same parameters") {
  REQUIRE(all_signatures().size() > 400);
  for (const auto& [key, signature] : all_signatures()) {
    CAPTURE(key.first);
    CAPTURE(key.second);
    const Library* library = registry().find(key.first);
    CHECK(library != nullptr);
    if (library == nullptr) continue;
    auto member = library->members.find(key.second);
    if (member == library->members.end()) continue;  // written in Flux
    const Value& value = member->second.binding.value;
    CHECK(value.is(ValueType::function) == (signature.type->kind == ast::TypeKind::function));
    if (!value.is(ValueType::function) || signature.type->kind != ast::TypeKind::function) continue;
    const std::vector<ast::TypeParameter>& documented = signature.type->parameters;
    const std::vector<Parameter>& parameters = value.as_function().parameters();
    CHECK(documented.size() <= parameters.size());
    for (const ast::TypeParameter& one : documented) {
      CAPTURE(one.name.text);
      const Parameter* found = value.as_function().find_parameter(one.name.text);
      CHECK(found != nullptr);
      if (found == nullptr) continue;
      CHECK((one.kind == ast::ParameterKind::pipe) == found->pipe);
      if (one.kind == ast::ParameterKind::optional)
        CHECK(found->kind == ast::ParameterKind::optional);
    }
  }
}

TEST_CASE("types that grow without end are given up, and the script is accepted") {
  std::string doubling = "f0 = (x) => ({a: x, b: x})\n";
  for (int i = 1; i < 60; ++i) {
    const std::string before = "f" + std::to_string(i - 1);
    doubling += "f" + std::to_string(i) + " = (x) => " + before + "(x: " + before + "(x: x))\n";
  }
  CHECK(problems(doubling + "y = 1 + \"a\"") == "");
  std::string nested = "x0 = [1]\n";
  for (int i = 1; i < 2000; ++i)
    nested += "x" + std::to_string(i) + " = [x" + std::to_string(i - 1) + "]\n";
  CHECK(problems(nested + "y = x1999 == x1999") == "");
  std::string unlike, wide;
  for (int i = 0; i < 3000; ++i) {
    unlike += "{a" + std::to_string(i) + ": 1}, ";
    wide += "a" + std::to_string(i) + ": 1, ";
  }
  CHECK(problems("x = [" + unlike + "]\ny = 1 + \"a\"") == "");
  std::string uses;
  for (int i = 0; i < 100; ++i) uses += "y" + std::to_string(i) + " = x.a2999\n";
  CHECK(problems("x = {" + wide + "}\n" + uses + "z = 1 + \"a\"") == "");
  std::string chain = "a";
  for (int i = 0; i < 900; ++i) chain += " |> f()";
  CHECK(problems("f = (t=<-) => t\na = 1\nx = " + chain + " + \"a\"") != "");
  std::string sum = "1", either = "true", member = "a";
  for (int i = 0; i < 900; ++i) sum += " + 1", either += " or true", member += ".b";
  CHECK(problems("x = " + sum) == "");
  CHECK(problems("x = " + either) == "");
  CHECK(problems("f = (a) => " + member) == "");
}

}  // namespace
}  // namespace weir::query::flux
