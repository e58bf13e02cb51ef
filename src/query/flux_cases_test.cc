// Runs test/flux/*.case over the memory store, each case in four ways: with and without push-down,
// with and without column-wise lambdas. All must give the expected answer.
// With WEIR_FLUX_BLESS set, cases that have neither an expectation nor an error get what was
// answered, to be read over before it is committed.
#include <doctest/doctest.h>
#include <re2/re2.h>

#include <cstdlib>
#include <filesystem>
#include <memory>

#include "model/line_protocol.h"
#include "query/flux/calendar.h"
#include "query/query.h"
#include "query/testing/flux_case.h"
#include "store/memory/memory_store.h"

namespace weir::query {
namespace {

using testing::FluxCase;

constexpr BucketId kBucket{0x0000000000000b01};
constexpr OrgId kOrg{0x000000000000a001};

class OneBucket final : public Catalog {
 public:
  std::vector<BucketInfo> buckets() const override { return {info()}; }
  Result<BucketInfo> find_bucket(std::string_view name, bool by_id) const override {
    if (by_id ? name == id_to_text(kBucket) : name == "b") return info();
    return Error{Errc::not_found, "bucket not found"};
  }

 private:
  static BucketInfo info() { return {kBucket, kOrg, "b", 0}; }
};

std::string without_returns(std::string text) {
  std::erase(text, '\r');
  return text;
}

struct Answer {
  std::string csv;
  std::string error;
};

Answer run(const FluxCase& one, bool push_down, bool vectorise) {
  int64_t now = flux::parse_time(one.now.empty() ? "2020-01-01T01:00:00Z"
                                                 : one.now.substr(0, one.now.find('\n')))
                    .value()
                    .ns()
                    .value();
  ManualClock clock(now);
  auto store = store::make_memory_store(clock);
  REQUIRE(store->create_bucket(kBucket, {}).ok());
  auto text = std::make_shared<const std::string>(one.data);
  model::ParsedLines lines = model::parse_lines(text, model::Precision::ns, now);
  REQUIRE_MESSAGE(lines.errors.empty(), one.name);
  REQUIRE(store::write_and_wait(*store, kBucket, std::move(lines.batch)).ok());

  Engine engine(*store, clock);
  OneBucket catalog;
  Request request;
  request.script = one.query;
  request.push_down = push_down;
  request.vectorise = vectorise;
  CsvDialect dialect;
  dialect.annotate_datatype = dialect.annotate_group = dialect.annotate_default = true;
  Answer answer;
  auto written = engine.run_csv(request, catalog, dialect, [&](std::string_view bytes) {
    answer.csv += bytes;
    return true;
  });
  answer.csv = without_returns(std::move(answer.csv));
  if (!written.ok()) answer.error = written.error().message;
  return answer;
}

void check(FluxCase& one, bool bless) {
  for (bool push_down : {true, false}) {
    for (bool vectorise : {true, false}) {
      if (one.by_columns && !vectorise) continue;
      CAPTURE(one.name);
      CAPTURE(push_down);
      CAPTURE(vectorise);
      Answer answer = run(one, push_down, vectorise);
      if (bless && !one.expect && !one.error) {
        if (answer.error.empty()) one.expect = answer.csv;
        if (!answer.error.empty()) one.error = RE2::QuoteMeta(answer.error) + "\n";
      }
      if (one.error) {
        std::string pattern = one.error->substr(0, one.error->find('\n'));
        CAPTURE(answer.error);
        CHECK(RE2::PartialMatch(answer.error, pattern));
        CHECK_FALSE(answer.error.empty());
      } else {
        CHECK(answer.error == "");
        CHECK(answer.csv == one.expect.value_or("missing"));
      }
    }
  }
}

TEST_CASE("every Flux case answers as expected, pushed down or not, by columns or by rows") {
  bool bless = std::getenv("WEIR_FLUX_BLESS") != nullptr;
  const char* only = std::getenv("WEIR_FLUX_CASE");  // part of a file's name
  size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(WEIR_TEST_DIR "/flux")) {
    if (entry.path().extension() != ".case") continue;
    if (only != nullptr && entry.path().string().find(only) == std::string::npos) continue;
    std::vector<FluxCase> cases = testing::read_cases(entry.path());
    for (FluxCase& one : cases) check(one, bless), ++count;
    if (bless) testing::write_cases(entry.path(), cases);
  }
  CHECK(count > 0);
}

}  // namespace
}  // namespace weir::query
