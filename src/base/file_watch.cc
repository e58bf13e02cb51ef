#include "base/file_watch.h"

#include <fmt/core.h>
#include <sys/stat.h>

#include <utility>

namespace weir {

FileWatch::FileWatch(std::vector<std::string> paths) : paths_(std::move(paths)) {
  read_ = seen_ = look();
}

// Other text when a file was written, replaced, or a link to it turned.
std::string FileWatch::look() const {
  std::string text;
  for (const std::string& path : paths_) {
    if (path.empty()) continue;
    struct stat found {};
    if (::stat(path.c_str(), &found) != 0) {
      text += "missing;";
      continue;
    }
    text += fmt::format("{}:{}:{}:{}.{}:{}.{};", found.st_dev, found.st_ino, found.st_size,
                        found.st_mtim.tv_sec, found.st_mtim.tv_nsec, found.st_ctim.tv_sec,
                        found.st_ctim.tv_nsec);
  }
  return text;
}

bool FileWatch::is_due(bool anyway) {
  // Before reading: what is written meanwhile is noticed the next time.
  std::string now = look();
  const bool rests = now == seen_;
  seen_ = now;
  if (!anyway && (now == read_ || !rests)) return false;
  read_ = std::move(now);
  return true;
}

}  // namespace weir
