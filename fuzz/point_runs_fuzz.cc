// Points as runs: whatever the bytes, they are refused or give points of the types they tell.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "model/point_runs.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace weir::model;
  auto body = std::make_shared<const std::string>(reinterpret_cast<const char*>(data), size);
  auto batch = decode_runs(body);
  if (!batch.ok()) return 0;
  if (batch->points.size() != batch->fields.size()) std::abort();
  // One run for each point: the same points again.
  std::string again;
  for (const BatchPoint& point : batch->points) {
    const BatchField& field = batch->fields[point.fields_begin];
    ColumnChunk chunk;
    chunk.type = field.value.type();
    chunk.append(point.time_ns, field.value);
    append_run(again, point.raw_series_key, field.key, chunk);
  }
  auto second = decode_runs(std::make_shared<const std::string>(again));
  if (!second.ok() || second->points.size() != batch->points.size()) std::abort();
  return 0;
}
