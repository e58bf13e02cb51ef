// Random pipelines over random tables: whatever is asked, the answer is the same by columns and by
// rows, pushed down to the store or not; and no pipeline brings the process down. The bytes choose
// the points, the steps and the lambdas, so that nearly all scripts are valid.
#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/assert.h"
#include "model/line_protocol.h"
#include "query/query.h"
#include "store/memory/memory_store.h"
#include "store/testing.h"

namespace {

using namespace weir;

constexpr BucketId kBucket{0xb01};
constexpr int64_t kStartS = 1'577'836'800, kMinutes = 10;

class OneBucket final : public query::Catalog {
 public:
  std::vector<query::BucketInfo> buckets() const override { return {info()}; }
  Result<query::BucketInfo> find_bucket(std::string_view, bool) const override { return info(); }

 private:
  static query::BucketInfo info() { return {kBucket, OrgId{0xa001}, "b", 0}; }
};

// Choices, taken from the input until it ends; then always the first.
class Choices {
 public:
  Choices(const uint8_t* data, size_t size) : data_(data), left_(size) {}
  size_t below(size_t count) {
    if (left_ == 0) return 0;
    left_--;
    return *data_++ % count;
  }
  template <size_t N>
  std::string_view one_of(const std::array<std::string_view, N>& texts) {
    return texts[below(N)];
  }

