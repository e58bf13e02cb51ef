// Stores written by released versions open for ever: test/format/vN is a directory of each format.
//
// WEIR_WRITE_FORMAT=DIRECTORY writes such a directory with this version; do so only for a new N.
#include <doctest/doctest.h>
#include <fmt/core.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "store/engine/engine.h"
#include "store/testing.h"

namespace weir::store {
namespace {

namespace fs = std::filesystem;
using testing::BatchBuilder;

constexpr BucketId kBucket{0x1234};
constexpr BucketId kSecond{0x5678};
constexpr BucketId kJoined{0x9abc};  // from version 2 on
constexpr BucketId kPacked{0xdef0};  // from version 3 on
constexpr int kVersion = 3;
constexpr int64_t kStart = 1'700'000'000'000'000'000;
constexpr int64_t kSecondNs = 1'000'000'000;

std::unique_ptr<Engine> open(const std::string& directory, const Clock& clock) {
  EngineOptions options;
  options.directory = directory;
  options.background = false;
  auto opened = Engine::open(options, system_file_system(), clock);
  if (!opened.ok()) FAIL(opened.error().message);
  return std::move(*opened);
}

// Every type, gaps, late rows, a delete, two column groups, chunks and an unsealed rest.
void write_store(const std::string& directory) {
  ManualClock clock{kStart};
  auto engine = open(directory, clock);
  REQUIRE(engine->create_bucket(kBucket, {}).ok());
  REQUIRE(engine->create_bucket(kSecond, {400LL * 86'400 * kSecondNs, 0}).ok());
  auto write = [&](BucketId bucket, BatchBuilder& points) {
    REQUIRE(write_and_wait(*engine, bucket, points.take()).ok());
  };
  BatchBuilder sealed;
  for (int i = 0; i < 20; i++) {
    std::string fields = fmt::format("temperature={:.1f},count={}i", 20 + i / 10.0, i * i);
    if (i % 3 == 0) fields += fmt::format(",on={},state=\"s{}\"", i % 2 == 0 ? "true" : "false", i);
    if (i == 4) {
      for (int field = 0; field < 20; field++) fields += fmt::format(",w{}={}u", field, field);
    }
    sealed.add("room,floor=1,name=kitchen\\ 2", fields, kStart + i * kSecondNs);
  }
  sealed.add("room,name=kitchen\\ 2,floor=1", "temperature=-0.0", kStart - kSecondNs);
  sealed.add("door", "open=true", kStart);
  write(kBucket, sealed);
  REQUIRE(engine
              ->remove({kBucket, kStart + 5 * kSecondNs, kStart + 6 * kSecondNs,
                        tag_equal("_field", "count")})
              .ok());
  REQUIRE(engine->seal_all().ok());
  BatchBuilder rest, second;
  rest.add("room,floor=1,name=kitchen\\ 2", "temperature=99.9", kStart + 3 * kSecondNs);
  rest.add("door", "open=false", kStart + kSecondNs);
  write(kBucket, rest);
  second.add("m", "x=1e300,y=-5i", kStart);
  write(kSecond, second);
}

// Chunks of version 2 that were joined: decimals, a counter, noise, texts, with gaps and late rows.
void write_joined(const std::string& directory) {
  ManualClock clock{kStart};
  auto engine = open(directory, clock);
  REQUIRE(engine->create_bucket(kJoined, {}).ok());
  uint64_t noise = 1;
  for (int part = 0; part < 3; part++) {
    BatchBuilder points;
    for (int i = part * 200; i < part * 200 + 230; i++) {
      noise = noise * 6364136223846793005 + 1442695040888963407;
      std::string fields =
          fmt::format("decimal={:.1f},counter={}u", 20 + static_cast<double>(noise >> 62) / 10,
                      uint64_t(i) * 1000 + (noise >> 60));
      if (i % 4 == 0)
        fields += fmt::format(",real={:.17g}", 1.0 / static_cast<double>(noise >> 40));
      if (i % 50 == 0) fields += fmt::format(",text=\"t{}\"", i);
      points.add("pump,site=1", fields, kStart + i * kSecondNs);
    }
    REQUIRE(write_and_wait(*engine, kJoined, points.take()).ok());
    REQUIRE(engine->seal_all().ok());
  }
  clock.advance_ms(10'000);
  REQUIRE(engine->maintain().ok());
}

// Rows that are still in the log, column by column: every type, two layouts, a late row.
void write_packed(const std::string& directory) {
  ManualClock clock{kStart};
  auto engine = open(directory, clock);
  REQUIRE(engine->create_bucket(kPacked, {}).ok());
  BatchBuilder points;
  for (int i = 0; i < 16; i++) {
    std::string fields = fmt::format("t={:.1f}", 20 + i % 4 / 10.0);
    if (i % 5 == 4) fields += fmt::format(",n={}i,u={}u,on=true,s=\"s{}\"", -i, i, i);
    if (i == 7) fields = "t=-0.0";
    points.add(fmt::format("room,id={}", i % 2), fields, kStart + (i / 2 - i / 15) * kSecondNs);
  }
  REQUIRE(write_and_wait(*engine, kPacked, points.take()).ok());
}

void write_version(const std::string& directory, int version) {
  write_store(directory);
  if (version >= 2) write_joined(directory);
  if (version >= 3) write_packed(directory);
}

std::string read_store(const std::string& directory) {
  ManualClock clock{kStart};
  auto engine = open(directory, clock);
  std::string text;
  for (BucketId bucket : {kBucket, kSecond, kJoined, kPacked}) {
    if (!engine->statistics(bucket).ok()) continue;
    ScanSpec spec;
    spec.bucket = bucket;
    for (const std::string& line : testing::scan_lines(*engine, spec)) text += line + "\n";
  }
  return text;
}

std::string file_text(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("stores of every format version open and read as they were written") {
  if (const char* target = std::getenv("WEIR_WRITE_FORMAT")) {
    write_version(std::string(target) + "/data", kVersion);
    std::ofstream(std::string(target) + "/expected.txt")
        << read_store(std::string(target) + "/data");
  }
  for (const fs::directory_entry& version : fs::directory_iterator(WEIR_TEST_DIR "/format")) {
    CAPTURE(version.path().string());
    testing::TemporaryDirectory copy;  // opening writes
    fs::copy(version.path() / "data", copy.path(), fs::copy_options::recursive);
    CHECK(read_store(copy.path()) == file_text(version.path() / "expected.txt"));
    std::string again = copy.path() + "/again";
    write_version(again, std::stoi(version.path().filename().string().substr(1)));
    CHECK(read_store(again) == file_text(version.path() / "expected.txt"));
  }
}

TEST_CASE("inspection lists segments and chunks, and says what is damaged") {
  testing::TemporaryDirectory directory;
  write_store(directory.path());
  std::vector<WalSegmentInfo> segments;
  REQUIRE(inspect_log(directory.path(), system_file_system(), [&](const WalSegmentInfo& segment) {
            segments.push_back(segment);
          }).ok());
  REQUIRE(segments.size() == 1);
  CHECK(segments[0].records > 0);
  CHECK(segments[0].damage.empty());
  std::vector<ChunkInfo> chunks;
  REQUIRE(inspect_chunks(directory.path(), [&](const ChunkInfo& chunk) {
            chunks.push_back(chunk);
          }).ok());
  REQUIRE(chunks.size() == 3);  // the room has two column groups
  CHECK(chunks[0].series == "room,floor=1,name=kitchen\\ 2");
  CHECK(chunks[0].bucket == kBucket);
  CHECK(chunks[0].rows == 21);
  CHECK(chunks[0].columns[0].starts_with("temperature float 21 values "));
  for (const ChunkInfo& chunk : chunks) CHECK(chunk.damage.empty());
}

}  // namespace weir::store
