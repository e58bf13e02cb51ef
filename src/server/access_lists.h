// The password files and access lists that listeners go by, as they were when last read well.
//
// AccessFiles holds every file once, however many listeners name it; AccessLists are the two of one
// listener. A CONNECT takes them as they are then. They are read again on SIGHUP and when they
// change; one that has mistakes then keeps what was read before, and the log says why. Any thread;
// reading blocks on disk.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/file_watch.h"
#include "base/result.h"
#include "base/sync.h"
#include "mqtt/acl_file.h"
#include "server/config.h"
#include "server/password_file.h"

namespace weir::server {

// One file, which reads as a T.
template <class T>
class WatchedFile {
 public:
  explicit WatchedFile(NamedFile file) : file_(std::move(file)), watch_({file_.path}) {}

  const std::string& path() const { return file_.path; }
  std::shared_ptr<const T> current() const { return *current_.lock(); }
  // Errors name the setting, the file and the line.
  Result<void> read();
  // Reads it if it changed, or anyway. Returns whether there is a new one.
  bool refresh(bool anyway);

 private:
  const NamedFile file_;
  FileWatch watch_;  // AccessFiles sees to it that one thread at a time refreshes
  Guarded<std::shared_ptr<const T>> current_;
};

class AccessLists {
 public:
  struct Lists {
    std::shared_ptr<const PasswordFile> passwords;  // null: there is no such file
    std::shared_ptr<const mqtt::AclFile> topics;
  };
  Lists current() const;
  bool have_topics() const { return topics_ != nullptr; }

 private:
  friend class AccessFiles;
  std::shared_ptr<WatchedFile<PasswordFile>> passwords_;  // null: there is no such file
  std::shared_ptr<WatchedFile<mqtt::AclFile>> topics_;
};

class AccessFiles {
 public:
  // Reads what has not been read yet. Errors name every mistake in both files, one a line.
  Result<std::shared_ptr<const AccessLists>> open(const AccessSettings& settings);
  // Of all listeners: every mistake at once.
  Result<void> open_all(const Config& config);
  // After the last open(): reads what has changed on disk, or everything. Returns whether any of
  // them is a new one. A file that is still being written is read at a later call.
  bool refresh(bool everything);

 private:
  struct Files {
    std::vector<std::shared_ptr<WatchedFile<PasswordFile>>> passwords;
    std::vector<std::shared_ptr<WatchedFile<mqtt::AclFile>>> topics;
  };
  Guarded<Files> files_;
};

}  // namespace weir::server
