#include "base/file.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>

#include "base/fault_file_system.h"

namespace weir {
namespace {

struct TemporaryDirectory {
  std::string path;
  TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "weir-file-XXXXXX").string();
    path = ::mkdtemp(pattern.data());
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path); }
};

// What both file systems promise.
void check_contract(FileSystem& files, const std::string& root) {
  std::string path = root + "/log/a";
  REQUIRE(files.create_directories(root + "/log").ok());
  CHECK_FALSE(files.exists(path));
  CHECK(files.read(path).error().code == Errc::not_found);
  {
    auto file = files.create(path);
    REQUIRE(file.ok());
    CHECK(files.create(path).error().code == Errc::conflict);
    REQUIRE((*file)->preallocate(4096).ok());
    REQUIRE((*file)->append("hello ").ok());
    REQUIRE((*file)->append("world").ok());
    REQUIRE((*file)->sync().ok());
    REQUIRE((*file)->close().ok());
  }
  REQUIRE(files.sync_directory(root + "/log").ok());
  CHECK(*files.read(path) == "hello world");
  REQUIRE(files.truncate(path, 5).ok());
  CHECK(*files.read(path) == "hello");
  REQUIRE(files.rename(path, root + "/log/b").ok());
  CHECK(*files.list(root + "/log") == std::vector<std::string>{"b"});
  CHECK(*files.free_bytes(root + "/log") > 0);
  REQUIRE(files.remove(root + "/log/b").ok());
  CHECK(files.remove(root + "/log/b").error().message.find(root + "/log/b") != std::string::npos);

  auto held = files.lock(root + "/log/lock");
  REQUIRE(held.ok());
  CHECK(files.lock(root + "/log/lock").error().code == Errc::unavailable);
  held->reset();
  CHECK(files.lock(root + "/log/lock").ok());
}

}  // namespace

TEST_CASE("the system's file system keeps its contract") {
  TemporaryDirectory directory;
  check_contract(system_file_system(), directory.path);
}

TEST_CASE("the fault file system keeps the same contract") {
  FaultFileSystem files;
  check_contract(files, "/data");
}

TEST_CASE("a crash forgets unsynced bytes and names, and may leave a torn tail") {
  FaultFileSystem files;
  auto file = std::move(*files.create("/d/a"));
  REQUIRE(file->append("kept").ok());
  REQUIRE(file->sync().ok());
  REQUIRE(file->append("lost").ok());
  SUBCASE("without sync_directory even the name is gone") {
    files.crash();
    CHECK_FALSE(files.exists("/d/a"));
  }
  SUBCASE("synced bytes stay, open files go stale") {
    REQUIRE(files.sync_directory("/d").ok());
    files.crash();
    CHECK(*files.read("/d/a") == "kept");
    CHECK(file->append("x").error().code == Errc::io);
    CHECK(*files.read("/d/a") == "kept");
  }
  SUBCASE("a torn write leaves its first bytes") {
    REQUIRE(files.sync_directory("/d").ok());
    files.crash(2);
    CHECK(*files.read("/d/a") == "keptlo");
  }
}

TEST_CASE("the n-th changing operation fails, once or for ever, and so does a full disk") {
  FaultFileSystem files;
  auto file = std::move(*files.create("/d/a"));
  files.fail_operation(2);
  CHECK(file->append("aa").ok());
  CHECK(file->append("bbbb").error().code == Errc::io);
  CHECK(files.has_failed());
  CHECK(file->append("cc").ok());
  CHECK(*files.read("/d/a") == "aabbcc");
  files.fail_operation(1, true);
  CHECK_FALSE(file->sync().ok());
  CHECK_FALSE(file->sync().ok());
  files.fail_operation(0);
  files.set_capacity(8);
  Result<void> full = file->append("dddd");
  REQUIRE_FALSE(full.ok());
  CHECK(full.error().message == "cannot write /d/a: No space left on device");
}

}  // namespace weir
