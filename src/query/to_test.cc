// to() and wideTo(): what a script writes is in the bucket, whatever reads it afterwards.
#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "query/query.h"
#include "store/memory/memory_store.h"

namespace weir::query {
namespace {

constexpr BucketId kBucket{1};

class Buckets final : public Catalog {
 public:
  std::vector<BucketInfo> buckets() const override { return {}; }
  Result<BucketInfo> find_bucket(std::string_view, bool) const override {
    return BucketInfo{kBucket, OrgId{1}, "b", 0};
  }
  Result<BucketInfo> find_writable_bucket(std::string_view name, bool) const override {
    if (name != "b") return Error{Errc::not_found, "could not find bucket \"x\""};
    return find_bucket(name, false);
  }
};

struct World {
  ManualClock clock{0};
  std::unique_ptr<store::Store> store = store::make_memory_store(clock);
  Buckets catalog;
  Engine engine{*store, clock};

  World() { REQUIRE(store->create_bucket(kBucket, {}).ok()); }

  Result<std::string> run(std::string script) {
    Request request;
    request.script = std::move(script);
    std::string out;
    auto done = engine.run_csv(request, catalog, {}, [&](std::string_view bytes) {
      out += bytes;
      return true;
    });
    std::erase(out, '\r');
    if (!done.ok()) return done.error();
    return out;
  }
  std::string error_of(std::string script) {
    auto done = run(std::move(script));
    REQUIRE_FALSE(done.ok());
    return done.error().message;
  }
  // All that the bucket holds, a row a point.
  std::string stored() {
    auto read =
        run(R"(from(bucket: "b") |> range(start: 2020-01-01T00:00:00Z, stop: 2022-01-01T00:00:00Z)
                           |> drop(columns: ["_start", "_stop"]))");
    REQUIRE(read.ok());
    return *read;
  }
};

const std::string kPoints = R"(import "array"
points = array.from(rows: [
    {_time: 2021-01-01T00:00:00Z, _measurement: "m", _field: "f", _value: 1.5, host: "a b",
        region: ""},
    {_time: 2021-01-01T00:00:01Z, _measurement: "m", _field: "g", _value: 2.5, host: "c",
        region: "eu"},
]) |> group(columns: ["_measurement", "_field", "host", "region"])
)";

TEST_CASE_FIXTURE(World, "what to() writes is in the bucket, and its input goes on") {
  auto passed = run(kPoints + "points |> to(bucket: \"b\") |> keep(columns: [\"_value\"])");
  REQUIRE(passed.ok());
  CHECK(*passed == ",result,table,_value\n,_result,0,1.5\n,_result,0,2.5\n\n");
  CHECK(stored() ==
        ",result,table,_time,_value,_field,_measurement,host\n"
        ",_result,0,2021-01-01T00:00:00Z,1.5,f,m,a b\n\n"
        ",result,table,_time,_value,_field,_measurement,host,region\n"
        ",_result,1,2021-01-01T00:00:01Z,2.5,g,m,c,eu\n\n");
}

TEST_CASE_FIXTURE(World, "to() takes tags, measurement and time from other columns") {
  REQUIRE(run(R"(import "array"
array.from(rows: [{at: 2021-01-01T00:00:00Z, what: "n", site: "x", note: "hello", v: 7}])
    |> to(
        bucket: "b",
        timeColumn: "at",
        measurementColumn: "what",
        tagColumns: ["site"],
        fieldFn: (r) => ({v: r.v, note: r.note}),
    ))")
              .ok());
  CHECK(stored() ==
        ",result,table,_time,_value,_field,_measurement,site\n"
        ",_result,0,2021-01-01T00:00:00Z,hello,note,n,x\n\n"
        ",result,table,_time,_value,_field,_measurement,site\n"
        ",_result,1,2021-01-01T00:00:00Z,7,v,n,x\n\n");
}

TEST_CASE_FIXTURE(World, "wideTo() makes a field of each column outside the group key") {
  REQUIRE(run(R"(import "array"
import "influxdata/influxdb"
array.from(rows: [{_time: 2021-01-01T00:00:00Z, _measurement: "m", tag: "t", x: 1, ok: true}])
    |> group(columns: ["_measurement", "tag"])
    |> influxdb.wideTo(bucket: "b"))")
              .ok());
  CHECK(stored() ==
        ",result,table,_time,_value,_field,_measurement,tag\n"
        ",_result,0,2021-01-01T00:00:00Z,true,ok,m,t\n\n"
        ",result,table,_time,_value,_field,_measurement,tag\n"
        ",_result,1,2021-01-01T00:00:00Z,1,x,m,t\n\n");
}

TEST_CASE_FIXTURE(World, "rows without a time or a value are not written") {
  REQUIRE(run(R"(import "csv"
csv.from(csv: "
#datatype,string,long,dateTime:RFC3339,double,string,string
#group,false,false,false,false,false,false
#default,_result,,,,,
,result,table,_time,_value,_field,_measurement
,,0,,1,f,m
,,0,2021-01-01T00:00:00Z,,f,m
,,0,2021-01-01T00:00:01Z,3,f,m
") |> to(bucket: "b"))")
              .ok());
  CHECK(stored() ==
        ",result,table,_time,_value,_field,_measurement\n"
        ",_result,0,2021-01-01T00:00:01Z,3,f,m\n\n");
}

TEST_CASE_FIXTURE(World, "to() says what it lacks") {
  CHECK(error_of(kPoints + "points |> to(bucket: \"other\")") == "could not find bucket \"x\"");
  CHECK(error_of(kPoints + "points |> to()").find("exactly one of bucket or bucketID") !=
        std::string::npos);
  CHECK(error_of(kPoints + "points |> to(bucket: \"b\", host: \"http://other\")")
            .find("writing to another server") != std::string::npos);
  CHECK(error_of(kPoints + "points |> drop(columns: [\"_time\"]) |> to(bucket: \"b\")")
            .find("no column with label _time exists") != std::string::npos);
  CHECK(error_of(kPoints + "points |> to(bucket: \"b\", measurementColumn: \"x\")")
            .find("no column with label x exists") != std::string::npos);
  CHECK(error_of(kPoints + "points |> to(bucket: \"b\", tagColumns: [\"_value\"])")
            .find("invalid type for tag column \"_value\": float") != std::string::npos);
}

TEST_CASE_FIXTURE(World, "a value of another type than the field's is told") {
  REQUIRE(run(kPoints + "points |> to(bucket: \"b\")").ok());
  CHECK(error_of(kPoints +
                 "points |> map(fn: (r) => ({r with _value: \"text\"})) |> to(bucket: \"b\")")
            .find("field type conflict") != std::string::npos);
}

TEST_CASE_FIXTURE(World, "a catalog that says nothing of writing allows none") {
  struct ReadOnly final : Catalog {
    std::vector<BucketInfo> buckets() const override { return {}; }
    Result<BucketInfo> find_bucket(std::string_view, bool) const override {
      return BucketInfo{kBucket, OrgId{1}, "b", 0};
    }
  } read_only;
  Request request;
  request.script = kPoints + "points |> to(bucket: \"b\")";
  auto done = engine.run_csv(request, read_only, {}, [](std::string_view) { return true; });
  REQUIRE_FALSE(done.ok());
  CHECK(done.error().code == Errc::forbidden);
}

TEST_CASE_FIXTURE(World, "cardinality() counts the series of a range") {
  REQUIRE(run(kPoints + "points |> to(bucket: \"b\")").ok());
  auto count = [&](const std::string& more) {
    auto counted =
        run("import \"influxdata/influxdb\"\n"
            "influxdb.cardinality(bucket: \"b\", start: 2020-01-01T00:00:00Z, stop: "
            "2022-01-01T00:00:00Z" +
            more + ")");
    REQUIRE(counted.ok());
    return *counted;
  };
  CHECK(count("") == ",result,table,_value\n,_result,0,2\n\n");
  CHECK(count(", predicate: (r) => r.host == \"c\"") == ",result,table,_value\n,_result,0,1\n\n");
  CHECK(count(", predicate: (r) => r.host == \"z\"") == ",result,table,_value\n,_result,0,0\n\n");
}

}  // namespace
}  // namespace weir::query
