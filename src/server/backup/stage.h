// What a backup is read from: a directory with links to files that do not change any more, and
// copies of what does, beside the data. It is removed with the object, and by the next start of
// weir if the process ends before.
//
// Everything acknowledged before it was taken is in it. Blocks; any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weir::meta {
class Meta;
}
namespace weir::mqtt {
class Broker;
}
namespace weir::store {
class Engine;
}

namespace weir::server {

// Of a running server.
struct RunningParts {
  store::Engine& store;
  const mqtt::Broker& broker;
  meta::Meta& meta;
};

class Stage {
 public:
  // Errc::unavailable while another backup of this directory is being taken.
  static Result<Stage> of_running(const std::string& data_dir, const RunningParts& parts);
  // Of a directory that no server uses; else Errc::unavailable.
  static Result<Stage> of_stopped(const std::string& data_dir);
  // What a process that ended left behind. When nobody takes a backup.
  static void remove_leftovers(const std::string& data_dir);

  Stage(Stage&& other) noexcept;
  Stage& operator=(Stage&&) = delete;
  ~Stage();

  // A data directory; who opens what is in it harms nothing else.
  const std::string& path() const { return path_; }

  // About the bytes that send() will give.
  Result<uint64_t> bytes() const;
  // The backup as an archive, the manifest last. `write` returns false to break off, which gives
  // Errc::unavailable.
  Result<void> send(const std::function<bool(std::string_view)>& write) const;

 private:
  struct Locks;
  Stage();
  static Result<Stage> begin(const std::string& data_dir);
  Result<void> take_stopped(const std::string& data_dir);

  std::string path_;
  int64_t time_ns_ = 0;
  uint64_t lsn_ = 0;
  std::unique_ptr<Locks> locks_;
};

}  // namespace weir::server
