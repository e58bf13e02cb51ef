#include "query/flux/stdlib/stdlib.h"

#include <doctest/doctest.h>

#include "query/flux/interpreter.h"
#include "query/flux/parser.h"

namespace weir::query::flux {
namespace {

struct Printed : Host {
  std::string text;
  Result<void> on_expression(const Value& value, const ast::Expression&) override {
    text += (text.empty() ? "" : "; ") + to_display(value);
    return {};
  }
};

// What the expressions of a script print, every package imported, at 2020-09-13T12:26:40Z.
std::string eval(std::string_view script) {
  static const Registry registry = [] {
    Registry made;
    add_scalar_packages(made);
    made.add_value("universe", "nothing", Value());
    return made;
  }();
  std::string imports;
  for (const char* path : {"strings", "math", "regexp", "date", "timezone", "array", "dict",
                           "system", "types", "bitwise", "experimental"})
    imports += "import \"" + std::string(path) + "\" ";
  Result<ast::Package> package = parse_package(imports + std::string(script));
  if (!package.ok()) return package.error().message;
  Printed host;
  Interpreter interpreter(registry, host, 1'600'000'000'000'000'000);
  if (Result<void> ran = interpreter.run(*package); !ran.ok()) return ran.error().message;
  return host.text;
}

bool fails(std::string_view script, std::string_view message) {
  return eval(script).find(message) != std::string::npos;
}

TEST_CASE("conversions take every type they can and name what they cannot") {
  CHECK(eval("int(v: \"-12\") int(v: 3.9) int(v: -3.9) int(v: true) int(v: 1us)") ==
        "-12; 3; -3; 1; 1000");
  CHECK(eval("int(v: 1970-01-01T00:00:00.000000005Z) uint(v: \"18446744073709551615\")") ==
        "5; 18446744073709551615");
  CHECK(eval("float(v: \"1.5e3\") float(v: \"+Inf\") float(v: 2) float(v: \"NaN\")") ==
        "1500; +Inf; 2; NaN");
  CHECK(eval("string(v: 1.0) string(v: 1h30m) string(v: 2020-01-01) string(v: 1e)") != "unreached");
  CHECK(eval("string(v: 1h30m) string(v: 2020-01-01)") == "1h30m; 2020-01-01T00:00:00.000000000Z");
  CHECK(eval("bool(v: \"true\") bool(v: 0) bool(v: 1.0)") == "true; false; true");
  CHECK(eval("time(v: \"2020-01-01T00:00:00+01:00\") time(v: 1000)") ==
        "2019-12-31T23:00:00.000000000Z; 1970-01-01T00:00:00.000001000Z");
  CHECK(eval("duration(v: \"1h\") duration(v: 1000) bytes(v: \"a\")") == "1h; 1us; 0x61");
  CHECK(eval("int(v: nothing)") == "<null>");
  CHECK(fails("int(v: \"1.5\")", "cannot convert string \"1.5\" to int"));
  CHECK(fails("bool(v: 2)", "cannot convert int to bool"));
  CHECK(fails("duration(v: \"1x\")", "invalid duration"));
  CHECK(fails("time(v: \"tomorrow\")", "invalid time"));
}

TEST_CASE("the universe counts, finds, shows and dies") {
  CHECK(eval("length(arr: [1, 2]) contains(value: 2, set: [1, 2])") == "2; true");
  CHECK(eval("display(v: {a: [1.5], b: \"x\"})") == "{a: [1.5], b: x}");
  CHECK(eval("now() today()") == "2020-09-13T12:26:40.000000000Z; 2020-09-13T00:00:00.000000000Z");
  CHECK(fails("die(msg: \"enough\")", "error calling function \"die\" @1:"));
}

TEST_CASE("strings work on characters, not on bytes") {
  CHECK(eval("strings.strlen(v: \"日本\") strings.substring(v: \"日本語\", start: 1, end: 2)") ==
        "2; 本");
  CHECK(
      eval("strings.toUpper(v: \"grün\") strings.toLower(v: \"ÄB\") strings.title(v: \"a bc\")") ==
      "GRÜN; äb; A Bc");
  CHECK(eval("strings.split(v: \"a,b,,c\", t: \",\") strings.split(v: \"日b\", t: \"\")") ==
        "[a, b, , c]; [日, b]");
  CHECK(eval("strings.splitN(v: \"a,b,c\", t: \",\", i: 2) strings.splitAfter(v: \"a,b\", t: "
             "\",\")") == "[a, b,c]; [a,, b]");
  CHECK(eval("strings.joinStr(arr: [\"a\", \"b\"], v: \"-\")") == "a-b");
  CHECK(
      eval(
          "strings.trim(v: \".a.\", cutset: \".\") strings.trimPrefix(v: \"ab\", prefix: \"a\")") ==
      "a; b");
  CHECK(eval("strings.trimSpace(v: \" a\\n\") strings.trimSuffix(v: \"ab\", suffix: \"b\")") ==
        "a; a");
  CHECK(eval("strings.replaceAll(v: \"aaa\", t: \"a\", u: \"b\")") == "bbb");
  CHECK(eval("strings.replace(v: \"aaa\", t: \"a\", u: \"b\", i: 2)") == "bba");
  CHECK(eval("strings.replaceAll(v: \"ab\", t: \"\", u: \"-\")") == "-a-b-");
  CHECK(eval("strings.containsStr(v: \"abc\", substr: \"b\") strings.index(v: \"日b\", substr: "
             "\"b\")") == "true; 1");
  CHECK(eval("strings.hasPrefix(v: \"ab\", prefix: \"a\") strings.countStr(v: \"aaa\", substr: "
             "\"a\")") == "true; 3");
  CHECK(eval("strings.repeat(v: \"ab\", i: 3)") == "ababab");
  CHECK(fails("strings.repeat(v: \"ab\", i: 99999999999)", "larger than 64 MiB"));
}

TEST_CASE("math is Go's") {
  CHECK(
      eval("math.round(x: 2.5) math.floor(x: -1.5) math.abs(x: -2.0) math.pow(x: 2.0, y: 10.0)") ==
      "3; -2; 2; 1024");
  CHECK(eval("math.mMax(x: 1.0, y: 2.0) math.roundtoeven(x: 2.5) math.maxint") ==
        "2; 2; 9223372036854775807");
  CHECK(eval("math.isNaN(f: math.NaN()) math.isInf(f: math.mInf(sign: -1), sign: -1)") ==
        "true; true");
  CHECK(fails("math.abs(x: 1)", "expected float but found int (argument x)"));
}

TEST_CASE("regular expressions match, find, replace and quote") {
  CHECK(eval("\"a.b\" =~ regexp.compile(v: \"^\" + regexp.quoteMeta(v: \"a.b\") + \"$\")") ==
        "true");
  CHECK(eval("regexp.findString(r: /foo.?/, v: \"seafood fool\")") == "food");
  CHECK(eval("regexp.findStringIndex(r: /ab?/, v: \"tablet\")") == "[1, 3]");
  CHECK(eval("regexp.replaceAllString(r: /a(x*)b/, v: \"-ab-axxb-\", t: \"T\")") == "-T-T-");
  CHECK(eval("regexp.replaceAllString(r: /a(x*)b/, v: \"-ab-axxb-\", t: \"[$1]\")") == "-[]-[xx]-");
  CHECK(eval("regexp.replaceAllString(r: /x*/, v: \"abc\", t: \"-\")") == "-a-b-c-");
  CHECK(eval("regexp.splitRegexp(r: /a*/, v: \"abaabaccadaaae\", i: 5)") == "[, b, b, c, cadaaae]");
  CHECK(fails("regexp.compile(v: \"(\")", "invalid regular expression"));
}

TEST_CASE("dates have fields, are cut and moved, in UTC and elsewhere") {
  CHECK(eval("t = 2019-12-30T13:59:01.123456789Z date.year(t: t) date.week(t: t) "
             "date.weekDay(t: t) date.yearDay(t: t) date.quarter(t: t) date.millisecond(t: t)") ==
        "2019; 1; 1; 364; 4; 123");
  CHECK(eval("date.truncate(t: 2019-06-03T13:59:01Z, unit: 1h)") ==
        "2019-06-03T13:00:00.000000000Z");
  CHECK(eval("date.truncate(t: 2019-06-03T13:59:01Z, unit: 1mo)") ==
        "2019-06-01T00:00:00.000000000Z");
  CHECK(eval("date.truncate(t: 1969-12-31T23:30:00Z, unit: 1d)") ==
        "1969-12-31T00:00:00.000000000Z");
  CHECK(eval("date.add(d: 1mo, to: 2020-01-31T00:00:00Z) date.sub(d: 1h, from: 2020-01-01)") ==
        "2020-02-29T00:00:00.000000000Z; 2019-12-31T23:00:00.000000000Z");
  CHECK(eval("date.hour(t: -1h)") == "11");
  CHECK(eval("berlin = timezone.location(name: \"Europe/Berlin\") "
             "date.hour(t: 2020-07-01T22:00:00Z, location: berlin) "
             "date.truncate(t: 2020-07-01T22:30:00Z, unit: 1d, location: berlin) "
             "date.add(d: 1d, to: 2020-03-28T12:00:00Z, location: berlin)") ==
        "0; 2020-07-01T22:00:00.000000000Z; 2020-03-29T11:00:00.000000000Z");
  CHECK(eval("date.hour(t: 2020-01-01T00:00:00Z, location: timezone.fixed(offset: -8h))") == "16");
  CHECK(fails("timezone.location(name: \"Mars/Base\")", "unknown time zone"));
  CHECK(eval("experimental.addDuration(d: 1h, to: 2020-01-01)") ==
        "2020-01-01T01:00:00.000000000Z");
}

TEST_CASE("arrays, dictionaries and bits") {
  CHECK(eval("[1, 2, 3] |> array.filter(fn: (x) => x > 1) |> array.map(fn: (x) => x * 2)") ==
        "[4, 6]");
  CHECK(eval("[1] |> array.toString() array.concat(arr: [1], v: [2])") == "[1]; [1, 2]");
  CHECK(eval("d = dict.fromList(pairs: [{key: \"a\", value: 1}]) "
             "dict.get(dict: d, key: \"a\", default: 0) dict.get(dict: d, key: \"b\", default: 0) "
             "dict.insert(dict: d, key: \"b\", value: 2) dict.remove(dict: d, key: \"a\")") ==
        "1; 0; [a: 1, b: 2]; [:]");
  CHECK(eval("bitwise.sand(a: 6, b: 3) bitwise.uxor(a: uint(v: 6), b: uint(v: 3))") == "2; 5");
  CHECK(eval("bitwise.srshift(a: 1234, b: 2) bitwise.srshift(a: -2, b: 3) bitwise.srshift(a: -2, "
             "b: 64) bitwise.snot(a: 1234) bitwise.unot(a: uint(v: 0))") ==
        "308; -1; -1; -1235; 18446744073709551615");
  CHECK(eval("bitwise.urshift(a: uint(v: 1234), b: uint(v: 2)) bitwise.urshift(a: uint(v: 1), b: "
             "uint(v: 64))") == "308; 0");
  CHECK(eval("types.isType(v: 1.5, type: \"float\") system.time()") ==
        "true; 2020-09-13T12:26:40.000000000Z");
}

}  // namespace
}  // namespace weir::query::flux
