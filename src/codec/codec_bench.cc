// Nanoseconds and bytes per value of the column codecs, on the shapes that devices make.
//
// Every run checks that what comes back has the bits that went in. One chunk is 1024 rows.
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstring>
#include <random>

#include "base/assert.h"
#include "codec/column_codec.h"

namespace weir::codec {
namespace {

constexpr size_t kRows = 1024;

std::vector<double> walk(double scale) {
  std::mt19937_64 random(1);
  std::vector<double> values;
  int64_t level = 2000;
  for (size_t i = 0; i < kRows; i++) {
    level += static_cast<int64_t>(random() % 5) - 2;
    values.push_back(static_cast<double>(level) / scale);
  }
  return values;
}

std::vector<double> percent() {
  std::mt19937_64 random(2);
  std::vector<double> values;
  for (size_t i = 0; i < kRows; i++) values.push_back(static_cast<double>(random() % 101));
  return values;
}

std::vector<double> noise() {
  std::mt19937_64 random(3);
  std::normal_distribution<double> normal(20, 5);
  std::vector<double> values;
  for (size_t i = 0; i < kRows; i++) values.push_back(normal(random));
  return values;
}

std::vector<int64_t> times(int64_t jitter_ms) {
  std::mt19937_64 random(4);
  std::vector<int64_t> values;
  for (size_t i = 0; i < kRows; i++) {
    int64_t time = 1'700'000'000'000'000'000 + static_cast<int64_t>(i) * 10'000'000'000;
    if (jitter_ms > 0) {
      time += (static_cast<int64_t>(random() % static_cast<uint64_t>(2 * jitter_ms)) - jitter_ms) *
              1'000'000;
    }
    values.push_back(time);
  }
  return values;
}

template <class Value, class Encode>
void encode_bench(benchmark::State& state, const std::vector<Value>& values, Encode encode) {
  std::string bytes;
  for (auto _ : state) {
    bytes.clear();
    encode(values, bytes);
    benchmark::DoNotOptimize(bytes.data());
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * values.size()));
  state.counters["B/value"] =
      static_cast<double>(bytes.size()) / static_cast<double>(values.size());
}

template <class Value, class Encode, class Decode>
void decode_bench(benchmark::State& state, const std::vector<Value>& values, Encode encode,
                  Decode decode) {
  std::string bytes;
  encode(values, bytes);
  std::vector<Value> back;
  for (auto _ : state) {
    ByteReader in(bytes);
    WEIR_ASSERT(decode(in, values.size(), back).ok(), "what was encoded decodes");
    benchmark::DoNotOptimize(back.data());
  }
  WEIR_ASSERT(std::memcmp(back.data(), values.data(), values.size() * sizeof(Value)) == 0,
              "a column comes back bit for bit");
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * values.size()));
}

#define WEIR_COLUMN_BENCH(name, values, effort, encode, decode)                                   \
  void encode_##name(benchmark::State& state) {                                                   \
    encode_bench(state, values,                                                                   \
                 [](const auto& column, std::string& out) { encode(column, effort, out); });      \
  }                                                                                               \
  BENCHMARK(encode_##name);                                                                       \
  void decode_##name(benchmark::State& state) {                                                   \
    decode_bench(                                                                                 \
        state, values, [](const auto& column, std::string& out) { encode(column, effort, out); }, \
        decode);                                                                                  \
  }                                                                                               \
  BENCHMARK(decode_##name)
#define WEIR_COLUMN_BENCHES(name, values, encode, decode)         \
  WEIR_COLUMN_BENCH(name, values, Effort::quick, encode, decode); \
  WEIR_COLUMN_BENCH(cold_##name, values, Effort::thorough, encode, decode)

WEIR_COLUMN_BENCHES(walk_tenths, walk(10), encode_doubles, decode_doubles);
WEIR_COLUMN_BENCHES(walk_hundredths, walk(100), encode_doubles, decode_doubles);
WEIR_COLUMN_BENCHES(percent_as_double, percent(), encode_doubles, decode_doubles);
WEIR_COLUMN_BENCHES(noise_double, noise(), encode_doubles, decode_doubles);
WEIR_COLUMN_BENCHES(times_regular, times(0), encode_times, decode_times);
WEIR_COLUMN_BENCHES(times_jitter_50ms, times(50), encode_times, decode_times);

}  // namespace
}  // namespace weir::codec
