#include "store/engine/chunk_join.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>

namespace weir::store {
namespace {

using model::FieldType;

const std::string kTexts[] = {"", "on", "off", "a longer text"};

// What a reader would see: the newest value of each field and time.
using Cells = std::map<std::pair<FieldId, int64_t>, uint64_t>;

std::vector<EncodedChunk> sorted(std::vector<EncodedChunk> chunks) {
  std::sort(chunks.begin(), chunks.end(), [](const EncodedChunk& a, const EncodedChunk& b) {
    return a.key.encode() < b.key.encode();
  });
  return chunks;
}

// Chunks of random rows, each later one newer; what they say goes into `cells`.
std::vector<EncodedChunk> random_chunks(std::mt19937_64& random, Cells& cells) {
  auto pick = [&](uint64_t below) { return random() % below; };
  std::vector<EncodedChunk> chunks;
  for (uint64_t lsn = 10, count = 1 + pick(12); lsn < 10 + count; lsn++) {
    std::vector<NamedRun> runs;
    auto start = static_cast<int64_t>(pick(pick(2) == 0 ? 100 : 20'000));
    for (FieldId field = 0; field < 4; field++) {
      if (pick(3) == 0 && !(field == 3 && runs.empty())) continue;
      NamedRun named{field, {}};
      named.run.type = field == 0 ? FieldType::string : FieldType::float64;
      int64_t time = start;
      for (uint64_t row = 0, rows = 1 + pick(1200); row < rows;
           row++, time += 1 + int64_t(pick(3))) {
        uint64_t bits = field == 0 ? string_bits(kTexts[pick(4)])
                                   : std::bit_cast<uint64_t>(double(pick(1000)) / 10);
        named.run.push(time, bits);
        cells[{field, time}] = bits;
      }
      runs.push_back(std::move(named));
    }
    for (EncodedChunk& chunk : encode_chunks({1, 0, 7, 0, 0, 0}, std::move(runs), lsn - 1, lsn)) {
      chunks.push_back(std::move(chunk));
    }
  }
  return sorted(std::move(chunks));
}

std::vector<EncodedChunk> join(const std::vector<EncodedChunk>& chunks) {
  ChunkKey key = chunks[0].key;
  for (const EncodedChunk& chunk : chunks) key.lsn = std::max(key.lsn, chunk.key.lsn);
  ChunkJoiner joiner(key, 9);
  for (const EncodedChunk& chunk : chunks)
    REQUIRE(joiner.add(*ChunkReader::open(chunk.value)).ok());
  return joiner.finish();
}

JoinCandidate candidate(int64_t time, int64_t rows, bool is_joined = false) {
  return {{1, 0, 7, 0, time, 5}, time + rows - 1, size_t(rows), 1, size_t(rows), 5, is_joined};
}

std::vector<std::pair<size_t, size_t>> planned(const std::vector<JoinCandidate>& chunks,
                                               bool is_cold) {
  std::vector<std::pair<size_t, size_t>> ranges;
  for (const JoinRange& range : plan_joins(chunks, is_cold)) {
    ranges.emplace_back(range.begin, range.end);
  }
  return ranges;
}
using Ranges = std::vector<std::pair<size_t, size_t>>;

}  // namespace

TEST_CASE("joined chunks hold the newest cells of those they were made of, in order and apart") {
  std::mt19937_64 random(1);
  for (int round = 0; round < 40; round++) {
    Cells expected, got;
    std::vector<EncodedChunk> chunks = random_chunks(random, expected);
    std::vector<EncodedChunk> joined = join(chunks);
    CHECK(joined.size() <= chunks.size());
    int64_t reached = -1;
    for (const EncodedChunk& chunk : joined) {
      Result<ChunkReader> reader = ChunkReader::open(chunk.value);
      REQUIRE(reader.ok());
      CHECK(reader->is_joined());
      CHECK(chunk.key.lsn == std::max_element(chunks.begin(), chunks.end(), [](auto& a, auto& b) {
                               return a.key.lsn < b.key.lsn;
                             })->key.lsn);
      CHECK(reader->lsn_max() == chunk.key.lsn);
      CHECK(reader->time_min_ns() == chunk.key.time_min_ns);
      CHECK(reader->time_min_ns() > reached);
      reached = reader->time_max_ns();
      std::vector<int64_t> times = *reader->times();
      for (const ColumnHeader& column : reader->columns()) {
        FieldRun run = *reader->run(column, times);
        for (size_t row = 0; row < run.rows(); row++) {
          uint64_t bits = run.bits[row];
          if (run.type == FieldType::string) {
            bits = string_bits(*std::find(std::begin(kTexts), std::end(kTexts), string_of(bits)));
          }
          got[{column.field.field, run.times[row]}] = bits;
        }
      }
    }
    CHECK(got == expected);
  }
}

TEST_CASE("small and overlapping chunks are joined, long joined ones are left alone") {
  CHECK(planned({}, true) == Ranges{});
  CHECK(planned({candidate(0, 10)}, false) == Ranges{});
  CHECK(planned({candidate(0, 10)}, true) == Ranges{});
  CHECK(planned({candidate(0, 200)}, true) == Ranges{{0, 1}});
  CHECK(planned({candidate(0, 10, true)}, true) == Ranges{});
  CHECK(planned({candidate(0, 10), candidate(10, 10)}, false) == Ranges{{0, 2}});
  // A full one between others, and one that something overlaps.
  std::vector<JoinCandidate> chunks{candidate(0, 200), candidate(200, 8000, true),
                                    candidate(9000, 10), candidate(9100, 10)};
  CHECK(planned(chunks, false) == Ranges{{2, 4}});
  CHECK(planned(chunks, true) == Ranges{{0, 1}, {2, 4}});
  chunks[2] = candidate(5000, 10);
  CHECK(planned(chunks, false) == Ranges{{0, 4}});
}

TEST_CASE("a long joined chunk is not written again for a few rows") {
  std::vector<JoinCandidate> chunks{candidate(0, 4000, true), candidate(4000, 100),
                                    candidate(4100, 100)};
  CHECK(planned(chunks, false) == Ranges{{1, 3}});
  chunks[2] = candidate(4100, 1000);
  CHECK(planned(chunks, false) == Ranges{{0, 3}});
}

}  // namespace weir::store
