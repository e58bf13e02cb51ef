// What happens to a store that is left alone.
#include <doctest/doctest.h>
#include <fmt/core.h>

#include "store/engine/engine.h"
#include "store/testing.h"

namespace weir::store {
namespace {

using testing::BatchBuilder;

constexpr BucketId kBucket{7};
constexpr int64_t kStart = 1'700'000'000'000'000'000;
constexpr int64_t kSecondNs = 1'000'000'000;

struct Fixture {
  Fixture() { open(); }

  void open() {
    engine.reset();
    EngineOptions options;
    options.directory = directory.path();
    options.background = false;
    auto opened = Engine::open(options, system_file_system(), clock);
    if (!opened.ok()) FAIL(opened.error().message);
    engine = std::move(*opened);
    if (!engine->statistics(kBucket).ok()) REQUIRE(engine->create_bucket(kBucket, {}).ok());
  }
  void write(int first, int rows, std::string_view series = "m,h=a") {
    BatchBuilder points;
    for (int i = first; i < first + rows; i++) {
      points.add(series, fmt::format("x={:.1f},n={}i", 20 + i % 7 / 10.0, i),
                 kStart + i * kSecondNs);
    }
    REQUIRE(write_and_wait(*engine, kBucket, points.take()).ok());
  }
  void rest(int64_t ms = 6'000) {
    clock.advance_ms(ms);
    REQUIRE(engine->maintain().ok());
  }
  std::vector<std::string> lines() {
    ScanSpec spec;
    spec.bucket = kBucket;
    return testing::scan_lines(*engine, spec);
  }
  // Closes the store.
  std::vector<ChunkInfo> chunks() {
    engine.reset();
    std::vector<ChunkInfo> found;
    REQUIRE(inspect_chunks(directory.path(), [&](const ChunkInfo& chunk) {
              CHECK(chunk.damage.empty());
              found.push_back(chunk);
            }).ok());
    return found;
  }

  testing::TemporaryDirectory directory;
  ManualClock clock{kStart};
  std::unique_ptr<Engine> engine;
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a group that is left alone is sealed, joined, and frees the log") {
  for (int i = 0; i < 5; i++) {
    write(i * 300, 300);
    REQUIRE(engine->seal_all().ok());
  }
  write(100, 50);  // again, and so overlapping
  std::vector<std::string> before = lines();
  rest();
  CHECK(lines() == before);
  std::vector<WalSegmentInfo> segments;
  std::vector<ChunkInfo> left = chunks();
  REQUIRE(left.size() == 1);
  CHECK(left[0].rows == 1500);
  REQUIRE(inspect_log(directory.path(), system_file_system(), [&](const WalSegmentInfo& segment) {
            segments.push_back(segment);
          }).ok());
  REQUIRE(segments.size() == 1);
  CHECK(segments[0].records == 0);
  open();
  CHECK(lines() == before);
}

TEST_CASE_FIXTURE(Fixture, "a write while it rests is not lost, nor one that follows a crash") {
  write(0, 100);
  rest();
  write(50, 100);
  std::vector<std::string> before = lines();
  engine.reset();  // without sealing: the log has it
  open();
  CHECK(lines() == before);
  rest();
  CHECK(lines() == before);
  CHECK(chunks().size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "who sends little and pauses does not leave a chunk each time") {
  write(0, 1);
  rest();
  write(1, 1);  // after 6 s: from now on the group waits for 24
  rest();
  rest();
  rest();
  CHECK(chunks().size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "a scan that began before chunks were joined reads on") {
  for (int i = 0; i < 4; i++) {
    write(i * 300, 300, "m,h=a");
    write(i * 300, 300, "m,h=b");
    REQUIRE(engine->seal_all().ok());
  }
  std::vector<std::string> before = lines();
  ScanSpec spec;
  spec.bucket = kBucket;
  auto cursor = engine->scan(spec);
  REQUIRE(cursor.ok());
  rest();
  size_t rows = 0;
  model::ColumnChunk chunk;
  while (true) {
    Result<const ScanSeries*> series = (*cursor)->next_series();
    REQUIRE(series.ok());
    if (*series == nullptr) break;
    while (*(*cursor)->next_chunk(chunk)) rows += chunk.rows();
  }
  CHECK(rows == before.size());
  cursor->reset();
  CHECK(lines() == before);
}

TEST_CASE_FIXTURE(Fixture, "deletes before and after joining take what they name and no more") {
  write(0, 400);
  REQUIRE(engine->seal_all().ok());
  DeleteSpec spec{kBucket, kStart + 100 * kSecondNs, kStart + 199 * kSecondNs, nullptr};
  REQUIRE(engine->remove(spec).ok());
  write(150, 10);  // after the delete: it stays
  rest();
  CHECK(lines().size() == 2 * 310);
  REQUIRE(engine->remove({kBucket, kStart, kStart + 9 * kSecondNs, tag_equal("_field", "x")}).ok());
  CHECK(lines().size() == 2 * 310 - 10);
  engine.reset();
  open();
  CHECK(lines().size() == 2 * 310 - 10);
}

TEST_CASE_FIXTURE(Fixture, "long texts are sealed by their bytes, in chunks that can be read") {
  const std::string text(300 * 1024, 't');
  for (int i = 0; i < 8; i++) {
    BatchBuilder points;
    points.add("m", fmt::format("s=\"{}{}\"", i, text), kStart + i);
    REQUIRE(write_and_wait(*engine, kBucket, points.take()).ok());
  }
  REQUIRE(engine->maintain().ok());
  CHECK(lines().size() == 8);
  rest();
  CHECK(lines().size() == 8);
  std::vector<ChunkInfo> left = chunks();
  CHECK(left.size() >= 2);
  for (const ChunkInfo& chunk : left) CHECK(chunk.rows <= 4);
}

}  // namespace weir::store
