// From a data directory to a backup and back; what a failure or a crash on the way leaves.
#include <doctest/doctest.h>
#include <fmt/core.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "base/disk_files.h"
#include "meta/testing.h"
#include "server/backup/backup_directory.h"
#include "server/backup/restore_directory.h"
#include "server/backup/stage.h"
#include "store/engine/engine.h"
#include "store/testing.h"

namespace weir::server {
namespace {

namespace fs = std::filesystem;

constexpr BucketId kBucket{7};

// The real disk, on which the n-th changing operation fails as on a full disk, and every one after
// it: what a crash there leaves. Nothing is synced, for no power is cut here.
class FailingFileSystem final : public FileSystem {
 public:
  explicit FailingFileSystem(uint64_t fail_at = UINT64_MAX) : fail_at_(fail_at) {}
  bool has_failed() const { return operations_ >= fail_at_; }

  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override {
    return disk_.lock(path);
  }
  Result<std::unique_ptr<WritableFile>> create(const std::string& path) override {
    WEIR_CHECK(count());
    WEIR_TRY(auto file, disk_.create(path));
    return std::unique_ptr<WritableFile>(std::make_unique<File>(*this, std::move(file)));
  }
  Result<std::string> read(const std::string& path) override { return disk_.read(path); }
  Result<void> rename(const std::string& from, const std::string& to) override {
    WEIR_CHECK(count());
    return disk_.rename(from, to);
  }
  Result<void> remove(const std::string& path) override {
    WEIR_CHECK(count());
    return disk_.remove(path);
  }
  Result<void> truncate(const std::string& path, uint64_t size) override {
    WEIR_CHECK(count());
    return disk_.truncate(path, size);
  }
  Result<void> create_directories(const std::string& path) override {
    WEIR_CHECK(count());
    return disk_.create_directories(path);
  }
  Result<void> sync_directory(const std::string&) override { return count(); }
  Result<std::vector<std::string>> list(const std::string& path) override {
    return disk_.list(path);
  }
  bool exists(const std::string& path) override { return disk_.exists(path); }
  Result<uint64_t> free_bytes(const std::string& path) override { return disk_.free_bytes(path); }

 private:
  class File final : public WritableFile {
   public:
    File(FailingFileSystem& files, std::unique_ptr<WritableFile> file)
        : files_(files), file_(std::move(file)) {}
    Result<void> append(std::string_view bytes) override {
      WEIR_CHECK(files_.count());
      return file_->append(bytes);
    }
    Result<void> sync() override { return files_.count(); }
    Result<void> preallocate(uint64_t bytes) override { return file_->preallocate(bytes); }
    Result<void> close() override { return file_->close(); }

   private:
    FailingFileSystem& files_;
    std::unique_ptr<WritableFile> file_;
  };
  Result<void> count() {
    if (++operations_ < fail_at_) return {};
    return Error{Errc::io, "no space left on device"};
  }

  FileSystem& disk_ = system_file_system();
  uint64_t operations_ = 0;
  const uint64_t fail_at_;
};

// A data directory with a store, a journal's segment and metadata.
struct Data {
  Data() {
    auto engine = open(data());
    REQUIRE(engine->create_bucket(kBucket, {}).ok());
    write(*engine, 1, 2000);
    REQUIRE(engine->seal_all().ok());
    write(*engine, 2001, 100);
    REQUIRE(engine->close().ok());
    engine.reset();
    fs::create_directories(data() + "/broker");
    std::ofstream(data() + "/broker/00000000000000000001.log") << std::string(3000, 'j');
    meta::FakeStorage storage;
    REQUIRE(meta::Meta::open(data() + "/weir.sqlite", storage, clock).ok());
  }

  std::string at(const std::string& name) const { return directory.path() + "/" + name; }
  std::string data() const { return at("data"); }

  std::unique_ptr<store::Engine> open(const std::string& data_dir) const {
    store::EngineOptions options;
    options.directory = data_dir + "/store";
    options.background = false;
    auto opened = store::Engine::open(options, system_file_system(), clock);
    if (!opened.ok()) FAIL(opened.error().message);
    return std::move(*opened);
  }
  static void write(store::Engine& engine, int64_t first, int64_t count) {
    store::testing::BatchBuilder points;
    for (int64_t i = first; i < first + count; i++) points.add("m", fmt::format("x={}i", i), i);
    REQUIRE(store::write_and_wait(engine, kBucket, points.take()).ok());
  }
  // How many points there are.
  size_t points(const std::string& data_dir) const {
    auto engine = open(data_dir);
    store::ScanSpec spec;
    spec.bucket = kBucket;
    return store::testing::scan_lines(*engine, spec).size();
  }

