// csv_output: rows of 100 series as annotated CSV, in bytes of text.
// window_mean_pushed, window_mean_plain: mean over windows of 1 h of the same rows, by the store
// and by the operator. filter_map: a filter and a map of columns. Each checks its answer's size.
#include <benchmark/benchmark.h>

#include <cmath>
#include <memory>

#include "model/line_protocol.h"
#include "query/query.h"
#include "store/memory/memory_store.h"

namespace weir::query {
namespace {

constexpr BucketId kBucket{1};
constexpr int kSeries = 100, kRowsPerSeries = 10'000;
constexpr int64_t kStartNs = 1'577'836'800'000'000'000, kStepNs = 10'000'000'000;

class OneBucket final : public Catalog {
 public:
  std::vector<BucketInfo> buckets() const override { return {}; }
  Result<BucketInfo> find_bucket(std::string_view, bool) const override {
    return BucketInfo{kBucket, OrgId{1}, "b", 0};
  }
};

struct World {
  ManualClock clock{kStartNs + kRowsPerSeries * kStepNs};
  std::unique_ptr<store::Store> store = store::make_memory_store(clock);
  OneBucket catalog;
  Engine engine{*store, clock};

  World() {
    if (!store->create_bucket(kBucket, {}).ok()) std::abort();
    for (int series = 0; series < kSeries; ++series) {
      auto text = std::make_shared<std::string>();
      for (int row = 0; row < kRowsPerSeries; ++row) {
        double value = 20 + std::round(500 * std::sin(row * 0.01 + series)) / 100;
        *text += "env,device=d" + std::to_string(series) + ",room=r" + std::to_string(series % 7) +
                 " temperature=" + std::to_string(value) + " " +
                 std::to_string(kStartNs + row * kStepNs) + "\n";
      }
      auto lines =
          model::parse_lines(std::shared_ptr<const std::string>(text), model::Precision::ns, 0);
      if (!store::write_and_wait(*store, kBucket, std::move(lines.batch)).ok()) std::abort();
    }
  }
};

World& world() {
  static World* const the = new World;
  return *the;
}

void run(benchmark::State& state, const std::string& tail, uint64_t rows, bool push_down) {
  Request request;
  request.script = "from(bucket: \"b\") |> range(start: 2020-01-01T00:00:00Z)" + tail;
  request.push_down = push_down;
  request.limits.memory_bytes_max = size_t{4} << 30;
  CsvDialect dialect;
  dialect.annotate_datatype = dialect.annotate_group = dialect.annotate_default = true;
  world();  // filled before the clock runs
  uint64_t bytes = 0, read = 0;
  for (auto _ : state) {
    auto done = world().engine.run_csv(request, world().catalog, dialect,
                                       [](std::string_view) { return true; });
    if (!done.ok() || done->rows_written != rows) state.SkipWithError("wrong answer");
    if (done.ok()) bytes += done->bytes_written, read += kSeries * kRowsPerSeries;
  }
  state.SetBytesProcessed(static_cast<int64_t>(bytes));
  state.SetItemsProcessed(static_cast<int64_t>(read));
}

constexpr uint64_t kAllRows = uint64_t{kSeries} * kRowsPerSeries;

void csv_output(benchmark::State& state) { run(state, "", kAllRows, true); }
BENCHMARK(csv_output)->Unit(benchmark::kMillisecond);

void window_mean_pushed(benchmark::State& state) {
  run(state, "|> aggregateWindow(every: 1h, fn: mean)", 28 * kSeries, true);
}
BENCHMARK(window_mean_pushed)->Unit(benchmark::kMillisecond);

void window_mean_plain(benchmark::State& state) {
  run(state, "|> aggregateWindow(every: 1h, fn: mean)", 28 * kSeries, false);
}
BENCHMARK(window_mean_plain)->Unit(benchmark::kMillisecond);

void filter_map(benchmark::State& state) {
  run(state,
      "|> filter(fn: (r) => r._value * 2.0 > 0.0)"
      "|> map(fn: (r) => ({r with _value: r._value * 1.8 + 32.0})) |> count()",
      kSeries, false);
}
BENCHMARK(filter_map)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace weir::query
