#include "store/engine/series_source.h"

#include <algorithm>

namespace weir::store {

Result<void> SeriesSource::add_chunks(ChunkIterator& chunks, const std::string& prefix) {
  for (chunks.seek(prefix); chunks.valid() && chunks.key().starts_with(prefix); chunks.next()) {
    std::optional<ChunkKey> key = ChunkKey::decode(chunks.key());
    if (!key) return Error{Errc::io, "chunk store: a chunk's key does not read"};
    if (key->time_min_ns > stop_ns_) continue;
    Result<ChunkReader> reader = ChunkReader::open(chunks.value());
    if (!reader.ok()) return std::move(reader).error().with_context(key->describe());
    if (reader->time_max_ns() < start_ns_) continue;
    Chunk chunk;
    chunk.key = chunks.key();
    chunk.columns = reader->columns();
    chunk.lsn = key->lsn;
    if (kept_bytes_ + chunks.value().size() <= kKeptBytesMax) {
      chunk.bytes = chunks.value();
      kept_bytes_ += chunk.bytes.size();
    }
    chunks_.push_back(std::move(chunk));
  }
  return chunks.status();
}

std::vector<FieldId> SeriesSource::fields() const {
  std::vector<FieldId> found;
  for (const Chunk& chunk : chunks_) {
    for (const ColumnHeader& column : chunk.columns) found.push_back(column.field.field);
  }
  for (const HeadView& view : heads_) {
    for (const RowGroup::Column& column : view.rows->columns()) found.push_back(column.field.field);
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

std::vector<SeriesSource::Part> SeriesSource::parts(FieldId field) const {
  std::vector<Part> found;
  for (size_t i = 0; i < chunks_.size(); i++) {
    const Chunk& chunk = chunks_[i];
    for (size_t column = 0; column < chunk.columns.size(); column++) {
      const ColumnHeader& header = chunk.columns[column];
      if (header.field.field != field || header.time_first_ns > stop_ns_ ||
          header.time_last_ns < start_ns_) {
        continue;
      }
      found.push_back({std::max(header.time_first_ns, start_ns_),
                       std::min(header.time_last_ns, stop_ns_), chunk.lsn, i, 0, column});
    }
  }
  constexpr uint64_t kHeadRank = uint64_t(1) << 63;  // newer than every chunk
  for (size_t i = 0; i < heads_.size(); i++) {
    const RowGroup& rows = *heads_[i].rows;
    const int64_t* times = rows.times();
    size_t count = heads_[i].rows.rows();
    if (count == 0) continue;
    int64_t low = times[0], high = times[count - 1];
    if (!heads_[i].in_order) {
      auto [min, max] = std::minmax_element(times, times + count);
      low = *min, high = *max;
    }
    if (low > stop_ns_ || high < start_ns_) continue;
    for (size_t column = 0; column < rows.columns().size(); column++) {
      if (rows.columns()[column].field.field != field) continue;
      found.push_back(
          {std::max(low, start_ns_), std::min(high, stop_ns_), kHeadRank + i, SIZE_MAX, i, column});
    }
  }
  std::sort(found.begin(), found.end(), [](const Part& a, const Part& b) {
    return std::pair(a.time_min_ns, a.rank) < std::pair(b.time_min_ns, b.rank);
  });
  return found;
}

Result<FieldRun> SeriesSource::load(const Part& part) {
  if (part.chunk != SIZE_MAX) return load_chunk(part);
  const HeadView& view = heads_[part.head];
  FieldRun run = view.rows->run(view.rows->columns()[part.column], view.rows.rows(), view.in_order,
                                start_ns_, stop_ns_);
  run.keep.push_back(view.rows.share());
  return run;
}

Result<FieldRun> SeriesSource::load_chunk(const Part& part) {
  Chunk& chunk = chunks_[part.chunk];
  std::string read_again;
  std::string_view bytes = chunk.bytes;
  if (bytes.empty()) {
    WEIR_TRY(read_again, store_.get(chunk.key, snapshot_));
    bytes = read_again;
  }
  auto place = [&] { return ChunkKey::decode(chunk.key)->describe(); };
  Result<ChunkReader> reader =
      chunk.bytes.empty() ? ChunkReader::open(bytes) : ChunkReader::open_again(bytes);
  if (!reader.ok()) return std::move(reader).error().with_context(place());
  const ColumnHeader& column = reader->columns()[part.column];
  // Irregular times are decoded once for all columns, if the chunk is kept for them.
  const bool shares_times = !chunk.bytes.empty() && !reader->has_regular_times();
  if (shares_times && chunk.times.empty()) {
    Result<std::vector<int64_t>> result = reader->times();
    if (!result.ok()) return std::move(result).error().with_context(place());
    chunk.times = std::move(*result);
  }
  Result<FieldRun> run = shares_times ? reader->run(column, chunk.times) : reader->run(column);
  if (!run.ok()) return std::move(run).error().with_context(place());
  clip_run(*run, start_ns_, stop_ns_);
  FieldId field = chunk.columns[part.column].field.field;
  for (const auto& [removal, filter] : removals_) {
    if (chunk.lsn < removal.lsn && filter.removes(field)) {
      cut_run(*run, removal.start_ns, removal.stop_ns);
    }
  }
  return run;
}

Result<bool> SeriesSource::read_column(const Part& part, ColumnRows& rows) {
  Chunk& chunk = chunks_[part.chunk];
  const ColumnHeader& header = chunk.columns[part.column];
  const bool is_number = header.field.type != model::FieldType::boolean &&
                         header.field.type != model::FieldType::string;
  if (!is_number || header.has_gaps || chunk.bytes.empty()) return false;
  auto place = [&] { return ChunkKey::decode(chunk.key)->describe(); };
  Result<ChunkReader> reader = ChunkReader::open_again(chunk.bytes);
  if (!reader.ok()) return std::move(reader).error().with_context(place());
  rows.type = header.field.type;
  rows.regular.reset();
  if (std::optional<codec::TimeAxis> axis = reader->regular_times()) {
    rows.regular.emplace(*axis);
    rows.begin = 0;
    // One before the range's first instant: the first row behind it is the first within.
    if (rows.regular->at(0) < start_ns_) {
      rows.begin = rows.regular->end_of(0, reader->rows(), start_ns_ - 1);
    }
    rows.end = rows.begin;
    if (rows.begin < reader->rows() && rows.regular->at(rows.begin) <= stop_ns_) {
      rows.end = rows.regular->end_of(rows.begin, reader->rows(), stop_ns_);
    }
  } else {
    if (chunk.times.empty()) {
      Result<std::vector<int64_t>> times = reader->times();
      if (!times.ok()) return std::move(times).error().with_context(place());
      chunk.times = std::move(*times);
    }
    rows.times = chunk.times.data();
    auto begin = std::lower_bound(chunk.times.begin(), chunk.times.end(), start_ns_);
    auto end = std::upper_bound(begin, chunk.times.end(), stop_ns_);
    rows.begin = static_cast<size_t>(begin - chunk.times.begin());
    rows.end = static_cast<size_t>(end - chunk.times.begin());
  }
  if (rows.begin == rows.end) return true;
  // Nothing behind the range is decoded.
  const size_t wanted = std::min(std::max<size_t>(rows.end, 2), reader->rows());
  Result<void> read = reader->first_values(reader->columns()[part.column], rows.bits.take(wanted));
  if (!read.ok()) return std::move(read).error().with_context(place());
  return true;
}

const ColumnHeader* SeriesSource::header(const Part& part) const {
  if (part.chunk == SIZE_MAX) return nullptr;
  const Chunk& chunk = chunks_[part.chunk];
  const ColumnHeader& column = chunk.columns[part.column];
  for (const auto& [removal, filter] : removals_) {
    if (chunk.lsn < removal.lsn && filter.removes(column.field.field)) return nullptr;
  }
  return &column;
}

model::FieldType SeriesSource::type(const Part& part) const {
  if (part.chunk != SIZE_MAX) return chunks_[part.chunk].columns[part.column].field.type;
  return heads_[part.head].rows->columns()[part.column].field.type;
}

}  // namespace weir::store
