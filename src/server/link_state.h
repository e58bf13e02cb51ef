// LinkState: what weir keeps of its session with another broker: its own client identifier, and
// which subscriptions the broker's session holds.
//
// One small file per connection in the data directory, written whole and renamed into place. What
// it holds is good for one broker, one identifier and one user: with another, only the identifier
// weir made for itself stays. A file that cannot be read counts as none.
#pragma once

#include <set>
#include <string>

#include "base/file.h"
#include "base/result.h"
#include "base/sync.h"
#include "server/config_link.h"

namespace weir::server {

class LinkState {
 public:
  LinkState(FileSystem& files, std::string path) : files_(files), path_(std::move(path)) {}

  // Reads the file, or makes a new identifier and writes it. `name` becomes part of that.
  Result<void> open(const BrokerLink& link, std::string_view name);
  const std::string& client_id() const { return client_id_; }
  const std::string& own_id() const { return own_id_; }  // the one weir made, in use or not
  std::set<std::string> held() const { return *held_.lock(); }

  // Blocks on the disk. Any thread.
  Result<void> remember(const std::set<std::string>& held);

 private:
  Result<void> write(const std::set<std::string>& held) const;

  FileSystem& files_;
  const std::string path_;
  std::string own_id_;     // made by weir
  std::string client_id_;  // in use
  std::string server_;     // whose session: URL and user
  Guarded<std::set<std::string>> held_;
};

// This weir's own name among bridges: made once, kept in a file.
Result<std::string> instance_id(FileSystem& files, const std::string& path);

}  // namespace weir::server