  Result<BackupManifest> back_up(const std::string& target, FileSystem& files) const {
    WEIR_TRY(const auto to, BackupDirectory::create(target, files));
    WEIR_TRY(const Stage stage, Stage::of_stopped(data()));
    Result<void> fed;
    Result<void> sent = stage.send([&](std::string_view bytes) {
      fed = to->feed(bytes);
      return fed.ok();
    });
    WEIR_CHECK(std::move(fed));
    WEIR_CHECK(std::move(sent));
    return to->finish();
  }
  std::string must_back_up() const {
    FailingFileSystem files;
    auto made = back_up(at("backup"), files);
    if (!made.ok()) FAIL(made.error().message);
    return at("backup");
  }
  Result<BackupManifest> restore(const std::string& to, bool replace = false) const {
    FailingFileSystem files;
    return restore_directory({at("backup"), to, replace}, files, [](uint64_t) {});
  }

  store::testing::TemporaryDirectory directory;
  ManualClock clock{1'700'000'000'000'000'000};
};

std::map<std::string, uint32_t> contents(const std::string& directory) {
  std::map<std::string, uint32_t> files;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    if (!entry.is_regular_file()) continue;
    files[entry.path().lexically_relative(directory)] = *crc32c_of_file(entry.path());
  }
  return files;
}

}  // namespace

TEST_CASE("a backup of a directory at rest is restored as it was") {
  Data data;
  const std::string backup = data.must_back_up();
  auto manifest = read_manifest(backup);
  REQUIRE(manifest.ok());
  CHECK(manifest->lsn > 0);
  CHECK(manifest->bytes() > 3000);
  CHECK(!fs::exists(backup + ".part"));
  CHECK(!fs::exists(data.data() + "/backup.stage"));
  CHECK(fs::file_size(backup + "/broker/00000000000000000001.log") == 3000);

  REQUIRE(data.restore(data.at("restored")).ok());
  CHECK(!fs::exists(data.at("restored") + "/restoring"));
  std::map<std::string, uint32_t> expected = contents(backup);
  expected.erase(kManifestName);
  CHECK(contents(data.at("restored")) == expected);
  CHECK(data.points(data.at("restored")) == 2100);
  meta::FakeStorage storage;
  CHECK(meta::Meta::open(data.at("restored") + "/weir.sqlite", storage, data.clock).ok());
}

TEST_CASE("a store opens in the backup itself") {
  Data data;
  CHECK(data.points(data.must_back_up()) == 2100);
}

TEST_CASE("a directory that holds something is neither backed up to nor restored to") {
  Data data;
  data.must_back_up();
  auto again = data.back_up(data.at("backup"), system_file_system());
  REQUIRE(!again.ok());
  CHECK(again.error().code == Errc::conflict);
  auto refused = data.restore(data.data());
  REQUIRE(!refused.ok());
  CHECK(refused.error().code == Errc::conflict);
  CHECK(refused.error().message.find("--replace") != std::string::npos);

  Data::write(*data.open(data.data()), 5000, 10);
  CHECK(data.points(data.data()) == 2110);
  REQUIRE(data.restore(data.data(), true).ok());
  CHECK(data.points(data.data()) == 2100);
}

TEST_CASE("a directory in use is neither backed up from nor restored to") {
  Data data;
  data.must_back_up();
  auto engine = data.open(data.data());
  auto backed_up = data.back_up(data.at("second"), system_file_system());
  REQUIRE(!backed_up.ok());
  CHECK(backed_up.error().message.find("a running weir uses") != std::string::npos);
  CHECK(!fs::exists(data.at("second")));
  auto restored = data.restore(data.data(), true);
  REQUIRE(!restored.ok());
  CHECK(restored.error().message.find("a running weir uses") != std::string::npos);
  CHECK(!fs::exists(data.data() + "/restoring"));
}

TEST_CASE("a damaged or partial backup is refused, with the file's name, and nothing is touched") {
  Data data;
  const std::string backup = data.must_back_up();
  auto refused = [&](const std::string& words) {
    auto restored = data.restore(data.at("restored"));
    REQUIRE(!restored.ok());
    INFO(restored.error().message);
    CHECK(restored.error().message.find(words) != std::string::npos);
    CHECK(!fs::exists(data.at("restored") + "/store"));
    CHECK(!fs::exists(data.at("restored") + "/restoring"));
  };
  // Each file: a bit, its end, the whole.
  for (const auto& [name, crc] : contents(backup)) {
    const std::string path = backup + "/" + name;
    const std::string bytes = *system_file_system().read(path);
    auto put = [&](std::string_view text) { std::ofstream(path, std::ios::binary) << text; };
    if (!bytes.empty()) {
      std::string flipped = bytes;
      flipped[bytes.size() / 2] = static_cast<char>(flipped[bytes.size() / 2] ^ 1);
      put(flipped);
      refused(name);
      put(bytes.substr(0, bytes.size() - 2));
      refused(name);
    }
    fs::remove(path);
    refused(name);
    put(bytes);
  }
  CHECK(data.restore(data.at("restored")).ok());
}