 private:
  const uint8_t* data_;
  size_t left_;
};

enum class Type { number, integer, text, boolean };

// Whole numbers below 64: sums of them are exact in any order.
std::string make_points(Choices& choices) {
  constexpr std::array<std::string_view, 4> kTags = {"host=a,room=x", "host=a,room=y",
                                                     "host=b,room=x", "host=c"};
  std::string lines;
  for (std::string_view tags : kTags) {
    const size_t count = choices.below(14);
    for (size_t i = 0; i < count; i++) {
      const int64_t time_s = kStartS + int64_t(choices.below(kMinutes * 6)) * 10;
      const size_t value = choices.below(64);
      std::string_view word = std::array<std::string_view, 3>{"red", "", "grün"}[value % 3];
      std::string field = std::array<std::string, 5>{
          fmt::format("f={}", value), fmt::format("f={},i=-{}i", value, value),
          fmt::format("i={}i", value), fmt::format("s=\"{}\",f=-{}", word, value),
          fmt::format("b={}", value % 2 == 0)}[choices.below(5)];
      lines += fmt::format("m,{} {} {}\n", tags, field, time_s * 1'000'000'000);
    }
  }
  return lines;
}

class Script {
 public:
  explicit Script(Choices& choices) : choices_(choices) {}

  std::string write() {
    constexpr std::array<std::string_view, 4> kFields = {"f", "i", "s", "b"};
    const size_t field = choices_.below(4);
    type_ = std::array{Type::number, Type::integer, Type::text, Type::boolean}[field];
    text_ = fmt::format(
        "from(bucket: \"b\")\n"
        "    |> range(start: 2020-01-01T00:0{}:00Z, stop: 2020-01-01T00:0{}:30Z)\n"
        "    |> filter(fn: (r) => r._field == \"{}\")\n",
        choices_.below(3), 5 + choices_.below(5), kFields[field]);
    const size_t steps = choices_.below(6);
    for (size_t i = 0; i < steps; i++) step();
    return std::move(text_);
  }

 private:
  void step() {
    switch (choices_.below(12)) {
      case 0:
        return add("filter(fn: (r) => {})", condition(2));
      case 1:
        return map();
      case 2:
        return add("group(columns: [{}])", some_columns());
      case 3:
        return windows();
      case 4:
        return aggregate();
      case 5:
        return select();
      case 6:
        return order();
      case 7:
        return columns();
      case 8:
        return successive();
      case 9:
        return fill();
      case 10:
        return reduce();
      default:
        return add("group(columns: [{}], mode: \"except\")", some_columns());
    }
  }

  template <class... Args>
  void add(fmt::format_string<Args...> format, Args&&... args) {
    text_ += "    |> " + fmt::format(format, std::forward<Args>(args)...) + "\n";
  }

  bool is_numeric() const { return type_ == Type::number || type_ == Type::integer; }

  std::string some_columns() {
    std::string list;
    for (std::string_view name : {"host", "room", "_field", "_start"}) {
      if (choices_.below(2) != 0) list += fmt::format("{}\"{}\"", list.empty() ? "" : ", ", name);
    }
    return list;
  }

  std::string value(Type type, size_t depth) {
    const bool is_own = type == type_ && choices_.below(3) != 0;
    if (is_own) return "r._value";
    if (depth == 0) return constant(type);
    if (choices_.below(4) == 0) {
      std::string test = condition(depth - 1), yes = value(type, depth - 1);
      return fmt::format("(if {} then {} else {})", test, yes, value(type, depth - 1));
    }
    std::string left = value(type, depth - 1);
    constexpr std::array<std::string_view, 5> kOperators = {"+", "-", "*", "/", "%"};
    switch (type) {
      case Type::number:
        if (type_ == Type::integer && choices_.below(2) != 0) return "float(v: r._value)";
        [[fallthrough]];
      case Type::integer:
        return fmt::format("({} {} {})", left, choices_.one_of(kOperators), value(type, depth - 1));
      case Type::text:
        return fmt::format("({} + {})", left, value(type, depth - 1));
      case Type::boolean:
        return condition(depth);
    }
    return left;
  }

  std::string constant(Type type) {
    switch (type) {
      case Type::number:
        return fmt::format("{}.{}", choices_.below(9), choices_.below(2) * 5);
      case Type::integer:
        return fmt::format("{}", choices_.below(9));
      case Type::text:
        return std::array<std::string, 3>{"\"red\"", "\"\"", "r.host"}[choices_.below(3)];
      case Type::boolean:
        return choices_.below(2) != 0 ? "true" : "false";
    }
    return "";
  }

  std::string condition(size_t depth) {
    constexpr std::array<std::string_view, 6> kCompare = {"==", "!=", "<", "<=", ">", ">="};
    constexpr std::array<std::string_view, 2> kEqual = {"==", "!="};
    constexpr std::array<std::string_view, 3> kColumns = {"host", "room", "gone"};
    switch (choices_.below(depth == 0 ? 4 : 7)) {
      case 0:
        return fmt::format("r.{} {} \"{}\"", choices_.below(2) != 0 ? "host" : "room",
                           choices_.one_of(kEqual), choices_.below(2) != 0 ? "a" : "x");
      case 1:
        return fmt::format("exists r.{}", choices_.one_of(kColumns));
      case 2:
        return fmt::format("r.host {} /{}/", choices_.below(2) != 0 ? "=~" : "!~",
                           choices_.below(2) != 0 ? "[ab]" : "^c$");
      case 3:
        if (type_ == Type::boolean) return "r._value";
        return fmt::format("r._value {} {}", choices_.one_of(kCompare), constant(type_));
      case 4:
        return fmt::format("not ({})", condition(depth - 1));
      default: {
        std::string left = condition(depth - 1);
        std::string_view word = choices_.below(2) != 0 ? "and" : "or";
        return fmt::format("({} {} {})", left, word, condition(depth - 1));
      }
    }
  }

  void map() {
    const Type to = std::array{Type::number, Type::integer, Type::text, Type::boolean,
                               type_}[choices_.below(5)];
    const std::string expression = value(to, 3);
    if (choices_.below(3) == 0) return add("map(fn: (r) => ({{r with extra: {}}}))", expression);
    add("map(fn: (r) => ({{r with _value: {}}}))", expression);
    type_ = to;
  }

  void windows() {
    constexpr std::array<std::string_view, 3> kEvery = {"1m", "70s", "4m"};
    constexpr std::array<std::string_view, 8> kFunctions = {"count", "last", "first", "max",
                                                            "min",   "mean", "sum",   "median"};
    const std::string_view function = kFunctions[choices_.below(is_numeric() ? 8 : 3)];
    add("aggregateWindow(every: {}, fn: {}, createEmpty: {})", choices_.one_of(kEvery), function,
        choices_.below(2) != 0);
    note(function);
  }

  void aggregate() {
    constexpr std::array<std::string_view, 7> kFunctions = {"count", "sum",    "mean",  "spread",
                                                            "skew",  "stddev", "median"};
    const std::string_view function = kFunctions[choices_.below(is_numeric() ? 7 : 1)];
    add("{}()", function);
    note(function);
  }

  void note(std::string_view function) {
    if (function == "count") type_ = Type::integer;
    if (function == "mean" || function == "median" || function == "skew" || function == "stddev")
      type_ = Type::number;
  }

  void select() {
    constexpr std::array<std::string_view, 10> kSelectors = {
        "first()",    "last()", "unique()", "distinct()", "limit(n: 2, offset: 1)",
        "tail(n: 3)", "min()",  "max()",    "top(n: 2)",  "bottom(n: 2)"};
    add("{}", kSelectors[choices_.below(is_numeric() ? 10 : 6)]);
  }

  void order() {
    constexpr std::array<std::string_view, 3> kColumns = {"\"_value\"", "\"_time\"",
                                                          "\"host\", \"_value\""};
    add("sort(columns: [{}], desc: {})", choices_.one_of(kColumns), choices_.below(2) != 0);
  }

  void columns() {
    constexpr std::array<std::string_view, 6> kSteps = {
        "keep(columns: [\"_time\", \"_value\", \"host\"])",
        "drop(columns: [\"room\"])",
        "rename(columns: {room: \"place\"})",
        "set(key: \"room\", value: \"all\")",
        "duplicate(column: \"_value\", as: \"copy\")",
        "pivot(rowKey: [\"_time\"], columnKey: [\"host\"], valueColumn: \"_value\")"};
    add("{}", choices_.one_of(kSteps));
  }

  void successive() {
    if (!is_numeric()) return add("elapsed(unit: 1s)");
    switch (choices_.below(4)) {
      case 0:
        add("derivative(unit: 10s, nonNegative: {})", choices_.below(2) != 0);
        type_ = Type::number;
        return;
      case 1:
        return add("difference(nonNegative: {})", choices_.below(2) != 0);
      case 2:
        return add("cumulativeSum()");
      default:
        add("movingAverage(n: {})", 1 + choices_.below(3));
        type_ = Type::number;
    }
  }

  void fill() {
    if (choices_.below(2) != 0) return add("fill(usePrevious: true)");
    add("fill(value: {})", type_ == Type::text ? "\"none\"" : constant(type_));
  }

  void reduce() {
    add("reduce(identity: {{_value: {}}}, fn: (r, accumulator) => ({{_value: {}}}))",
        type_ == Type::text ? "\"\"" : constant(type_),
        choices_.below(2) != 0 ? value(type_, 2) : "accumulator._value");
  }

  Choices& choices_;
  std::string text_;
  Type type_ = Type::number;
};

struct Answer {
  std::string csv;
  bool failed = false;
  bool operator==(const Answer&) const = default;
};

Answer run(store::Store& store, const Clock& clock, const std::string& script, bool push_down,
           bool vectorise) {
  query::Engine engine(store, clock);
  query::Request request;
  request.script = script;
  request.push_down = push_down;
  request.vectorise = vectorise;
  query::CsvDialect dialect;
  dialect.annotate_datatype = dialect.annotate_group = dialect.annotate_default = true;
  Answer answer;
  auto outcome = engine.run_csv(request, OneBucket(), dialect, [&](std::string_view bytes) {
    answer.csv += bytes;
    return true;
  });
  // How much is written before an error is met, and which of several, may differ.
  if (!outcome.ok()) answer = {"", true};
  return answer;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Choices choices(data, size);
  Script generator(choices);
  const std::string script = generator.write();
  const std::string points = make_points(choices);
  ManualClock clock((kStartS + 3600) * 1'000'000'000);
  auto store = store::make_memory_store(clock);
  WEIR_ASSERT(store->create_bucket(kBucket, {}).ok(), "a new store takes a bucket");
  auto lines = model::parse_lines(std::make_shared<const std::string>(points), model::Precision::ns,
                                  kStartS * 1'000'000'000);
  WEIR_ASSERT(lines.errors.empty(), "the points are well formed");
  WEIR_ASSERT(store::write_and_wait(*store, kBucket, std::move(lines.batch)).ok(), "stored");
  const Answer plain = run(*store, clock, script, false, false);
  for (auto [push_down, vectorise] : {std::pair(false, true), {true, false}, {true, true}}) {
    const Answer other = run(*store, clock, script, push_down, vectorise);
    if (other == plain) continue;
    fmt::print(stderr, "{}\n{}\nby rows in memory{}:\n{}\npush_down {} vectorise {}{}:\n{}\n",
               points, script, plain.failed ? " (failed)" : "", plain.csv, push_down, vectorise,
               other.failed ? " (failed)" : "", other.csv);
    WEIR_ASSERT(false, "an answer depends on how it is computed");
  }
  return 0;
}
