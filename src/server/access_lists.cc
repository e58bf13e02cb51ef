#include "server/access_lists.h"

#include <sys/stat.h>

#include "base/file.h"
#include "base/log.h"

namespace weir::server {

AccessLists::Stamp AccessLists::stamp_of(const std::string& path) {
  struct stat about {};
  if (path.empty() || ::stat(path.c_str(), &about) != 0) return {};
  return {int64_t(about.st_mtim.tv_sec) * 1'000'000'000 + about.st_mtim.tv_nsec,
          static_cast<uint64_t>(about.st_size), static_cast<uint64_t>(about.st_ino)};
}

// Whether the file is not the one that was read, and has been left alone since the last look.
bool AccessLists::is_due(const std::string& path, Stamp& read, Stamp& seen, bool everything) {
  if (path.empty()) return false;
  const Stamp now = stamp_of(path);
  const bool rests = now == std::exchange(seen, now);
  if (!everything && (now == read || !rests)) return false;
  read = now;
  return true;
}

Result<std::shared_ptr<const PasswordFile>> AccessLists::read_passwords() const {
  auto text = system_file_system().read(password_path_);
  if (!text.ok()) return std::move(text).error().with_context("mqtt.password_file");
  auto file = PasswordFile::parse(*text, password_path_);
  if (!file.ok()) return std::move(file).error().with_context("mqtt.password_file");
  return file;
}

Result<std::shared_ptr<const mqtt::AclFile>> AccessLists::read_topics() const {
  auto text = system_file_system().read(acl_path_);
  if (!text.ok()) return std::move(text).error().with_context("mqtt.acl_file");
  auto list = mqtt::AclFile::parse(*text, acl_path_);
  if (!list.ok()) return std::move(list).error().with_context("mqtt.acl_file");
  return list;
}

Result<std::unique_ptr<AccessLists>> AccessLists::open(const std::string& password_path,
                                                       const std::string& acl_path) {
  std::unique_ptr<AccessLists> made(new AccessLists(password_path, acl_path));
  State state;
  state.passwords_read = state.passwords_seen = stamp_of(password_path);
  state.topics_read = state.topics_seen = stamp_of(acl_path);
  if (!password_path.empty()) {
    WEIR_TRY(state.lists.passwords, made->read_passwords());
  }
  if (!acl_path.empty()) {
    WEIR_TRY(state.lists.topics, made->read_topics());
  }
  *made->state_.lock() = std::move(state);
  return made;
}

bool AccessLists::refresh(bool everything) {
  auto alone = refreshing_.lock();
  State state = *state_.lock();
  bool is_new = false;
  auto take = [&is_new](const char* what, auto read, auto& list) {
    if (read.ok()) {
      log::info("server", "{} has been read again", what);
      list = std::move(read).value();
      is_new = true;
    } else {
      log::warn("server", "{}; what was read before holds on", read.error().message);
    }
  };
  if (is_due(password_path_, state.passwords_read, state.passwords_seen, everything)) {
    take("mqtt.password_file", read_passwords(), state.lists.passwords);
  }
  if (is_due(acl_path_, state.topics_read, state.topics_seen, everything)) {
    take("mqtt.acl_file", read_topics(), state.lists.topics);
  }
  *state_.lock() = std::move(state);
  return is_new;
}

}  // namespace weir::server
