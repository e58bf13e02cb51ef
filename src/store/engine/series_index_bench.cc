// What a million series cost: the report of what they are made of, and forgetting them.
#include <benchmark/benchmark.h>
#include <fmt/core.h>

#include <memory>

#include "base/assert.h"
#include "store/engine/series_index.h"

namespace weir::store {
namespace {

constexpr SeriesId kSeries = 1'000'000;

// Two measurements, one tag with a value of its own for each series, two with few.
std::unique_ptr<SeriesIndex> make_index() {
  auto index = std::make_unique<SeriesIndex>();
  for (SeriesId i = 0; i < kSeries; i++) {
    auto added = index->add_series(fmt::format("{},container={:016x},host=h{},region=r{}",
                                               i % 3 == 0 ? "mem" : "cpu", i, i % 1000, i % 8));
    WEIR_ASSERT(added.ok(), "the key is canonical");
  }
  return index;
}

void cardinality_of_a_million(benchmark::State& state) {
  auto index = make_index();
  for (auto _ : state) {
    Cardinality found = index->cardinality(20);
    WEIR_ASSERT(found.series == kSeries && found.tags.size() == 3, "all are counted");
  }
}

// 4096 at a time, as the engine does it; the time of one such step.
void forget_of_a_million(benchmark::State& state) {
  constexpr SeriesId kAtOnce = 4096;
  auto index = make_index();
  SeriesId next = 0;
  for (auto _ : state) {
    Roaring some;
    some.addRange(next, next + kAtOnce);
    index->begin_leaving(some);
    index->end_leaving(index->leaving());
    next += kAtOnce;
  }
  WEIR_ASSERT(index->known_count() == kSeries - next, "those are gone");
}

}  // namespace

BENCHMARK(cardinality_of_a_million)->Unit(benchmark::kMillisecond);
BENCHMARK(forget_of_a_million)->Unit(benchmark::kMillisecond)->Iterations(200);

}  // namespace weir::store
