#include "query/query.h"

#include <doctest/doctest.h>

#include <memory>

#include "base/json.h"
#include "model/line_protocol.h"
#include "query/profile.h"
#include "store/memory/memory_store.h"

namespace weir::query {
namespace {

constexpr BucketId kBucket{1};
constexpr int kRows = 20'000;

class OneBucket final : public Catalog {
 public:
  std::vector<BucketInfo> buckets() const override { return {}; }
  Result<BucketInfo> find_bucket(std::string_view name, bool) const override {
    if (name == "secret") return Error{Errc::forbidden, "insufficient permissions"};
    return BucketInfo{kBucket, OrgId{1}, "b", 0};
  }
};

// One series of kRows seconds from 1970, the value of each its number.
struct World {
  ManualClock clock{int64_t{kRows} * 1'000'000'000};
  std::unique_ptr<store::Store> store = store::make_memory_store(clock);
  OneBucket catalog;
  Engine engine{*store, clock};
  CsvDialect dialect;
  Request request;
  std::string out;
  size_t pieces = 0;

  World() {
    REQUIRE(store->create_bucket(kBucket, {}).ok());
    std::string text;
    for (int i = 0; i < kRows; ++i)
      text += "m,t=a f=" + std::to_string(i) + " " + std::to_string(i) + "000000000\n";
    auto lines = model::parse_lines(std::make_shared<const std::string>(std::move(text)),
                                    model::Precision::ns, 0);
    REQUIRE(store::write_and_wait(*store, kBucket, std::move(lines.batch)).ok());
  }
  Result<Statistics> run(std::string script) {
    out.clear(), pieces = 0;
    request.script = std::move(script);
    return engine.run_csv(request, catalog, dialect, [this](std::string_view bytes) {
      out += bytes;
      ++pieces;
      return true;
    });
  }
};

std::string quoted(const std::string& text) {
  std::string out;
  for (char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
  return out;
}

TEST_CASE_FIXTURE(World, "a long answer leaves in pieces, and is counted") {
  auto done = run("from(bucket: \"b\") |> range(start: 0)");
  REQUIRE(done.ok());
  CHECK(done->rows_written == kRows);
  CHECK(done->rows_read == kRows);
  CHECK(done->tables == 1);
  CHECK(done->bytes_written == out.size());
  CHECK(pieces > 5);
  CHECK(out.ends_with(",19999,f,m,a\r\n\r\n"));
}

TEST_CASE_FIXTURE(World, "an explanation names each call, what came out, and what the store did") {
  request.script =
      "import \"array\"\n"
      "threshold = (array.from(rows: [{v: 100.0}]) |> findRecord(fn: (key) => true, idx: 0)).v\n"
      "from(bucket: \"b\") |> range(start: 0) |> filter(fn: (r) => r._field == \"f\")\n"
      "    |> map(fn: (r) => ({r with _value: r._value * 2.0})) |> yield(name: \"twice\")\n";
  auto explained = engine.explain(request, catalog);
  REQUIRE_MESSAGE(explained.ok(), explained.error().message);
  CHECK(explained->statistics.rows_written == kRows);
  REQUIRE(explained->results.size() == 2);
  CHECK(explained->results[0].name.empty());  // findRecord() read while the script ran
  const ResultProfile& result = explained->results[1];
  CHECK(result.name == "twice");
  REQUIRE(result.operators.size() == 3);
  CHECK(result.operators[0].call == "yield");
  const OperatorProfile& map = result.operators[1];
  const OperatorProfile& scan = result.operators[2];
  CHECK(map.call == "map");
  CHECK(map.place.starts_with("@4:8-"));
  CHECK_FALSE(map.in_store);
  CHECK(map.depth == 1);
  CHECK(map.rows == kRows);
  CHECK(map.tables == 1);
  CHECK(scan.call == "from |> range |> filter");
  CHECK(scan.in_store);
  CHECK(scan.depth == 2);
  CHECK(scan.rows == kRows);
  CHECK(map.total_ns == map.own_ns + scan.total_ns);
  CHECK(scan.own_ns == scan.total_ns);
}

TEST_CASE_FIXTURE(World, "an error before the first bytes leaves nothing behind") {
  auto done =
      run("from(bucket: \"b\") |> range(start: 0) |> map(fn: (r) => ({x: r._value + \"a\"}))");
  REQUIRE_FALSE(done.ok());
  CHECK(done.error().code == Errc::invalid);
  CHECK(out.empty());
}

TEST_CASE_FIXTURE(World, "a bucket that may not be read is an error before the first result") {
  auto done =
      run("from(bucket: \"b\") |> range(start: 0) |> yield(name: \"fine\")\n"
          "from(bucket: \"secret\") |> range(start: 0) |> yield(name: \"wrong\")");
  REQUIRE_FALSE(done.ok());
  CHECK(done.error().code == Errc::forbidden);
  CHECK(out.empty());
}

TEST_CASE_FIXTURE(World, "an error after the first bytes is a table of its own") {
  auto done =
      run("import \"array\"\n"
          "from(bucket: \"b\") |> range(start: 0) |> yield(name: \"fine\")\n"
          "array.from(rows: [{v: 1}]) |> sum(column: \"nope\") |> yield(name: \"wrong\")");
  REQUIRE_FALSE(done.ok());
  CHECK(pieces > 1);
  CHECK(out.ends_with("\r\n,error,reference\r\n,\"" + quoted(done.error().message) + "\",\r\n"));
  CHECK(done.error().message.find("sum: column \"nope\" does not exist") != std::string::npos);
}

TEST_CASE_FIXTURE(World, "a query stops when the client leaves, time is up or memory is used up") {
  std::atomic<bool> canceled = true;
  request.canceled = &canceled;
  CHECK(run("from(bucket: \"b\") |> range(start: 0)").error().message == "query canceled");
  request.canceled = nullptr;
  request.limits.duration_ms_max = -1;
  CHECK(run("from(bucket: \"b\") |> range(start: 0)").error().message.find("deadline") !=
        std::string::npos);
  request.limits = Limits{};
  request.limits.memory_bytes_max = 100'000;
  CHECK(run("from(bucket: \"b\") |> range(start: 0)").ok());
  CHECK(run("from(bucket: \"b\") |> range(start: 0) |> sort(desc: true)").error().code ==
        Errc::too_large);
}

TEST_CASE_FIXTURE(World, "an answer of more rows than it may have is an error") {
  const std::string script = "from(bucket: \"b\") |> range(start: 0)";
  auto all = run(script);
  REQUIRE(all.ok());
  request.limits.rows_max = all->rows_written;
  CHECK(run(script).ok());
  request.limits.rows_max = all->rows_written - 1;
  auto refused = run(script);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == Errc::too_large);
  CHECK(refused.error().message.find("more rows than it may") != std::string::npos);
  // Rows that are read and not answered do not count.
  request.limits.rows_max = 1;
  CHECK(run(script + " |> group() |> count()").ok());
}

// Each look at the time takes a millisecond, so that every loop that looks runs out of it.
class RunningClock final : public Clock {
 public:
  int64_t wall_ns() const override { return int64_t{kRows} * 1'000'000'000; }
  int64_t steady_ms() const override { return ++steady_ms_; }

 private:
  mutable int64_t steady_ms_ = 0;
};

TEST_CASE_FIXTURE(World, "whatever a query does, it looks at the time") {
  RunningClock running;
  Engine impatient(*store, running);
  std::string source = "from(bucket: \"b\") |> range(start: 0)";
  std::string doubled = "f0 = (x) => x + 1\n";
  for (int i = 1; i <= 40; ++i) {
    std::string before = "f" + std::to_string(i - 1) + "(x: x)";
    doubled += "f" + std::to_string(i) + " = (x) => " + before + " + " + before + "\n";
  }
  request.limits.duration_ms_max = 200;
  for (const std::string& script : {
           doubled + "array = f40(x: 1)\n" + source,
           doubled + source + " |> map(fn: (r) => ({x: f40(x: 1)}))",
           doubled + source + " |> filter(fn: (r) => f40(x: int(v: r._value)) > 0)",
           source + " |> group(columns: [\"_time\"])",
           source + " |> window(every: 1s)",
           source + " |> aggregateWindow(every: 1ms, fn: mean)",
           source + " |> map(fn: (r) => ({r with t: string(v: r._value)}))",
       }) {
    CAPTURE(script);
    request.script = script;
    auto done = impatient.run_csv(request, catalog, dialect, [](std::string_view) { return true; });
    REQUIRE_FALSE(done.ok());
    CHECK(done.error().message.find("deadline exceeded") != std::string::npos);
  }
}

TEST_CASE_FIXTURE(World, "whatever a query holds counts against its memory") {
  std::string source = "from(bucket: \"b\") |> range(start: 0)";
  request.limits.memory_bytes_max = 300'000;  // 20,000 rows of time and value are 320,000
  for (std::string_view rest : {
           " |> group()",
           " |> group(columns: [\"_value\"])",
           " |> window(every: 1m)",
           " |> map(fn: (r) => ({r with _field: string(v: r._value)}))",
           " |> map(fn: (r) => ({x: string(v: r._value) + \"a long enough text to be counted\"}))",
           " |> pivot(rowKey: [\"_time\"], columnKey: [\"_field\"], valueColumn: \"_value\")",
           " |> aggregateWindow(every: 1ms, fn: spread)",
       }) {
    CAPTURE(rest);
    auto done = run(source + std::string(rest));
    REQUIRE_FALSE(done.ok());
    CHECK(done.error().code == Errc::too_large);
  }
  request.vectorise = false;
  CHECK(run(source + " |> map(fn: (r) => ({x: \"${r._value} a long enough text to count\"}))")
            .error()
            .code == Errc::too_large);
}

TEST_CASE_FIXTURE(World, "windows without points come in chunks, as many as there are") {
  request.limits.memory_bytes_max = 100'000;
  auto done =
      run("from(bucket: \"b\") |> range(start: 0, stop: 2000) |> aggregateWindow(every: 10ms, fn: "
          "count)"
          " |> sum()");
  REQUIRE(done.ok());
  CHECK(out.ends_with(",2000,f,m,a\r\n\r\n"));
  done =
      run("from(bucket: \"b\") |> range(start: 0, stop: 2000) |> aggregateWindow(every: 10ms, fn: "
          "count)");
  REQUIRE(done.ok());
  CHECK(done->rows_written == 200'000);
}

TEST_CASE_FIXTURE(World, "text with very many columns is refused at once") {
  std::string header, types = "#datatype,string,long", groups = "#group,false,false";
  for (int i = 0; i < 200'000; ++i) {
    header += ",a" + std::to_string(i);
    types += ",long", groups += ",false";
  }
  std::string import = "import \"csv\"\ncsv.from(";
  CHECK(run(import + "mode: \"raw\", csv: \"x" + header + "\")")
            .error()
            .message.find("more than 5000 columns") != std::string::npos);
  CHECK(run(import + "csv: \"" + types + "\n" + groups + "\n,result,table" + header + "\n\")")
            .error()
            .message.find("more than 5000 columns") != std::string::npos);
}

TEST_CASE_FIXTURE(World, "pipelines have a longest length, and a stream is read only so often") {
  std::string source = "s0 = from(bucket: \"b\") |> range(start: 0, stop: 3)\n";
  std::string chain = source, fans = source, unions = source;
  for (int i = 1; i <= 3000; ++i) {
    std::string now = std::to_string(i), before = "s" + std::to_string(i - 1);
    chain += "s" + now + " = " + before + " |> limit(n: 1)\n";
    if (i == 400) CHECK(run(chain + "s400").ok());
    unions += "s" + now + " = union(tables: [" + before + ", s0])\n";
    if (i <= 40) fans += "s" + now + " = union(tables: [" + before + ", " + before + "])\n";
  }
  CHECK(run(chain + "s3000").error().message.find("pipeline is too long") != std::string::npos);
  CHECK(run(unions + "s3000").error().message.find("pipeline is too long") != std::string::npos);
  CHECK(run(fans + "s3").ok());
  CHECK(run(fans + "s40").error().message.find("too many streams") != std::string::npos);
}

TEST_CASE_FIXTURE(World, "a query stops when nobody takes its answer") {
  request.script = "from(bucket: \"b\") |> range(start: 0)";
  int taken = 0;
  auto done =
      engine.run_csv(request, catalog, dialect, [&](std::string_view) { return ++taken < 3; });
  CHECK_FALSE(done.ok());
  CHECK(taken == 3);
}

TEST_CASE_FIXTURE(World, "what the catalog refuses is refused as it says") {
  CHECK(run("from(bucket: \"secret\") |> range(start: 0)").error().code == Errc::forbidden);
}

TEST_CASE_FIXTURE(World, "variables come in as an AST, and so may the script") {
  auto variables =
      parse_to_json("option v = {start: 1970-01-01T00:00:02Z, stop: 1970-01-01T00:00:04Z}");
  REQUIRE(variables.ok());
  nlohmann::json file = variables->at("files").at(0);
  request.external = &file;
  std::string script =
      "from(bucket: \"b\") |> range(start: v.start, stop: v.stop) |> keep(columns: [\"_value\"])";
  REQUIRE(run(script).ok());
  std::string expected = ",result,table,_value\r\n,_result,0,2\r\n,_result,0,3\r\n\r\n";
  CHECK(out == expected);
  auto tree = parse_to_json(script);
  REQUIRE(tree.ok());
  request.ast = &*tree;
  REQUIRE(run("").ok());
  CHECK(out == expected);
}

TEST_CASE_FIXTURE(World, "now is the request's, else the clock's") {
  request.now_ns = 10'000'000'000;
  REQUIRE(run("from(bucket: \"b\") |> range(start: -2s) |> count() |> keep(columns: [\"_value\"])")
              .ok());
  CHECK(out == ",result,table,_value\r\n,_result,0,2\r\n\r\n");
}

}  // namespace
}  // namespace weir::query
