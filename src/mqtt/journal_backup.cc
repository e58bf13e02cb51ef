// Journal: a copy of its log while it is written.
#include <filesystem>

#include "base/wal_copy.h"
#include "mqtt/journal.h"

namespace weir::mqtt {

Result<void> Journal::backup(const std::string& target) const {
  // Between the list and the links a checkpoint may remove segments: then what it wrote instead is
  // in a newer list. They are minutes apart.
  constexpr int kAttemptsMax = 5;
  for (int attempt = 1;; attempt++) {
    WEIR_CHECK(system_file_system().create_directories(target));
    Result<WalTail> tail = link_segments(log_->segments(), target);
    if (tail.ok()) return copy_tail(*tail);
    if (tail.error().code != Errc::not_found || attempt == kAttemptsMax) return tail.error();
    std::error_code ignored;
    std::filesystem::remove_all(target, ignored);
  }
}

}  // namespace weir::mqtt
