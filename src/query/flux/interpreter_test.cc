#include "query/flux/interpreter.h"

#include <doctest/doctest.h>

#include "query/flux/parser.h"
#include "query/flux/stdlib/stdlib.h"

namespace weir::query::flux {
namespace {

const Registry& registry() {
  static const Registry filled = [] {
    Registry made;
    add_scalar_packages(made);
    made.add_function("universe", "emit", "(<-v, ?label: string)",
                      [](CallContext&, const Arguments& arguments) -> Result<Value> {
                        WEIR_TRY(std::string label, arguments.string_or("label", ""));
                        return Value::of_string(label + to_display(arguments.raw("v")));
                      });
    made.add_value("universe", "nothing", Value());
    made.add_option("alert", "state", Value::of_string("ok"));
    made.add_script("alert", "isOk = () => state == \"ok\"\ndouble = (v) => v * 2");
    return made;
  }();
  return filled;
}

struct Printed : Host {
  std::vector<std::string> lines;
  Result<void> on_expression(const Value& value, const ast::Expression&) override {
    lines.push_back(to_display(value));
    return {};
  }
};

// What a script's expression statements give, joined by "; ", or its error.
std::string run(std::string_view script, EvaluationLimits limits = {}) {
  Result<ast::Package> package = parse_package(script);
  if (!package.ok()) return package.error().message;
  Printed host;
  Interpreter interpreter(registry(), host, 1'600'000'000'000'000'000, limits);
  if (Result<void> ran = interpreter.run(*package); !ran.ok()) return ran.error().message;
  std::string text;
  for (const std::string& line : host.lines) text += (text.empty() ? "" : "; ") + line;
  return text;
}

TEST_CASE("numbers of different types do not mix, integers truncate, and zero does not divide") {
  CHECK(run("7 / 2") == "3");
  CHECK(run("-7 / 2") == "-3");
  CHECK(run("-7 % 4") == "-3");
  CHECK(run("7.0 / 2.0") == "3.5");
  CHECK(run("2 ^ 10") == "1024");
  CHECK(run("2.0 ^ 0.5") == "1.4142135623730951");
  CHECK(run("1 + 1.0") == "compilation failed: error @1:5-1:8: expected int but found float");
  CHECK(run("1 / 0") == "error @1:1-1:6: cannot divide by zero");
  CHECK(run("[1.0 / 0.0, -1.0 / 0.0, 0.0 / 0.0]") == "[+Inf, -Inf, NaN]");
  CHECK(run("9223372036854775807 + 1") == "-9223372036854775808");
  CHECK(run("1 < 2.5") == "true");
}

TEST_CASE("nulls spread through operators, and logic is three-valued") {
  CHECK(run("nothing + 1") == "<null>");
  CHECK(run("nothing == 1") == "<null>");
  CHECK(run("false and nothing") == "false");
  CHECK(run("nothing and false") == "false");
  CHECK(run("nothing or true") == "true");
  CHECK(run("nothing or false") == "<null>");
  CHECK(run("exists nothing") == "false");
  CHECK(run("if nothing then 1 else 2") == "2");
}

TEST_CASE("times move by months and days, the day clipped to the month's end") {
  CHECK(run("2018-01-31T00:00:00Z + 1mo") == "2018-02-28T00:00:00.000000000Z");
  CHECK(run("2020-01-31T00:00:00Z + 1mo") == "2020-02-29T00:00:00.000000000Z");
  CHECK(run("2018-02-28T00:00:00Z + 1mo + 1d") == "2018-03-29T00:00:00.000000000Z");
  CHECK(run("2018-01-01T00:00:00Z - 1d + 3mo") == "2018-03-31T00:00:00.000000000Z");
  CHECK(run("2018-01-31T00:00:00Z + 1mo1d") == "2018-03-01T00:00:00.000000000Z");
  CHECK(run("2020-03-31T00:00:00Z - 1mo") == "2020-02-29T00:00:00.000000000Z");
  CHECK(run("-1h30m") == "-1h30m");
  CHECK(run("90m + 30m") == "2h");
  CHECK(run("14mo") == "1y2mo");
}

TEST_CASE("functions close over their scope, take defaults and the pipe") {
  CHECK(run("f = (a, b=10) => a + b\nf(a: 1)") == "11");
  CHECK(run("n = 5\nf = (x=<-) => x * n\n2 |> f()") == "10");
  CHECK(run("make = (n) => (x) => x + n\nadd = make(n: 3)\nadd(x: 4)") == "7");
  CHECK(run("f = (a) => {\n b = a + 1\n c = b * 2\n return c\n}\nf(a: 1)") == "4");
  CHECK(run("x = 1\nf = (x) => x\nf(x)") == "1");
  CHECK(run("1 |> emit(label: \"v=\")") == "v=1");
}

TEST_CASE("strings interpolate, records extend and arrays index") {
  CHECK(run("a = 1\n\"x ${a + 1} ${\"y\"} ${1h}\"") == "x 2 y 1h");
  CHECK(run("r = {a: 1, b: 2}\n{r with b: 3, c: 4}") == "{a: 1, b: 3, c: 4}");
  CHECK(run("r = {\"a b\": 1}\nr[\"a b\"]") == "1");
  CHECK(run("[1, 2, 3][1]") == "2");
  CHECK(run("[1][3]") == "error @1:1-1:7: cannot access element 3 of array of length 1");
  CHECK(run("[1, \"a\"]") == "compilation failed: error @1:5-1:8: expected int but found string");
  CHECK(run("[\"b\": 1, \"a\": 2]") == "[a: 2, b: 1]");
  CHECK(run("\"abc\" =~ /b/") == "true");
  CHECK(run("\"${[1]}\"") == "compilation failed: error @1:4-1:7: [int] (array) is not Stringable");
}

TEST_CASE("options can be replaced, also another package's, and closures see the new value") {
  CHECK(run("option now = () => 2020-01-01T00:00:00Z\ntoday()") ==
        "2020-01-01T00:00:00.000000000Z");
  CHECK(run("import \"alert\"\nalert.isOk()") == "true");
  CHECK(run("import \"alert\"\noption alert.state = \"crit\"\nalert.isOk()") == "false");
  CHECK(run("import a \"alert\"\na.double(v: 21)") == "42");
  CHECK(run("import \"alert\"\noption alert.nope = 1") ==
        "compilation failed: error @2:8-2:22: undefined option nope in package alert");
}

TEST_CASE("names and arguments are checked before anything runs, all at once") {
  CHECK(run("x = y + z") ==
        "compilation failed: error @1:5-1:6: undefined identifier y\n\n"
        "error @1:9-1:10: undefined identifier z");
  CHECK(run("f = (a) => a\nf()") ==
        "compilation failed: error @2:1-2:4: missing required argument a");
  CHECK(run("f = (a) => a\nf(a: 1, b: 2)") ==
        "compilation failed: error @2:9-2:13: found unexpected argument b");
  CHECK(run("f = (a) => a\nf(a: 1, a: 2)") ==
        "compilation failed: error @2:9-2:13: found duplicate argument a");
  CHECK(run("f = (a=<-) => a\nf()") ==
        "compilation failed: error @2:1-2:4: missing required argument a");
  CHECK(run("f = () => 1\n2 |> f()") ==
        "compilation failed: error @2:6-2:9: missing pipe argument");
  CHECK(run("f = () => f()") == "compilation failed: error @1:11-1:12: undefined identifier f");
  CHECK(run("f = () => {\n x = 1\n}") ==
        "compilation failed: error @1:11-3:2: missing return statement in block");
  CHECK(run("x = 1\nx = 2") ==
        "compilation failed: error @2:1-2:2: variable \"x\" is assigned more than once");
  CHECK(run("import \"nope\"") == "compilation failed: error @1:1-1:14: invalid import path nope");
  CHECK(run("length(arr: 1)") ==
        "compilation failed: error @1:13-1:14: expected [A] (array) but found int (argument arr)");
}

TEST_CASE("an endless evaluation and a deep call chain end in errors") {
  EvaluationLimits few;
  few.steps_max = 100;
  CHECK(run("f = (x) => [x, x, x, x, x, x, x, x, x, x]\nf(x: f(x: f(x: 1)))", few).find("error") ==
        std::string::npos);
  few.steps_max = 20;
  CHECK(run("f = (x) => [x, x, x, x, x, x, x, x, x, x]\nf(x: f(x: f(x: 1)))", few)
            .find("too many expressions") != std::string::npos);
  std::string script = "f0 = () => 1\n";
  for (int i = 1; i <= 300; ++i)
    script += "f" + std::to_string(i) + " = () => f" + std::to_string(i - 1) + "()\n";
  CHECK(run(script + "f150()") == "1");
  CHECK(run(script + "f300()").find("too deeply") != std::string::npos);
}

TEST_CASE("deep trees in deep calls end in an error, not in the stack") {
  std::string ones;
  for (int i = 0; i < 900; ++i) ones += " + 1";
  std::string script = "f0 = (x) => x" + ones + "\n";
  for (int i = 1; i <= 150; ++i)
    script +=
        "f" + std::to_string(i) + " = (x) => f" + std::to_string(i - 1) + "(x: x)" + ones + "\n";
  CHECK(run("f = (x) => x" + ones + "\nf(x: 0)") == "900");
  CHECK(run(script + "f150(x: 0)").find("nested too deeply") != std::string::npos);
}

TEST_CASE("strings, arrays and values in values are bounded, however they are made") {
  std::string strings = "s0 = \"12345678\"\n", arrays = "import \"array\"\na0 = [1]\n",
              pairs = "p0 = [1]\n", nested = "d0 = [1]\n", parts = "t0 = \"1234567890\"\n";
  for (int i = 1; i <= 60; ++i) {
    std::string now = std::to_string(i), before = std::to_string(i - 1);
    strings += "s" + now + " = s" + before + " + s" + before + "\n";
    parts += "t" + now + " = \"${t" + before + "}${t" + before + "}\"\n";
    arrays += "a" + now + " = array.concat(arr: a" + before + ", v: a" + before + ")\n";
    pairs += "p" + now + " = [p" + before + ", p" + before + "]\n";
  }
  for (int i = 1; i <= 300; ++i)
    nested += "d" + std::to_string(i) + " = {x: d" + std::to_string(i - 1) + "}\n";
  CHECK(run(strings).find("too many large strings") != std::string::npos);
  CHECK(run(parts).find("too many large strings") != std::string::npos);
  CHECK(run(arrays).find("too many large strings") != std::string::npos);
  CHECK(run(pairs).find("value is too large") != std::string::npos);
  CHECK(run(nested).find("value is too large") != std::string::npos);
}

TEST_CASE("a script of very many functions can be taken apart again") {
  std::string script;
  for (int i = 0; i < 60'000; ++i) script += "f" + std::to_string(i) + "=()=>1\n";
  CHECK(run(script + "f7()") == "1");
}

TEST_CASE("a script of very many mistakes, arguments or parameters is refused in few words") {
  std::string names, arguments, parameters;
  for (int i = 0; i < 100'000; ++i) {
    names += "a" + std::to_string(i) + "\n";
    arguments += "a" + std::to_string(i) + ": 1, ";
    parameters += "a" + std::to_string(i) + "=1, ";
  }
  CHECK(run(names).size() < 5000);
  CHECK(run("f = (a) => a\nf(" + arguments + ")").find("too many arguments") != std::string::npos);
  CHECK(run("f = (" + parameters + ") => 1").find("too many parameters") != std::string::npos);
}

TEST_CASE("an evaluation that its query no longer wants stops") {
  EvaluationLimits limits;
  limits.check = [] { return Result<void>(Error{Errc::unavailable, "query canceled"}); };
  std::string script = "f0 = (x) => x + 1\n";
  for (int i = 1; i <= 60; ++i) {
    std::string before = "f" + std::to_string(i - 1) + "(x: x)";
    script += "f" + std::to_string(i) + " = (x) => " + before + " + " + before + "\n";
  }
  CHECK(run(script + "f60(x: 1)", limits).ends_with("query canceled"));
}

TEST_CASE("an extern file comes first and the script may override it") {
  Result<ast::Package> external = parse_package("option v = {a: 1}\nx = 5");
  Result<ast::Package> script = parse_package("option v = {a: 2}\nv.a + x");
  REQUIRE(external.ok());
  REQUIRE(script.ok());
  ast::Package both;
  both.files = {external->files.front(), script->files.front()};
  Printed host;
  Interpreter interpreter(registry(), host, 0);
  REQUIRE(interpreter.run(both).ok());
  CHECK(host.lines.front() == "7");
  CHECK(interpreter.find_global("x")->as_int() == 5);
  CHECK(interpreter.option("universe", "v")->as_record().find("a")->as_int() == 2);
}

TEST_CASE("a closure shows its tree, its parameters and what it captured") {
  Result<ast::Package> package = parse_package("limit = 3\nf = (r) => r.a > limit");
  REQUIRE(package.ok());
  Printed host;
  Interpreter interpreter(registry(), host, 0);
  REQUIRE(interpreter.run(*package).ok());
  const Function& function = interpreter.find_global("f")->as_function();
  REQUIRE(returned_expression(function) != nullptr);
  CHECK(returned_expression(function)->kind == ast::ExpressionKind::binary);
  CHECK(interpreter.lookup(function.scope(), "limit")->as_int() == 3);
  CHECK(interpreter.lookup(function.scope(), "true")->as_bool());
  Record row;
  row.set("a", Value::of_int(4));
  Result<Value> kept = interpreter.call(function, {{"r", Value::of_record(row)}});
  REQUIRE(kept.ok());
  CHECK(kept->as_bool());
  CHECK_FALSE(interpreter.call(function, {{"q", Value()}}).ok());
}

}  // namespace
}  // namespace weir::query::flux
