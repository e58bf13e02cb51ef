// The chunk reader on foreign bytes, as they are and with the checksum put right. What decodes is
// encoded again and must come back the same.
#include <xxhash.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "store/engine/chunk_reader.h"
#include "store/engine/chunk_writer.h"

namespace {

using namespace weir;
using namespace weir::store;

void require(bool condition) {
  if (!condition) std::abort();
}

bool is_ascending(const std::vector<int64_t>& times) {
  for (size_t i = 1; i < times.size(); i++) {
    if (times[i - 1] >= times[i]) return false;
  }
  return true;
}

void read(std::string_view bytes) {
  Result<ChunkReader> chunk = ChunkReader::open(bytes);
  if (!chunk.ok()) return;
  Result<std::vector<int64_t>> times = chunk->times();
  if (!times.ok()) return;
  for (const ColumnHeader& column : chunk->columns()) {
    Result<FieldRun> run = chunk->run(column, *times);
    if (!run.ok()) continue;
    require(run->times.size() == run->bits.size());
    if (run->rows() > 300 || !is_ascending(run->times)) continue;
    FieldRun copy = *run;
    std::vector<NamedRun> runs;
    runs.push_back({column.field.field, std::move(copy)});
    ChunkShape shape;
    if (chunk->is_joined()) shape = ChunkShape::joined(1);
    std::string again = encode_chunks({}, std::move(runs), 1, 1, shape)[0].value;
    Result<ChunkReader> back = ChunkReader::open(again);
    require(back.ok());
    Result<FieldRun> same = back->run(back->columns()[0], *back->times());
    require(same.ok() && same->times == run->times);
    for (size_t row = 0; row < run->rows(); row++) {
      require(value_of(same->type, same->bits[row]) == value_of(run->type, run->bits[row]));
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string bytes(reinterpret_cast<const char*>(data), size);
  read(bytes);
  if (bytes.size() < 8) return 0;
  uint64_t checksum = XXH3_64bits(bytes.data(), bytes.size() - 8);
  std::memcpy(bytes.data() + bytes.size() - 8, &checksum, 8);
  read(bytes);
  return 0;
}
