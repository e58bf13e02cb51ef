#include "base/wal_copy.h"

#include <filesystem>

#include "base/disk_files.h"
#include "base/file.h"

namespace weir {

Result<WalTail> link_segments(const std::vector<WalSegment>& segments,
                              const std::string& directory) {
  WalTail tail;
  for (const WalSegment& segment : segments) {
    std::string path = directory + "/" + std::filesystem::path(segment.path).filename().string();
    if (&segment == &segments.back()) {
      tail = {path + ".tail", path, segment.bytes};
      path = tail.link;
    }
    WEIR_CHECK(link_or_copy(segment.path, path));
  }
  return tail;
}

Result<void> copy_tail(const WalTail& tail) {
  if (tail.path.empty()) return {};
  WEIR_CHECK(copy_front(tail.link, tail.path, tail.bytes));
  return system_file_system().remove(tail.link);
}

}  // namespace weir
