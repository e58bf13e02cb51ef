// Nanoseconds a line and a field of line protocol costs to parse, on the two shapes that matter:
// the TSBS devops host (9 tags, 10 integer fields) and a sensor (2 tags, 1 decimal).
#include <benchmark/benchmark.h>

#include <random>

#include "base/assert.h"
#include "model/line_protocol.h"

namespace weir::model {
namespace {

constexpr int kLines = 5000;  // what agents send in one request

std::shared_ptr<const std::string> devops_text() {
  std::mt19937_64 random(1);
  const char* fields[] = {"usage_user",   "usage_system",    "usage_idle",    "usage_nice",
                          "usage_iowait", "usage_irq",       "usage_softirq", "usage_steal",
                          "usage_guest",  "usage_guest_nice"};
  std::string text;
  for (int i = 0; i < kLines; i++) {
    text += "cpu,hostname=host_" + std::to_string(i) +
            ",region=eu-central-1,datacenter=eu-central-1a,rack=6,os=Ubuntu15.10,arch=x86,team=SF,"
            "service=19,service_version=1,service_environment=test";
    char separator = ' ';
    for (const char* field : fields) {
      text += separator + std::string(field) + "=" + std::to_string(random() % 100) + "i";
      separator = ',';
    }
    text += " 1451606400000000000\n";
  }
  return std::make_shared<const std::string>(std::move(text));
}

std::shared_ptr<const std::string> sensor_text() {
  std::mt19937_64 random(2);
  std::string text;
  for (int i = 0; i < kLines; i++) {
    text += "temperature,room=room_" + std::to_string(i % 500) +
            ",site=hq value=" + std::to_string(random() % 40) + "." +
            std::to_string(random() % 100) + " " +
            std::to_string(1'700'000'000'000'000'000 + i * 1'000'000ll) + "\n";
  }
  return std::make_shared<const std::string>(std::move(text));
}

void parse_bench(benchmark::State& state, std::shared_ptr<const std::string> text,
                 size_t fields_per_line) {
  for (auto _ : state) {
    ParsedLines parsed = parse_lines(text, Precision::ns, 0);
    WEIR_ASSERT(parsed.batch.points.size() == kLines && parsed.errors.empty(), "all lines parse");
    benchmark::DoNotOptimize(parsed.batch.fields.data());
  }
  const auto lines = static_cast<double>(state.iterations()) * kLines;
  using benchmark::Counter;
  state.counters["ns/line"] = Counter(lines * 1e-9, Counter::kIsRate | Counter::kInvert);
  state.counters["ns/field"] = Counter(lines * static_cast<double>(fields_per_line) * 1e-9,
                                       Counter::kIsRate | Counter::kInvert);
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * text->size()));
}

void lp_parse_devops(benchmark::State& state) { parse_bench(state, devops_text(), 10); }
BENCHMARK(lp_parse_devops);
void lp_parse_sensor(benchmark::State& state) { parse_bench(state, sensor_text(), 1); }
BENCHMARK(lp_parse_sensor);

}  // namespace
}  // namespace weir::model
