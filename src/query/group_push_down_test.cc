// group() and an aggregate, computed by the store and by the operators: the same answers over
// random data and random questions.
#include <doctest/doctest.h>
#include <fmt/core.h>

#include <cstdlib>
#include <random>

#include "base/file.h"
#include "model/line_protocol.h"
#include "query/query.h"
#include "store/engine/engine.h"
#include "store/testing.h"

namespace weir::query {
namespace {

constexpr BucketId kBucket{1};

class OneBucket final : public Catalog {
 public:
  std::vector<BucketInfo> buckets() const override { return {}; }
  Result<BucketInfo> find_bucket(std::string_view, bool) const override {
    return BucketInfo{kBucket, OrgId{1}, "b", 0};
  }
};

class Questions {
 public:
  explicit Questions(uint64_t seed) : random_(seed) {
    store::EngineOptions options;
    options.directory = directory_.path();
    options.durability.mode = Durability::Mode::none;
    options.background = false;
    auto opened = store::Engine::open(options, system_file_system(), clock_);
    REQUIRE(opened.ok());
    store_ = std::move(*opened);
    REQUIRE(store_->create_bucket(kBucket, {}).ok());
  }

  // Values are multiples of 1/4, so that sums do not depend on their order.
  void write(int points) {
    std::string text;
    for (int i = 0; i < points; ++i) {
      text += one_of({"m", "m,h=a", "m,h=b,r=x", "m,h=c,r=x,z=1", "m,h=a,r=y", "n,h=a"});
      double value = static_cast<double>(pick(40)) / 4;
      text += fmt::format(" f={},g={},i={}i", value, value - 5, pick(7));
      text += fmt::format(",s=\"{}\" {}000000000\n", pick(5), pick(300));
    }
    auto lines =
        model::parse_lines(std::make_shared<const std::string>(text), model::Precision::ns, 0);
    REQUIRE(store::write_and_wait(*store_, kBucket, std::move(lines.batch)).ok());
    if (pick(2) == 0) REQUIRE(store_->seal_all().ok());
  }

  std::string question() {
    std::string script = fmt::format("from(bucket: \"b\") |> range(start: {}, stop: {})", pick(200),
                                     200 + pick(200));
    script += one_of({" |> filter(fn: (r) => r._field == \"f\")",
                      " |> filter(fn: (r) => r._field == \"f\" or r._field == \"g\")",
                      " |> filter(fn: (r) => r._field == \"i\" and r._value > 2)",
                      " |> filter(fn: (r) => r._measurement == \"m\" and r._field == \"s\")", ""});
    script += " |> group(";
    script += one_of({"", "columns: [\"h\"]", "columns: [\"_field\", \"h\"]",
                      "columns: [\"r\", \"_measurement\"]", "columns: [\"none\"]",
                      "columns: [\"_stop\", \"z\"]", "columns: [\"_time\"]",
                      "columns: [\"_time\", \"_value\", \"h\"], mode: \"except\"",
                      "columns: [\"_time\", \"_value\", \"_start\"], mode: \"except\"",
                      "columns: [\"h\"], mode: \"except\""});
    script += ")";
    const char* function = one_of({"count", "sum", "mean", "min", "max", "first", "last"});
    switch (pick(5)) {
      case 0:
        return script + fmt::format(" |> {}()", function);
      case 1:
        return script + fmt::format(" |> limit(n: {}, offset: {})", 1 + pick(4), pick(3));
      default:
        return script + fmt::format(
                            " |> aggregateWindow(every: {}s, offset: {}s, fn: {}, "
                            "createEmpty: {}, timeSrc: \"{}\")",
                            1 + pick(pick(2) == 0 ? 10 : 400), pick(9), function,
                            one_of({"true", "false"}), one_of({"_start", "_stop"}));
    }
  }

  // The answer, or that there was an error.
  std::string answer(const std::string& script, bool push_down) {
    Engine engine(*store_, clock_);
    Request request;
    request.script = script;
    request.push_down = push_down;
    std::string csv;
    auto done = engine.run_csv(request, catalog_, CsvDialect(), [&](std::string_view bytes) {
      csv += bytes;
      return true;
    });
    return done.ok() ? csv : "error";
  }

 private:
  uint64_t pick(uint64_t below) { return random_() % below; }
  const char* one_of(std::initializer_list<const char*> texts) {
    return *(texts.begin() + pick(texts.size()));
  }

  std::mt19937_64 random_;
  store::testing::TemporaryDirectory directory_;
  ManualClock clock_{int64_t{1'000'000'000'000}};
  OneBucket catalog_;
  std::unique_ptr<store::Engine> store_;
};

}  // namespace

TEST_CASE("an aggregate of groups is the same whether the store or the operators compute it") {
  const char* given = std::getenv("WEIR_SEED");
  uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
  CAPTURE(seed);
  Questions questions(seed);
  size_t answered = 0;
  for (int round = 0; round < 4; ++round) {
    questions.write(round == 3 ? 3000 : 40);
    for (int i = 0; i < 100; ++i) {
      std::string script = questions.question();
      CAPTURE(script);
      std::string expected = questions.answer(script, false);
      CHECK(questions.answer(script, true) == expected);
      answered += expected != "error" && expected.size() > 2 ? 1 : 0;
    }
  }
  CHECK(answered > 100);
}

}  // namespace weir::query
