// write_csv: tables already in memory as annotated CSV: time, a float of two decimals, and six
// columns of the group key. write_csv_doubles: floats of full precision.
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdlib>

#include "query/exec/context.h"
#include "query/result/annotated_csv.h"
#include "store/memory/memory_store.h"

namespace weir::query {
namespace {

constexpr size_t kChunks = 64, kRows = 4096;

class NoCatalog final : public Catalog {
 public:
  std::vector<BucketInfo> buckets() const override { return {}; }
  Result<BucketInfo> find_bucket(std::string_view, bool) const override {
    return Error{Errc::not_found, "bucket not found"};
  }
};

TablePtr make(bool decimals) {
  GroupKey key;
  Columns columns;
  for (const char* label : {"_field", "_measurement", "device", "room"}) {
    key.add(label, Scalar::of_string(std::string("value-of-") + label));
    columns.push_back({label, ColumnType::string});
  }
  for (const char* label : {"_start", "_stop"}) {
    key.add(label, Scalar::of_time(1'577'836'800'000'000'000));
    columns.push_back({label, ColumnType::time});
  }
  columns.push_back({"_time", ColumnType::time});
  columns.push_back({"_value", ColumnType::floating});
  std::vector<Chunk> chunks;
  for (size_t c = 0; c < kChunks; ++c) {
    ColumnBuilder times(ColumnType::time), values(ColumnType::floating);
    for (size_t row = 0; row < kRows; ++row) {
      double value = 20 + 5 * std::sin(static_cast<double>(c * kRows + row));
      times.append_int(1'577'836'800'000'000'000 +
                       static_cast<int64_t>(c * kRows + row) * 10'000'000'000);
      values.append_float(decimals ? std::round(value * 100) / 100 : value);
    }
    Chunk chunk;
    chunk.rows = kRows;
    for (const auto& entry : key.entries())
      chunk.columns.push_back(constant_column(entry.value, kRows));
    chunk.columns.push_back(times.finish());
    chunk.columns.push_back(values.finish());
    chunks.push_back(std::move(chunk));
  }
  return make_table(std::move(key), std::move(columns), std::move(chunks));
}

void run(benchmark::State& state, bool decimals) {
  ManualClock clock;
  auto store = store::make_memory_store(clock);
  NoCatalog catalog;
  ExecContext context(*store, catalog, clock);
  CsvDialect dialect;
  dialect.annotate_datatype = dialect.annotate_group = dialect.annotate_default = true;
  WriteBytes sink = [](std::string_view) { return true; };
  int64_t bytes = 0;
  for (auto _ : state) {
    state.PauseTiming();
    std::vector<TablePtr> tables;
    tables.push_back(make(decimals));
    CursorPtr cursor = cursor_of(std::move(tables));
    state.ResumeTiming();
    AnnotatedCsvWriter writer(dialect, sink);
    if (!writer.write_result(context, "_result", *cursor).ok()) std::abort();
    bytes += static_cast<int64_t>(writer.bytes());
  }
  if (context.statistics.rows_written != state.iterations() * kChunks * kRows) std::abort();
  state.SetBytesProcessed(bytes);
  state.SetItemsProcessed(static_cast<int64_t>(context.statistics.rows_written));
}

void write_csv(benchmark::State& state) { run(state, true); }
BENCHMARK(write_csv)->Unit(benchmark::kMillisecond);
void write_csv_doubles(benchmark::State& state) { run(state, false); }
BENCHMARK(write_csv_doubles)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace weir::query
