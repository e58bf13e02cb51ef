// AccessLists: the broker's password file and access list, as they were when last read well.
//
// A CONNECT takes the two as they are then. They are read again on SIGHUP and when they change; one
// that has mistakes then keeps what was read before, and the log says why. Any thread; reading
// blocks on disk.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/sync.h"
#include "mqtt/acl_file.h"
#include "server/password_file.h"

namespace weir::server {

class AccessLists {
 public:
  struct Lists {
    std::shared_ptr<const PasswordFile> passwords;  // null: there is no such file
    std::shared_ptr<const mqtt::AclFile> topics;
  };

  // An empty path: there is no such file. Errors name the setting, the file and the line.
  static Result<std::unique_ptr<AccessLists>> open(const std::string& password_path,
                                                   const std::string& acl_path);

  Lists current() const { return state_.lock()->lists; }
  bool have_topics() const { return !acl_path_.empty(); }

  // Reads what has changed on disk, or everything. Returns whether any list is a new one. A file
  // that is still being written is read at the next call: what changed since the last one waits.
  bool refresh(bool everything);

 private:
  // What tells that a file has changed: all 0 when it is missing.
  struct Stamp {
    int64_t changed_ns = 0;
    uint64_t size = 0, inode = 0;
    bool operator==(const Stamp&) const = default;
  };
  struct State {
    Lists lists;
    Stamp passwords_read, passwords_seen, topics_read, topics_seen;
  };
  AccessLists(std::string password_path, std::string acl_path)
      : password_path_(std::move(password_path)), acl_path_(std::move(acl_path)) {}
  static Stamp stamp_of(const std::string& path);
  static bool is_due(const std::string& path, Stamp& read, Stamp& seen, bool everything);
  Result<std::shared_ptr<const PasswordFile>> read_passwords() const;
  Result<std::shared_ptr<const mqtt::AclFile>> read_topics() const;

  const std::string password_path_, acl_path_;
  Guarded<State> state_;
  struct Nothing {};
  Guarded<Nothing> refreshing_;  // one at a time
};

}  // namespace weir::server
