// The engine under load: devops-shaped lines (10 tags, 10 fields) in, window means out.
//
// cpu_s_per_million counts the processor time of all threads, sealing included, per million field
// values; the log is synced as in production.
#include <benchmark/benchmark.h>
#include <fmt/core.h>
#include <sys/resource.h>

#include <condition_variable>
#include <random>

#include "base/log.h"
#include "base/sync.h"
#include "model/line_protocol.h"
#include "store/engine/engine.h"
#include "store/testing.h"

namespace weir::store {
namespace {

constexpr BucketId kBucket{1};
constexpr int64_t kStart = 1'700'000'000'000'000'000;
constexpr int64_t kStep = 10'000'000'000;
constexpr int kHosts = 500;
constexpr int kFields = 10;
constexpr int kLinesPerBatch = 5000;

// Batches of lines: every host in turn, then the next time step.
class Devops {
 public:
  std::shared_ptr<const std::string> next_batch() {
    auto text = std::make_shared<std::string>();
    for (int i = 0; i < kLinesPerBatch; i++) {
      int host = line_ % kHosts;
      int64_t time = kStart + line_ / kHosts * kStep;
      *text += fmt::format(
          "cpu,arch=x64,datacenter=eu-west-1a,hostname=host_{},os=Ubuntu16.04LTS,rack=67,"
          "region=eu-west-1,service=7,service_environment=production,service_version=1,team=NYC ",
          host);
      for (int field = 0; field < kFields; field++) {
        double& value = values_[static_cast<size_t>(host * kFields + field)];
        value = std::clamp(value + static_cast<double>(int(random_() % 21) - 10) / 10, 0.0, 100.0);
        *text += fmt::format("{}usage_{}={:.1f}", field == 0 ? "" : ",", kNames[field], value);
      }
      *text += fmt::format(" {}\n", time);
      line_++;
    }
    return text;
  }

 private:
  static constexpr const char* kNames[kFields] = {
      "user", "system", "idle", "nice", "iowait", "irq", "softirq", "steal", "guest", "guest_nice"};
  std::mt19937 random_{1};
  std::vector<double> values_ = std::vector<double>(kHosts * kFields, 50.0);
  int line_ = 0;
};

struct Opened {
  testing::TemporaryDirectory directory;
  SystemClock clock;
  std::unique_ptr<Engine> engine;

  explicit Opened(Durability::Mode mode) {
    log::set_level(log::Level::warn);
    EngineOptions options;
    options.directory = directory.path();
    options.durability.mode = mode;
    engine = std::move(*Engine::open(options, system_file_system(), clock));
    WEIR_ASSERT(engine->create_bucket(kBucket, {}).ok(), "a new store takes a bucket");
  }
};

// Keeps several batches in flight, as connections do.
class Window {
 public:
  void begin() {
    auto waiting = waiting_.lock();
    waiting.wait(changed_, [&] { return *waiting < kInFlight; });
    ++*waiting;
  }
  void end(const Result<WriteOutcome>& outcome) {
    WEIR_ASSERT(outcome.ok() && outcome->dropped_points == 0, "every point is stored");
    auto waiting = waiting_.lock();
    --*waiting;
    changed_.notify_all();
  }
  void drain() {
    auto waiting = waiting_.lock();
    waiting.wait(changed_, [&] { return *waiting == 0; });
  }

 private:
  static constexpr int kInFlight = 4;
  Guarded<int> waiting_{0};
  std::condition_variable changed_;
};

double cpu_seconds() {
  rusage usage = {};
  ::getrusage(RUSAGE_SELF, &usage);
  auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void ingest(Engine& engine, const std::vector<std::shared_ptr<const std::string>>& batches) {
  Window window;
  for (const auto& text : batches) {
    model::ParsedLines parsed = model::parse_lines(text, model::Precision::ns, 0);
    WEIR_ASSERT(parsed.errors.empty(), "every line parses");
    window.begin();
    engine.write(kBucket, std::move(parsed.batch),
                 [&](Result<WriteOutcome> outcome) { window.end(outcome); });
  }
  window.drain();
}

void lp_parse_and_store(benchmark::State& state) {
  Devops devops;
  std::vector<std::shared_ptr<const std::string>> batches;
  for (int i = 0; i < 200; i++) batches.push_back(devops.next_batch());
  double cpu = 0, values = 0;
  for (auto _ : state) {
    Opened store(static_cast<Durability::Mode>(state.range(0)));
    double before = cpu_seconds();
    ingest(*store.engine, batches);
    WEIR_ASSERT(store.engine->seal_all().ok(), "sealing works");
    cpu += cpu_seconds() - before;
    values += static_cast<double>(batches.size()) * kLinesPerBatch * kFields;
    BucketStatistics statistics = *store.engine->statistics(kBucket);
    WEIR_ASSERT(statistics.series == kHosts, "one series a host");
    state.counters["bytes_per_value"] =
        static_cast<double>(statistics.disk_bytes) /
        (static_cast<double>(batches.size()) * kLinesPerBatch * kFields);
  }
  state.counters["values_per_s"] = benchmark::Counter(values, benchmark::Counter::kIsRate);
  state.counters["cpu_s_per_million"] = cpu / (values / 1e6);
}

// Means over windows of 60 steps (or of the whole range: chunk statistics) of every series.
void scan_window_mean(benchmark::State& state) {
  Devops devops;
  std::vector<std::shared_ptr<const std::string>> batches;
  for (int i = 0; i < 200; i++) batches.push_back(devops.next_batch());
  Opened store(Durability::Mode::none);
  ingest(*store.engine, batches);
  WEIR_ASSERT(store.engine->seal_all().ok(), "sealing works");
  ScanSpec spec;
  spec.bucket = kBucket;
  spec.aggregate = Aggregate::mean;
  spec.window_every_ns = state.range(0) * kStep;
  double values = static_cast<double>(batches.size()) * kLinesPerBatch * kFields;
  size_t rows = 0;
  for (auto _ : state) {
    auto cursor = std::move(*store.engine->scan(spec));
    model::ColumnChunk chunk;
    rows = 0;
    while (*cursor->next_series() != nullptr) {
      while (*cursor->next_chunk(chunk)) rows += chunk.rows();
    }
  }
  WEIR_ASSERT(rows >= kHosts * kFields, "every series and field answers");
  state.counters["values_per_s"] =
      benchmark::Counter(values, benchmark::Counter::kIsIterationInvariantRate);
}

}  // namespace

BENCHMARK(lp_parse_and_store)
    ->ArgName("durability")
    ->Arg(0)
    ->Arg(2)
    ->Unit(benchmark::kMillisecond)
    ->Iterations(2)
    ->UseRealTime();
BENCHMARK(scan_window_mean)
    ->ArgName("window")
    ->Arg(60)
    ->Arg(0)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace weir::store
