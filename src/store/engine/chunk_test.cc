#include <doctest/doctest.h>

#include <cmath>
#include <random>

#include "store/engine/chunk_reader.h"
#include "store/engine/chunk_writer.h"
#include "store/engine/column_statistics.h"

namespace weir::store {
namespace {

using model::FieldType;

const std::string kTexts[] = {"", "on", "off"};

NamedRun make_run(FieldId field, FieldType type, size_t rows, size_t every) {
  NamedRun named{field, {}};
  named.run.type = type;
  for (size_t row = 0; row < rows; row += every) {
    uint64_t bits = row * 3 + field;
    if (type == FieldType::float64) bits = std::bit_cast<uint64_t>(20.5 + double(row % 7) / 10);
    if (type == FieldType::boolean) bits = row & 1;
    if (type == FieldType::string) bits = string_bits(kTexts[row % 3]);
    named.run.push(1000 + int64_t(row) * 10, bits);
  }
  return named;
}

std::vector<NamedRun> all_types(size_t rows) {
  std::vector<NamedRun> runs;
  runs.push_back(make_run(0, FieldType::float64, rows, 1));
  runs.push_back(make_run(1, FieldType::int64, rows, 2));
  runs.push_back(make_run(2, FieldType::uint64, rows, 3));
  runs.push_back(make_run(3, FieldType::boolean, rows, 1));
  runs.push_back(make_run(4, FieldType::string, rows, 5));
  return runs;
}

void check_equal(const FieldRun& got, const FieldRun& wanted) {
  REQUIRE(got.times == wanted.times);
  for (size_t row = 0; row < got.rows(); row++) {
    REQUIRE(value_of(got.type, got.bits[row]) == value_of(wanted.type, wanted.bits[row]));
  }
}

}  // namespace

TEST_CASE("chunk keys order as their parts do, negative times included, and read back") {
  std::string last;
  for (int64_t group : {int64_t(-7), int64_t(0), int64_t(900)}) {
    for (SeriesId series : {1u, 256u}) {
      for (int64_t time : {INT64_MIN, int64_t(-1), int64_t(0), INT64_MAX}) {
        ChunkKey key{3, group, series, 1, time, 77};
        CHECK(key.encode() > last);
        last = key.encode();
        std::optional<ChunkKey> back = ChunkKey::decode(last);
        REQUIRE(back);
        CHECK(back->describe() == key.describe());
      }
    }
  }
  CHECK_FALSE(ChunkKey::decode(last.substr(1)));
  CHECK(prefix_end("a\xff") == "b");
}

TEST_CASE("columns of every type, with and without gaps, come back from a chunk") {
  std::vector<NamedRun> runs = all_types(500);
  std::vector<EncodedChunk> chunks = encode_chunks({1, 0, 2, 0, 0, 0}, all_types(500), 8, 9);
  REQUIRE(chunks.size() == 1);
  ChunkReader chunk = *ChunkReader::open(chunks[0].value);
  CHECK(chunk.rows() == 500);
  CHECK(chunk.time_min_ns() == 1000);
  CHECK(chunk.time_max_ns() == 1000 + 4990);
  CHECK(chunk.lsn_min() == 8);
  CHECK(chunks[0].key.lsn == 9);
  std::vector<int64_t> times = *chunk.times();
  for (size_t i = 0; i < runs.size(); i++) {
    check_equal(*chunk.run(chunk.columns()[i], times), runs[i].run);
  }
  const ColumnHeader& ints = chunk.columns()[1];
  CHECK(ints.count == 250);
  REQUIRE(ints.statistics);
  CHECK(ints.statistics->min == 1);
  CHECK(ints.statistics->max == 498 * 3 + 1);
  CHECK(ints.statistics->time_of_max_ns == 1000 + 4980);
  CHECK(ints.statistics->sum == 250 + 3 * (249 * 250));
}

TEST_CASE("long runs become several chunks, wide ones several column groups, NaN no statistics") {
  std::vector<NamedRun> runs;
  for (FieldId field : std::initializer_list<FieldId>{0, 15, 16, 40})
    runs.push_back(make_run(field, FieldType::int64, 3000, 1));
  std::vector<EncodedChunk> chunks = encode_chunks({1, 0, 2, 0, 0, 0}, std::move(runs), 1, 1);
  CHECK(chunks.size() == 3 * 3);
  size_t rows = 0;
  for (const EncodedChunk& chunk : chunks) rows += ChunkReader::open(chunk.value)->rows();
  CHECK(rows == 3 * 3000);

  std::vector<NamedRun> nan = {make_run(0, FieldType::float64, 10, 1)};
  nan[0].run.bits[4] = std::bit_cast<uint64_t>(std::nan(""));
  EncodedChunk chunk = encode_chunks({}, std::move(nan), 1, 1)[0];
  CHECK_FALSE(ChunkReader::open(chunk.value)->columns()[0].statistics);
}

TEST_CASE("a chunk with any byte flipped or cut off is an error and never a value") {
  std::string whole = encode_chunks({1, 0, 2, 0, 0, 0}, all_types(30), 8, 9)[0].value;
  for (size_t at = 0; at < whole.size(); at++) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    auto opened = ChunkReader::open(damaged);
    REQUIRE_FALSE(opened.ok());
    CHECK(opened.error().message.find("damaged at offset") != std::string::npos);
    CHECK_FALSE(ChunkReader::open(std::string_view(whole).substr(0, at)).ok());
  }
}

TEST_CASE("a column's header says of its values what they are, decimals or not") {
  std::mt19937_64 random(5);
  for (FieldType type : {FieldType::float64, FieldType::int64, FieldType::uint64}) {
    for (int kind = 0; kind < 3; kind++) {
      NamedRun named{0, {}};
      named.run.type = type;
      for (int row = 0; row < 200; row++) {
        uint64_t bits = random() >> (kind * 20);
        if (type == FieldType::float64) {
          double real =
              static_cast<double>(static_cast<int64_t>(bits) % 1000) / (kind == 0 ? 10.0 : 7.0);
          bits = std::bit_cast<uint64_t>(kind == 2 && row == 9 ? -0.0 : real);
        }
        named.run.push(row * 1000, bits);
      }
      FieldRun run = named.run;
      std::string bytes = encode_chunks({}, {std::move(named)}, 1, 1)[0].value;
      Result<ChunkReader> chunk = ChunkReader::open(bytes);
      REQUIRE(chunk.ok());
      const std::optional<ColumnStatistics>& got = chunk->columns()[0].statistics;
      std::optional<ColumnStatistics> wanted = statistics_of(run);
      REQUIRE(got);
      REQUIRE(wanted);
      CHECK(got->first == wanted->first);
      CHECK(got->last == wanted->last);
      CHECK(got->min == wanted->min);
      CHECK(got->max == wanted->max);
      CHECK(got->sum == wanted->sum);
      CHECK(got->time_of_min_ns == wanted->time_of_min_ns);
      CHECK(got->time_of_max_ns == wanted->time_of_max_ns);
    }
  }
}

}  // namespace weir::store
