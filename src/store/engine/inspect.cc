// `weir inspect` and `weir verify`: what a directory holds, while no process has it open.
#include <fmt/core.h>

#include "base/wal_recovery.h"
#include "store/engine/catalog.h"
#include "store/engine/chunk_reader.h"
#include "store/engine/engine.h"
#include "store/engine/log_records.h"

namespace weir::store {
namespace {

// Decodes every column; an error says what is wrong.
Result<void> decode_all(const ChunkReader& chunk) {
  WEIR_TRY(std::vector<int64_t> times, chunk.times());
  for (const ColumnHeader& column : chunk.columns()) {
    WEIR_TRY(FieldRun run, chunk.run(column, times));
    if (run.rows() != column.count) return Error{Errc::io, "a column's count is wrong"};
  }
  return {};
}

struct Names {
  BucketId id{};
  SeriesIndex index;
  Head head{1, std::make_shared<std::atomic<int64_t>>(0)};
};

void describe_columns(const ChunkReader& chunk, const Names* names, SeriesId series,
                      ChunkInfo& info) {
  bool known = names != nullptr && names->index.has(series);
  if (known) {
    info.series = names->index.key(series).canonical();
    info.measurement_and_fields = names->index.key(series).measurement + ":";
  }
  for (const ColumnHeader& column : chunk.columns()) {
    std::string name = fmt::format("field {}", column.field.field);
    if (known) {
      const auto& fields = names->index.fields(names->index.measurement_of(series));
      if (column.field.field < fields.size()) name = fields[column.field.field];
    }
    info.measurement_and_fields += (info.columns.empty() ? " " : ",") + name;
    info.columns.push_back(fmt::format("{} {} {} values {} B", name,
                                       model::to_string(column.field.type), column.count,
                                       column.bytes));
  }
}

}  // namespace

Result<void> inspect_log(const std::string& directory, FileSystem& files,
                         const std::function<void(const WalSegmentInfo&)>& visit) {
  return inspect_segments(
      kStoreLog, files, directory + "/log", [](const WalRecord&) { return Result<void>(); }, visit);
}

Result<void> inspect_chunks(const std::string& directory,
                            const std::function<void(const ChunkInfo&)>& visit) {
  WEIR_TRY(std::unique_ptr<ChunkStore> store, ChunkStore::open(directory + "/chunks", true));
  std::map<BucketNumber, Names> buckets;
  WEIR_CHECK(
      store->read_catalog("b", [&](std::string_view, std::string_view value) -> Result<void> {
        WEIR_TRY(BucketRecord record, decode_bucket(value));
        Names& names = buckets[record.number];
        names.id = record.id;
        auto loaded = catalog::load_bucket(*store, record.number, names.index, names.head);
        return loaded.ok() ? Result<void>() : std::move(loaded).error();
      }));
  auto chunks = store->iterator(nullptr);
  for (chunks->seek({}); chunks->valid(); chunks->next()) {
    ChunkInfo info;
    info.bytes = chunks->value().size();
    std::optional<ChunkKey> key = ChunkKey::decode(chunks->key());
    Result<ChunkReader> chunk = ChunkReader::open(chunks->value());
    const Names* names = nullptr;
    if (key && buckets.contains(key->bucket)) {
      names = &buckets.at(key->bucket);
      info.bucket = names->id;
    }
    if (!key) {
      info.damage = "its key does not read";
    } else if (!chunk.ok()) {
      info.damage = key->describe() + ": " + chunk.error().message;
    } else {
      info.time_min_ns = chunk->time_min_ns();
      info.time_max_ns = chunk->time_max_ns();
      info.rows = chunk->rows();
      describe_columns(*chunk, names, key->series, info);
      if (Result<void> decoded = decode_all(*chunk); !decoded.ok()) {
        info.damage = key->describe() + ": " + decoded.error().message;
      }
    }
    visit(info);
  }
  return chunks->status();
}

}  // namespace weir::store
