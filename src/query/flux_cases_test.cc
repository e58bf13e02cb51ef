// Runs test/flux/*.case over the memory store, each case in four ways: with and without push-down,
// with and without column-wise lambdas; and those with data over the embedded store, from its head
// and from its chunks. All must give the expected answer.
// With WEIR_FLUX_BLESS set, cases that have neither an expectation nor an error get what was
// answered, to be read over before it is committed.
#include <doctest/doctest.h>
#include <re2/re2.h>

#include <cstdlib>
#include <filesystem>
#include <memory>

#include "base/file.h"
#include "model/line_protocol.h"
#include "query/flux/calendar.h"
#include "query/outgoing.h"
#include "query/query.h"
#include "query/testing/flux_case.h"
#include "store/engine/engine.h"
#include "store/memory/memory_store.h"
#include "store/testing.h"

namespace weir::query {
namespace {

using testing::FluxCase;

constexpr BucketId kBucket{0x0000000000000b01};
constexpr OrgId kOrg{0x000000000000a001};

class OneBucket final : public Catalog {
 public:
  explicit OneBucket(BucketId bucket) : bucket_(bucket) {}
  std::vector<BucketInfo> buckets() const override { return {info()}; }
  Result<BucketInfo> find_bucket(std::string_view name, bool by_id) const override {
    if (by_id ? name == id_to_text(bucket_) : name == "b") return info();
    return Error{Errc::not_found, "bucket not found"};
  }
  Result<BucketInfo> find_writable_bucket(std::string_view name, bool by_id) const override {
    return find_bucket(name, by_id);
  }

 private:
  BucketInfo info() const { return {bucket_, kOrg, "b", 0}; }
  BucketId bucket_;
};

// The host "echo": answers with the request it got, /status/N with status N, and /last with the
// request before. No other host may be reached.
class EchoHost final : public Outgoing {
 public:
  Result<HttpResponse> http(const HttpRequest& request, const Check&) override {
    constexpr std::string_view kHost = "http://echo";
    if (!request.url.starts_with(kHost))
      return Error{Errc::forbidden, "a query may not reach " + request.url};
    const std::string path = request.url.substr(kHost.size());
    HttpResponse response{
        .status = 200, .headers = {{"content-TYPE", "text/plain"}}, .body = last_};
    if (path == "/last") return response;
    last_ = request.method + " " + path + "\n";
    for (const auto& [name, value] : request.headers) last_ += name + ": " + value + "\n";
    if (request.timeout_ms != 0) last_ += "within " + std::to_string(request.timeout_ms) + " ms\n";
    if (request.insecure) last_ += "insecure\n";
    last_ += request.body;
    response.body = last_;
    if (path.starts_with("/status/")) response.status = std::stoi(path.substr(8));
    return response;
  }
  // The broker "echo" takes messages, told as requests are.
  Result<void> publish(const MqttMessage& message, const Check&) override {
    if (message.broker != "tcp://echo")
      return Error{Errc::forbidden, "a query may not reach " + message.broker};
    last_ = "PUBLISH " + message.topic + " qos " + std::to_string(message.qos) +
            (message.retain ? " retained" : "") + " from '" + message.client_id + "'\n";
    if (message.user) last_ += *message.user + " " + message.password.value_or("") + "\n";
    last_ += "within " + std::to_string(message.timeout_ms) + " ms\n" + message.payload;
    return {};
  }

 private:
  std::string last_;
};

std::string without_returns(std::string text) {
  std::erase(text, '\r');
  return text;
}

struct Answer {
  std::string csv;
  std::string error;
};

int64_t now_of(const FluxCase& one) {
  return flux::parse_time(one.now.empty() ? "2020-01-01T01:00:00Z"
                                          : one.now.substr(0, one.now.find('\n')))
      .value()
      .ns()
      .value();
}

void write_data(store::Store& store, BucketId bucket, const FluxCase& one) {
  REQUIRE(store.create_bucket(bucket, {}).ok());
  auto text = std::make_shared<const std::string>(one.data);
  model::ParsedLines lines = model::parse_lines(text, model::Precision::ns, now_of(one));
  REQUIRE_MESSAGE(lines.errors.empty(), one.name);
  REQUIRE(store::write_and_wait(store, bucket, std::move(lines.batch)).ok());
}

Answer run(store::Store& store, BucketId bucket, const FluxCase& one, bool push_down,
           bool vectorise) {
  ManualClock clock(now_of(one));
  EchoHost outgoing;
  Engine engine(store, clock, &outgoing);
  OneBucket catalog(bucket);
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

void check(FluxCase& one, const Answer& answer) {
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

void check_in_memory(FluxCase& one, bool bless) {
  ManualClock clock(now_of(one));
  auto store = store::make_memory_store(clock);
  write_data(*store, kBucket, one);
  for (bool push_down : {true, false}) {
    for (bool vectorise : {true, false}) {
      if (one.by_columns && !vectorise) continue;
      CAPTURE(one.name);
      CAPTURE(push_down);
      CAPTURE(vectorise);
      Answer answer = run(*store, kBucket, one, push_down, vectorise);
      if (bless && !one.expect && !one.error) {
        if (answer.error.empty()) one.expect = answer.csv;
        if (!answer.error.empty()) one.error = RE2::QuoteMeta(answer.error) + "\n";
      }
      check(one, answer);
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
    for (FluxCase& one : cases) check_in_memory(one, bless), ++count;
    if (bless) testing::write_cases(entry.path(), cases);
  }
  CHECK(count > 0);
}

TEST_CASE("the embedded store answers every Flux case with data alike, from head and chunks") {
  std::vector<FluxCase> cases;
  for (const auto& entry : std::filesystem::directory_iterator(WEIR_TEST_DIR "/flux")) {
    if (entry.path().extension() != ".case") continue;
    for (FluxCase& one : testing::read_cases(entry.path())) {
      // Each case has a bucket of its own here, so its id is not the one that some cases name.
      bool names_id =
          (one.query + one.expect.value_or("")).find(id_to_text(kBucket)) != std::string::npos;
      if (!one.data.empty() && !names_id) cases.push_back(std::move(one));
    }
  }
  REQUIRE(cases.size() > 50);

  store::testing::TemporaryDirectory directory;
  ManualClock clock(now_of({}));
  store::EngineOptions options;
  options.directory = directory.path();
  options.durability.mode = Durability::Mode::none;
  options.background = false;
  auto engine = store::Engine::open(options, system_file_system(), clock);
  REQUIRE(engine.ok());
  auto bucket_of = [](size_t i) { return BucketId{static_cast<uint64_t>(kBucket) + i}; };
  for (size_t i = 0; i < cases.size(); ++i) write_data(**engine, bucket_of(i), cases[i]);
  for (bool sealed : {false, true}) {
    if (sealed) REQUIRE((*engine)->seal_all().ok());
    for (size_t i = 0; i < cases.size(); ++i) {
      for (bool push_down : {true, false}) {
        CAPTURE(cases[i].name);
        CAPTURE(sealed);
        CAPTURE(push_down);
        check(cases[i], run(**engine, bucket_of(i), cases[i], push_down, true));
      }
    }
  }
}

}  // namespace
}  // namespace weir::query
