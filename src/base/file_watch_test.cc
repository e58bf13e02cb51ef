#include "base/file_watch.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>

#include "base/file.h"

namespace weir {
namespace {

struct TemporaryDirectory {
  std::string path;
  TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "weir-watch-XXXXXX").string();
    path = ::mkdtemp(pattern.data());
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path); }
};

TEST_CASE("files that change are due once, when they have been left alone from look to look") {
  FileSystem& files = system_file_system();
  TemporaryDirectory directory;
  const std::string one = directory.path + "/one", two = directory.path + "/two";
  auto write = [&](const std::string& path, std::string_view text) {
    auto file = files.create(path + ".new");
    REQUIRE(file.ok());
    REQUIRE((*file)->append(text).ok());
    REQUIRE((*file)->close().ok());
    REQUIRE(files.rename(path + ".new", path).ok());
  };
  write(one, "a");
  FileWatch watch({one, "", two});
  CHECK_FALSE(watch.is_due(false));
  CHECK_FALSE(watch.is_due(false));
  write(one, "b");
  CHECK_FALSE(watch.is_due(false));
  write(two, "c");
  CHECK_FALSE(watch.is_due(false));
  CHECK(watch.is_due(false));
  CHECK_FALSE(watch.is_due(false));
  CHECK(watch.is_due(true));
  REQUIRE(files.remove(two).ok());
  CHECK_FALSE(watch.is_due(false));
  CHECK(watch.is_due(false));
  // Read at once where it is asked for, and not again.
  write(one, "d");
  CHECK(watch.is_due(true));
  CHECK_FALSE(watch.is_due(false));
  // Of the same size, at a time that a copy has brought along: the system still knows.
  const auto stamp = std::filesystem::last_write_time(one);
  write(one, "e");
  std::filesystem::last_write_time(one, stamp);
  CHECK_FALSE(watch.is_due(false));
  CHECK(watch.is_due(false));
}

}  // namespace
}  // namespace weir
