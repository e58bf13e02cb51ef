#include "store/engine/chunk_join.h"

#include <algorithm>

namespace weir::store {
namespace {

// A joined chunk is taken up again only for this part of its rows, or for this many small chunks,
// so that a row is written a few times in its life and not each time that others come.
constexpr size_t kRejoinPart = 4;
constexpr size_t kRejoinChunks = 16;
// A chunk alone is encoded thoroughly from this many rows on: with less there is nothing to find.
constexpr size_t kEncodeAnewRows = 128;
// What is joined at once, and so what one write to RocksDB holds, unless more chunks than that
// overlap each other.
constexpr size_t kJoinBytes = 8 * 1024 * 1024;

NamedRun* find_run(std::vector<NamedRun>& runs, FieldId field, model::FieldType type) {
  for (NamedRun& named : runs) {
    if (named.field == field && named.run.type == type) return &named;
  }
  return nullptr;
}

// Rows [begin, end) of a run.
NamedRun part_of(const NamedRun& named, size_t begin, size_t end) {
  NamedRun part{named.field, {}};
  auto first = static_cast<ptrdiff_t>(begin), last = static_cast<ptrdiff_t>(end);
  const FieldRun& run = named.run;
  part.run.type = run.type;
  part.run.times.assign(run.times.begin() + first, run.times.begin() + last);
  part.run.bits.assign(run.bits.begin() + first, run.bits.begin() + last);
  part.run.keep = run.keep;
  return part;
}

size_t rows_before(const FieldRun& run, int64_t time_ns) {
  return static_cast<size_t>(std::lower_bound(run.times.begin(), run.times.end(), time_ns) -
                             run.times.begin());
}

}  // namespace

bool JoinCandidate::is_full() const {
  return is_joined && (rows * 4 >= joined_rows_max(columns) * 3 || bytes >= kChunkTextBytes / 2);
}

std::vector<JoinRange> plan_joins(std::span<const JoinCandidate> chunks, bool is_cold) {
  std::vector<JoinRange> ranges;
  JoinRange current;
  size_t bytes = 0;
  auto finish = [&] {
    size_t rows = 0;
    for (size_t i = current.begin; i < current.end; i++) rows += chunks[i].rows;
    // Drop a long joined chunk in front of little that is new.
    bool overlaps = false;
    for (size_t i = current.begin + 1; i < current.end; i++) {
      overlaps |= chunks[i].key.time_min_ns <= chunks[i - 1].time_max_ns;
    }
    while (!overlaps && current.end - current.begin > 1 &&
           current.end - current.begin <= kRejoinChunks && chunks[current.begin].is_joined &&
           chunks[current.begin].rows > (rows - chunks[current.begin].rows) * kRejoinPart) {
      rows -= chunks[current.begin++].rows;
    }
    size_t count = current.end - current.begin;
    bool encodes_anew =
        count == 1 && is_cold && !chunks[current.begin].is_joined && rows >= kEncodeAnewRows;
    if (count > 1 || encodes_anew) {
      ranges.push_back(current);
    }
    bytes = 0;
  };
  for (size_t i = 0; i < chunks.size();) {
    size_t end = i + 1;  // of the chunks that overlap each other from i on
    int64_t reach = chunks[i].time_max_ns;
    size_t cluster_bytes = chunks[i].bytes;
    for (; end < chunks.size() && chunks[end].key.time_min_ns <= reach; end++) {
      reach = std::max(reach, chunks[end].time_max_ns);
      cluster_bytes += chunks[end].bytes;
    }
    bool stands_alone = end == i + 1 && chunks[i].is_full();
    if (stands_alone || bytes + cluster_bytes > kJoinBytes) {
      finish();
      current = {i, i};
    }
    if (stands_alone) {
      current = {end, end};
    } else {
      current.end = end;
      bytes += cluster_bytes;
    }
    i = end;
  }
  finish();
  return ranges;
}

Result<void> ChunkJoiner::add(const ChunkReader& chunk) {
  int64_t frontier = chunk.time_min_ns();
  take_before(&frontier);
  write_whole_chunks();
  WEIR_TRY(std::vector<int64_t> times, chunk.times());
  Source source;
  source.lsn = chunk.lsn_max();
  for (const ColumnHeader& column : chunk.columns()) {
    WEIR_TRY(FieldRun run, chunk.run(column, times));
    source.runs.push_back({column.field.field, std::move(run)});
  }
  source.row.resize(source.runs.size());
  auto place = std::find_if(sources_.begin(), sources_.end(),
                            [&](const Source& other) { return other.lsn > source.lsn; });
  sources_.insert(place, std::move(source));
  return {};
}

// Moves what no chunk to come can change to ready_. Null: everything.
void ChunkJoiner::take_before(const int64_t* frontier_ns) {
  std::vector<NamedRun> merged;
  for (Source& source : sources_) {
    for (size_t i = 0; i < source.runs.size(); i++) {
      NamedRun& named = source.runs[i];
      size_t begin = source.row[i], rows = named.run.rows();
      size_t end = frontier_ns == nullptr ? rows : rows_before(named.run, *frontier_ns);
      if (end <= begin) continue;
      source.row[i] = end;
      NamedRun taken =
          begin == 0 && end == rows ? std::exchange(named, NamedRun()) : part_of(named, begin, end);
      if (end == rows) source.row[i] = 0;
      NamedRun* known = find_run(merged, taken.field, taken.run.type);
      if (known == nullptr) {
        merged.push_back(std::move(taken));
      } else {
        known->run = merge_runs(std::move(known->run), std::move(taken.run));
      }
      if (end == rows) named = NamedRun();
    }
  }
  for (NamedRun& taken : merged) append(std::move(taken));
  std::erase_if(sources_, [](const Source& source) {
    return std::all_of(source.runs.begin(), source.runs.end(),
                       [](const NamedRun& named) { return named.run.rows() == 0; });
  });
}

void ChunkJoiner::append(NamedRun taken) {
  NamedRun* known = find_run(ready_, taken.field, taken.run.type);
  if (known == nullptr) {
    ready_.push_back(std::move(taken));
  } else {
    known->run = merge_runs(std::move(known->run), std::move(taken.run));
  }
}

// Writes as many whole chunks as are ready, and keeps the rest: it may become one with what comes.
void ChunkJoiner::write_whole_chunks() {
  const NamedRun* longest = nullptr;
  for (const NamedRun& named : ready_) {
    if (longest == nullptr || named.run.rows() > longest->run.rows()) longest = &named;
  }
  size_t limit = joined_rows_max(ready_.size());
  if (longest == nullptr || longest->run.rows() <= 2 * limit) return;
  int64_t end_ns = longest->run.times[longest->run.rows() / limit * limit - limit];
  std::vector<NamedRun> whole, rest;
  for (const NamedRun& named : ready_) {
    size_t end = rows_before(named.run, end_ns);
    if (end > 0) whole.push_back(part_of(named, 0, end));
    if (end < named.run.rows()) rest.push_back(part_of(named, end, named.run.rows()));
  }
  write(std::move(whole));
  ready_ = std::move(rest);
}

void ChunkJoiner::write(std::vector<NamedRun> runs) {
  ChunkShape shape = ChunkShape::joined(runs.size());
  for (EncodedChunk& chunk : encode_chunks(key_, std::move(runs), lsn_min_, key_.lsn, shape)) {
    chunks_.push_back(std::move(chunk));
  }
}

std::vector<EncodedChunk> ChunkJoiner::finish() {
  take_before(nullptr);
  if (!ready_.empty()) write(std::move(ready_));
  return std::move(chunks_);
}

}  // namespace weir::store