TEST_CASE("every bit of a manifest counts") {
  Data data;
  const std::string text = *system_file_system().read(data.must_back_up() + "/" + kManifestName);
  REQUIRE(parse_manifest(text).ok());
  const std::string canonical = to_json(*parse_manifest(text));
  CHECK(canonical == text);
  for (size_t at = 0; at < text.size(); at++) {
    std::string flipped = text;
    flipped[at] = static_cast<char>(flipped[at] ^ 1);
    auto parsed = parse_manifest(flipped);
    // Some flips only exchange one blank for another.
    if (parsed.ok()) CHECK(to_json(*parsed) == canonical);
    CHECK((at + 2 >= text.size() || !parse_manifest(text.substr(0, at)).ok()));
  }
}

TEST_CASE("a manifest of a newer format, or with a name that leads elsewhere, is refused") {
  for (const char* name : {"", "/etc/passwd", "../x", "a/../b", "a//b", "a/", "./a", ".."}) {
    CHECK(!is_inner_name(name));
    BackupManifest manifest{"1", 0, 0, {{name, 1, 2}}};
    CHECK(!parse_manifest(to_json(manifest)).ok());
  }
  CHECK(is_inner_name("store/log/..1.log"));
  auto newer = parse_manifest(R"({"format":2,"weir":"9.0"})");
  REQUIRE(!newer.ok());
  CHECK(newer.error().message.find("newer weir (9.0)") != std::string::npos);
}

TEST_CASE("a full disk leaves no backup, whichever write it fails") {
  Data data;
  for (uint64_t n = 1;; n++) {
    FailingFileSystem files(n);
    const std::string target = data.at(fmt::format("backup{}", n));
    auto made = data.back_up(target, files);
    if (!files.has_failed()) {
      CHECK(made.ok());
      break;
    }
    // The last operations come after the rename: then it is there, whole.
    if (fs::exists(target)) {
      CHECK(read_manifest(target).ok());
    } else {
      REQUIRE(!made.ok());
    }
    CHECK(!fs::exists(target + ".part"));
    CHECK(!fs::exists(data.data() + "/backup.stage"));
  }
}

TEST_CASE("a stop in the middle of a backup leaves what the next one replaces") {
  Data data;
  const std::string target = data.at("backup");
  fs::create_directories(target + ".part/store/log");
  std::ofstream(target + ".part/store/log/00000000000000000001.log") << "half";
  std::ofstream(target + ".part/lock");
  fs::create_directories(data.data() + "/backup.stage/store/chunks");
  data.must_back_up();
  CHECK(data.restore(data.at("restored")).ok());
  CHECK(data.points(data.at("restored")) == 2100);
}

TEST_CASE("a restore that ends anywhere leaves the old, the new, or what no weir starts with") {
  Data data;
  data.must_back_up();
  Data::write(*data.open(data.data()), 5000, 10);
  for (uint64_t n = 1;; n++) {
    const std::string target = data.at(fmt::format("target{}", n));
    fs::copy(data.data(), target, fs::copy_options::recursive);
    FailingFileSystem files(n);
    auto restored = restore_directory({data.at("backup"), target, true}, files, [](uint64_t) {});
    if (check_not_restoring(target).ok()) {
      const size_t points = data.points(target);
      CHECK((points == 2100 || points == 2110));
      if (restored.ok()) CHECK(points == 2100);
    } else {
      CHECK(!restored.ok());
    }
    REQUIRE(data.restore(target, true).ok());
    CHECK(check_not_restoring(target).ok());
    CHECK(data.points(target) == 2100);
    if (!files.has_failed()) break;
  }
}

TEST_CASE("two backups of one directory do not come in each other's way") {
  Data data;
  auto first = Stage::of_stopped(data.data());
  REQUIRE(first.ok());
  auto second = Stage::of_stopped(data.data());
  REQUIRE(!second.ok());
  CHECK(second.error().code == Errc::unavailable);
}

}  // namespace weir::server
