// The store on a file system that is really full: log, chunks and catalog alike.
#include <doctest/doctest.h>
#include <fmt/core.h>
#include <sys/mount.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>

#include "store/engine/chunk_store.h"
#include "store/engine/engine.h"
#include "store/testing.h"

namespace weir::store {
namespace {

constexpr BucketId kBucket{7};

// A file system in memory, 24 MiB; not mounted where that is not permitted.
class SmallDisk {
 public:
  SmallDisk() {
    is_mounted_ = ::mount("weir", path().c_str(), "tmpfs", 0, "size=24m") == 0;
    if (!is_mounted_) MESSAGE("skipped: cannot mount a tmpfs: ", std::strerror(errno));
  }
  ~SmallDisk() {
    if (is_mounted_) ::umount2(path().c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  bool is_mounted() const { return is_mounted_; }
  const std::string& path() const { return directory_.path(); }
  void fill_but(uint64_t bytes) const {
    std::ofstream filler(path() + "/filler", std::ios::binary);
    uint64_t free = *system_file_system().free_bytes(path());
    if (free > bytes) filler << std::string(free - bytes, 'x');
  }
  void make_room() const { std::filesystem::remove(path() + "/filler"); }

 private:
  testing::TemporaryDirectory directory_;
  bool is_mounted_ = false;
};

Result<WriteOutcome> write(Engine& engine, int64_t number) {
  testing::BatchBuilder points;
  for (int64_t i = 0; i < 100; i++) {
    points.add(fmt::format("m,h={}", i), fmt::format("x={}i,s=\"{:0200}\"", number, number),
               number);
  }
  return write_and_wait(engine, kBucket, points.take());
}

int64_t rows_of(Engine& engine) {
  ScanSpec spec;
  spec.bucket = kBucket;
  spec.predicate = tag_equal("_field", "x");
  int64_t rows = 0;
  auto cursor = engine.scan(spec);
  REQUIRE(cursor.ok());
  model::ColumnChunk chunk;
  while (*(*cursor)->next_series() != nullptr) {
    while (*(*cursor)->next_chunk(chunk)) rows += int64_t(chunk.rows());
  }
  return rows;
}

}  // namespace

TEST_CASE("on a disk that fills up reads go on, and with room again writes do, without a restart") {
  SmallDisk disk;
  if (!disk.is_mounted()) return;
  SystemClock clock;
  EngineOptions options;
  options.directory = disk.path() + "/store";
  options.log_segment_bytes = 1024 * 1024;
  options.log_retry = std::chrono::milliseconds(20);
  options.background = false;
  auto opened = Engine::open(options, system_file_system(), clock);
  REQUIRE(opened.ok());
  std::unique_ptr<Engine> engine = std::move(*opened);
  REQUIRE(engine->create_bucket(kBucket, {}).ok());
  int64_t accepted = 0, number = 0;
  for (int round = 0; round < 3; round++) {
    CAPTURE(round);
    disk.fill_but(round == 0 ? 2'000'000 : 400'000);
    // Until neither the log nor what it is sealed into finds room.
    for (int refused = 0; refused < 3;) {
      REQUIRE(++number < 10'000);
      Result<WriteOutcome> outcome = write(*engine, number);
      accepted += outcome.ok() ? 1 : 0;
      if (outcome.ok()) continue;
      refused++;
      CHECK(outcome.error().code == Errc::unavailable);
      CHECK(outcome.error().message.find("No space left on device") != std::string::npos);
      disk.fill_but(0);
      Result<void> sealed = engine->seal_all();
      CHECK_FALSE(sealed.ok());
      CHECK(rows_of(*engine) == 100 * accepted);
    }
    disk.make_room();
    auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!write(*engine, ++number).ok()) REQUIRE(std::chrono::steady_clock::now() < until);
    accepted++;
    CHECK(rows_of(*engine) == 100 * accepted);
    if (round == 1) {  // as a kill would leave it
      engine.reset();
      opened = Engine::open(options, system_file_system(), clock);
      REQUIRE(opened.ok());
      engine = std::move(*opened);
      CHECK(rows_of(*engine) == 100 * accepted);
    }
  }
  Result<void> sealed = engine->seal_all();
  if (!sealed.ok()) FAIL(sealed.error().message);
  CHECK(rows_of(*engine) == 100 * accepted);
  REQUIRE(engine->close().ok());
  engine.reset();
  opened = Engine::open(options, system_file_system(), clock);
  REQUIRE(opened.ok());
  CHECK(rows_of(**opened) == 100 * accepted);
}

// Chunks on disk, as the next start would find them: those not flushed are not among them.
int64_t chunks_on_disk(const std::string& directory) {
  auto reopened = ChunkStore::open(directory, true);
  REQUIRE(reopened.ok());
  auto chunks = (*reopened)->iterator(nullptr);
  int64_t count = 0;
  for (chunks->seek(""); chunks->valid(); chunks->next()) count++;
  CHECK(chunks->status().ok());
  return count;
}

std::vector<EncodedChunk> chunks_of(int64_t first_ns, int64_t count, size_t bytes) {
  std::vector<EncodedChunk> chunks;
  for (int64_t i = 0; i < count; i++) {
    chunks.push_back({ChunkKey{1, 0, 1, 0, first_ns + i, 1}, std::string(bytes, 'c')});
  }
  return chunks;
}

TEST_CASE("once a full disk has room again a flush ends when the chunks are on disk") {
  SmallDisk disk;
  if (!disk.is_mounted()) return;
  std::string directory = disk.path() + "/chunks";
  auto opened = ChunkStore::open(directory, false);
  REQUIRE(opened.ok());
  ChunkStore& chunks = **opened;
  REQUIRE(chunks.write(chunks_of(0, 10, 1000), {}).ok());
  disk.fill_but(0);
  for (int attempt = 0; attempt < 2; attempt++) {
    Result<void> flushed = chunks.flush();
    REQUIRE_FALSE(flushed.ok());
    CHECK(flushed.error().message.find("No space left on device") != std::string::npos);
  }
  disk.make_room();
  for (int64_t round = 1; round <= 3; round++) {
    // Enough of them to take a while.
    REQUIRE(chunks.write(chunks_of(1000 * round, 500, 8 * 1024), {}).ok());
    REQUIRE(chunks.flush().ok());
    CHECK(chunks_on_disk(directory) == 10 + 500 * round);
  }
  // And it still says what it cannot do.
  REQUIRE(chunks.write(chunks_of(9000, 10, 1000), {}).ok());
  disk.fill_but(0);
  Result<void> flushed = chunks.flush();
  REQUIRE_FALSE(flushed.ok());
  CHECK(flushed.error().message.find("No space left on device") != std::string::npos);
  disk.make_room();
  REQUIRE(chunks.flush().ok());
  CHECK(chunks_on_disk(directory) == 10 + 500 * 3 + 10);
}

TEST_CASE("a catalog that found no room takes what it is told once there is some") {
  SmallDisk disk;
  if (!disk.is_mounted()) return;
  std::string directory = disk.path() + "/chunks";
  auto opened = ChunkStore::open(directory, false);
  REQUIRE(opened.ok());
  std::mt19937 random(1);
  std::string long_text(100'000, 'v');  // which no compression makes short
  for (char& c : long_text) c = static_cast<char>(random());
  for (bool has_chunks : {false, true}) {
    CAPTURE(has_chunks);
    ChunkStore& chunks = **opened;
    disk.fill_but(20'000);  // a part of it gets there
    for (int attempt = 0; attempt < 3; attempt++) {
      CAPTURE(attempt);
      Result<void> written = chunks.write_catalog({{"k1", long_text}, {"k3", long_text}});
      REQUIRE_FALSE(written.ok());
      CHECK(written.error().message.find("No space left on device") != std::string::npos);
    }
    disk.make_room();
    if (has_chunks) {
      REQUIRE(chunks.write(chunks_of(0, 10, 1000), {}).ok());
      REQUIRE(chunks.flush().ok());
    }
    // The writes that failed may yet be done, but before later ones.
    REQUIRE(chunks.write_catalog({{"k1", "again"}}).ok());
    REQUIRE(chunks.write_catalog({{"k3", has_chunks ? "chunks" : "none"}}).ok());
    opened->reset();
    opened = ChunkStore::open(directory, false);
    REQUIRE(opened.ok());
    std::string read;
    REQUIRE((*opened)
                ->read_catalog("k",
                               [&](std::string_view key, std::string_view value) -> Result<void> {
                                 read += fmt::format("{}={} ", key, value);
                                 return {};
                               })
                .ok());
    CHECK(read == (has_chunks ? "1=again 3=chunks " : "1=again 3=none "));
    CHECK(chunks_on_disk(directory) == (has_chunks ? 10 : 0));
  }
}

}  // namespace weir::store
