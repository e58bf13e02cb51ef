#include "store/line_export.h"

#include <doctest/doctest.h>

#include <limits>

#include "base/clock.h"
#include "model/line_protocol.h"
#include "store/memory/memory_store.h"

namespace weir::store {
namespace {

constexpr BucketId kBucket{1};
constexpr int64_t kWeek = int64_t{7} * 86'400 * 1'000'000'000;

struct Fixture {
  ManualClock clock{0};
  std::unique_ptr<Store> store = make_memory_store(clock);

  Fixture() { REQUIRE(store->create_bucket(kBucket, {}).ok()); }
  void write(const std::string& lines) {
    auto parsed =
        model::parse_lines(std::make_shared<const std::string>(lines), model::Precision::ns, 0);
    REQUIRE(parsed.errors.empty());
    auto outcome = write_and_wait(*store, kBucket, std::move(parsed.batch));
    REQUIRE(outcome.ok());
    REQUIRE(outcome->partial.empty());
  }
  std::string lines(LineExport wanted = {}) {
    wanted.bucket = kBucket;
    wanted.shard_group_ns = kWeek;
    std::string text;
    auto done = export_lines(*store, wanted, [&](std::string_view piece) {
      text += piece;
      return true;
    });
    return done.ok() ? text : "error: " + done.error().message;
  }
};

TEST_CASE("every type is exported so that it reads back to the same bits") {
  const std::string text =
      "m,a=b\\ c\\,\\=d b=true -9223372036854775806\n"
      "m,a=b\\ c\\,\\=d f=-0 -9223372036854775806\n"
      "m,a=b\\ c\\,\\=d i=-9223372036854775808i -9223372036854775806\n"
      "m,a=b\\ c\\,\\=d s=\"line\nwith \\\"quotes\\\" and \\\\\" -9223372036854775806\n"
      "m,a=b\\ c\\,\\=d u=18446744073709551615u -9223372036854775806\n"
      "m,a=b\\ c\\,\\=d f=5e-324 0\n"
      "m,a=b\\ c\\,\\=d f=0.1 1\n"
      "m,a=b\\ c\\,\\=d f=1.7976931348623157e+308 9223372036854775806\n"
      "über\\ all,ß=ö x\\ y=1i 9223372036854775806\n";
  Fixture fixture;
  fixture.write(text);
  const std::string exported = fixture.lines();
  CHECK(exported == text);
  Fixture second;
  second.write(exported);
  CHECK(second.lines() == exported);
}

TEST_CASE("a field whose type changed between weeks is exported in both") {
  Fixture fixture;
  fixture.write("m f=1 0\nm f=2i " + std::to_string(3 * kWeek) + "\n");
  CHECK(fixture.lines() == "m f=1 0\nm f=2i " + std::to_string(3 * kWeek) + "\n");
}

TEST_CASE("range and predicate choose") {
  Fixture fixture;
  fixture.write("m,t=a f=1 1\nm,t=a f=2 2\nm,t=b f=3 2\nm,t=a f=4 3\n");
  CHECK(fixture.lines({.start_ns = 2, .stop_ns = 3}) == "m,t=a f=2 2\nm,t=b f=3 2\n");
  CHECK(fixture.lines({.predicate = tag_equal("t", "b")}) == "m,t=b f=3 2\n");
  CHECK(fixture.lines({.start_ns = 10}).empty());
}

TEST_CASE("what line protocol cannot say becomes a comment") {
  Fixture fixture;
  model::PointBatch batch;
  batch.add_point("m", 5);
  batch.add_field("f", model::FieldValue::of_float(std::numeric_limits<double>::infinity()));
  batch.add_field("g\\", model::FieldValue::of_string("a\nb"));
  batch.add_point("#m", 5);
  batch.add_field("f", model::FieldValue::of_float(1));
  REQUIRE(write_and_wait(*fixture.store, kBucket, std::move(batch)).ok());
  CHECK(fixture.lines() ==
        "# line protocol has no such name: #m f=1 5\n"
        "# line protocol has no such number: m f=inf 5\n"
        "# line protocol has no such name: m g\\=\"a b\" 5\n");
}

}  // namespace
}  // namespace weir::store
