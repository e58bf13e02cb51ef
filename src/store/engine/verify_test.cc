// verify finds one wrong byte wherever it is, and nothing in a store that is well.
#include "store/engine/verify.h"

#include <doctest/doctest.h>
#include <fmt/core.h>

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
constexpr BucketId kDropped{0x5678};
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

void write(Engine& engine, BucketId bucket, int begin, int end) {
  BatchBuilder points;
  for (int i = begin; i < end; i++) {
    points.add(fmt::format("room,name=r{}", i % 3),
               fmt::format("temperature={:.1f},count={}i,on={},state=\"s{}\"", 20 + i % 17 / 10.0,
                           i * i, i % 2 == 0 ? "true" : "false", i % 5),
               kStart + i * kSecondNs);
  }
  REQUIRE(write_and_wait(engine, bucket, points.take()).ok());
}

// Chunks in several files, a catalog in files and in RocksDB's log, rows in two segments of the
// log, a delete, a bucket that was dropped.
void write_store(const std::string& directory) {
  ManualClock clock{kStart};
  {
    auto engine = open(directory, clock);
    REQUIRE(engine->create_bucket(kBucket, {}).ok());
    write(*engine, kBucket, 0, 300);
    REQUIRE(engine->seal_all().ok());
    write(*engine, kBucket, 100, 500);
    REQUIRE(engine->create_bucket(kDropped, {}).ok());
    write(*engine, kDropped, 0, 10);
    REQUIRE(engine->seal_all().ok());
  }
  auto engine = open(directory, clock);
  write(*engine, kDropped, 10, 20);
  REQUIRE(engine->drop_bucket(kDropped).ok());
  REQUIRE(engine->remove({kBucket, kStart, kStart + 5 * kSecondNs, nullptr}).ok());
  write(*engine, kBucket, 500, 520);
  engine.reset();
  engine = open(directory, clock);
  write(*engine, kBucket, 520, 540);
}

std::vector<Damage> found_in(const std::string& directory, VerifyTotals* totals = nullptr) {
  std::vector<Damage> found;
  Result<VerifyTotals> done =
      verify(directory, system_file_system(),
             {.damage = [&](const Damage& damage) { found.push_back(damage); }});
  if (!done.ok()) FAIL(done.error().message);
  if (totals != nullptr) *totals = *done;
  return found;
}

std::string file_text(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

void flip(const fs::path& path, uint64_t at) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekg(static_cast<std::streamoff>(at));
  char byte = 0;
  file.get(byte);
  file.seekp(static_cast<std::streamoff>(at));
  file.put(static_cast<char>(byte ^ 0x10));
}

// What nobody reads back: RocksDB's own log texts, its options and the file of its name.
bool is_read(const fs::path& path) {
  std::string name = path.filename();
  return !name.starts_with("LOG") && !name.starts_with("OPTIONS") && name != "IDENTITY" &&
         name != "LOCK" && name != "lock";
}

}  // namespace

TEST_CASE("verify finds nothing in a store that is well, of every format version") {
  testing::TemporaryDirectory directory;
  write_store(directory.path());
  VerifyTotals totals;
  for (const Damage& damage : found_in(directory.path(), &totals)) FAIL(damage.file, damage.what);
  CHECK(totals.rows > 500);
  CHECK(totals.log_records > 3);
  CHECK(totals.tables >= 2);
  for (const fs::directory_entry& version : fs::directory_iterator(WEIR_TEST_DIR "/format")) {
    testing::TemporaryDirectory copy;
    fs::copy(version.path() / "data", copy.path(), fs::copy_options::recursive);
    for (const Damage& damage : found_in(copy.path(), &totals)) {
      FAIL(version.path().string(), damage.file, damage.what);
    }
    CHECK(totals.chunks > 0);
  }
}

TEST_CASE("verify finds one flipped bit anywhere in a store, and names the file") {
  testing::TemporaryDirectory golden;
  write_store(golden.path());
  size_t tried = 0;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(golden.path())) {
    if (!entry.is_regular_file() || !is_read(entry.path()) || entry.file_size() == 0) continue;
    uint64_t bytes = file_text(entry.path()).size();
    const uint64_t step = std::max<uint64_t>(bytes / 16, 1);
    for (uint64_t at = 0; at < bytes; at += step) {
      testing::TemporaryDirectory copy;
      fs::copy(golden.path(), copy.path(), fs::copy_options::recursive);
      fs::path damaged = fs::path(copy.path()) / fs::relative(entry.path(), golden.path());
      flip(damaged, at);
      CAPTURE(damaged.filename().string());
      CAPTURE(at);
      std::vector<Damage> found = found_in(copy.path());
      REQUIRE_FALSE(found.empty());
      CHECK_FALSE(found.front().remedy.empty());
      if (damaged.extension() == ".log" && damaged.parent_path().filename() == "log") {
        CHECK(found.front().file == "log/" + damaged.filename().string());
        CHECK(found.front().offset.has_value());
      } else {
        CHECK(found.front().file.starts_with("chunks"));
      }
      tried++;
    }
  }
  CHECK(tried > 60);
}

TEST_CASE("verify goes on behind a damaged block, and tells whose points are in it") {
  testing::TemporaryDirectory directory;
  ManualClock clock{kStart};
  {
    auto engine = open(directory.path(), clock);
    REQUIRE(engine->create_bucket(kBucket, {}).ok());
    BatchBuilder points;
    for (int series = 0; series < 400; series++) {
      for (int i = 0; i < 50; i++) {
        points.add(fmt::format("room,name=r{:03}", series),
                   fmt::format("temperature={}", (series + 1) * 1.37 * i * i),
                   kStart + i * kSecondNs);
      }
    }
    REQUIRE(write_and_wait(*engine, kBucket, points.take()).ok());
    REQUIRE(engine->seal_all().ok());
  }
  VerifyTotals before;
  for (const Damage& damage : found_in(directory.path(), &before)) FAIL(damage.file, damage.what);
  fs::path table;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory.path() + "/chunks")) {
    bool is_larger = table.empty() || entry.file_size() > fs::file_size(table);
    if (entry.path().extension() == ".sst" && is_larger) table = entry.path();
  }
  flip(table, fs::file_size(table) / 2);
  VerifyTotals after;
  std::vector<Damage> found = found_in(directory.path(), &after);
  REQUIRE(found.size() >= 2);
  CHECK(found[0].file == "chunks/" + table.filename().string());
  CHECK(found[0].offset.has_value());
  CHECK(found[1].points.starts_with("bucket 0000000000001234: room,name=r"));
  CHECK(found[1].file == found[0].file);
  CHECK(found[1].first_time_ns == kStart);
  CHECK(after.rows > before.rows / 2);
}

TEST_CASE("verify finds a missing segment of the log, and a missing file of chunks") {
  testing::TemporaryDirectory golden;
  write_store(golden.path());
  for (const char* folder : {"log", "chunks"}) {
    std::vector<fs::path> files;
    for (const fs::directory_entry& entry : fs::directory_iterator(golden.path() + "/" + folder)) {
      if (entry.path().extension() == (folder[0] == 'l' ? ".log" : ".sst")) {
        files.push_back(entry.path());
      }
    }
    std::sort(files.begin(), files.end());
    REQUIRE(files.size() > 1);
    testing::TemporaryDirectory copy;
    fs::copy(golden.path(), copy.path(), fs::copy_options::recursive);
    fs::remove(fs::path(copy.path()) / fs::relative(files.front(), golden.path()));
    CHECK_FALSE(found_in(copy.path()).empty());
  }
}

TEST_CASE("verify refuses a directory that a process uses") {
  testing::TemporaryDirectory directory;
  ManualClock clock{kStart};
  auto engine = open(directory.path(), clock);
  Result<VerifyTotals> done =
      verify(directory.path(), system_file_system(), {.damage = [](const Damage&) {}});
  REQUIRE_FALSE(done.ok());
  CHECK(done.error().code == Errc::unavailable);
}

}  // namespace weir::store
