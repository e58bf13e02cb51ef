// FaultFileSystem: files in memory that break on request, for tests of what survives.
//
// It keeps two states: what the process sees, and what the disk holds. sync() moves a file's bytes
// to the disk, sync_directory() its directory's names. crash() throws away everything else, as a
// power cut does; a number of unsynced bytes may survive at a file's end (a torn write). Operations
// that change anything are counted, so that a test can fail the first, the second, ... until a run
// is clean. Reads never fail by counting. Threads: any.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "base/file.h"
#include "base/sync.h"

namespace weir {

class FaultFileSystem final : public FileSystem {
 public:
  FaultFileSystem();
  ~FaultFileSystem() override;

  // The n-th changing operation from now (1 is the next) fails once, and with `for_ever` every one
  // after it too; 0 fails none. A failing append leaves half of its bytes behind.
  void fail_operation(uint64_t n, bool for_ever = false);
  // Changing operations since the start.
  uint64_t operations() const;
  // True once a failure set by fail_operation() has happened.
  bool has_failed() const;
  // Appends beyond this many bytes in all fail as a full disk does.
  void set_capacity(uint64_t bytes);

  // A power cut: open files go stale (their calls fail), locks are released, and unsynced bytes
  // and names are forgotten, except for the first `torn_bytes` unsynced bytes of each file. With
  // `keeps_names` every name is as the process saw it, created, renamed or removed: a disk may have
  // written those unasked.
  void crash(uint64_t torn_bytes = 0, bool keeps_names = false);
  // A kill of the process: open files go stale and locks are released; nothing is forgotten.
  void kill();

  // Replaces a file's bytes, for damage tests; creates it if need be.
  void overwrite(const std::string& path, std::string bytes);

  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override;
  Result<std::unique_ptr<WritableFile>> create(const std::string& path) override;
  Result<std::string> read(const std::string& path) override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<void> remove(const std::string& path) override;
  Result<void> truncate(const std::string& path, uint64_t size) override;
  Result<void> create_directories(const std::string& path) override;
  Result<void> sync_directory(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& path) override;
  bool exists(const std::string& path) override;
  Result<uint64_t> free_bytes(const std::string& path) override;

 private:
  struct Node {
    std::string bytes;
    uint64_t synced_bytes = 0;
  };
  using Names = std::map<std::string, std::shared_ptr<Node>>;
  struct State {
    Names names;         // as the process sees them
    Names synced_names;  // as the disk holds them
    std::set<std::string> locks;
    uint64_t generation = 0;  // open files and locks of an older one are stale
    uint64_t operations = 0, fail_at = 0;
    bool fail_for_ever = false, has_failed = false;
    uint64_t capacity = UINT64_MAX;
  };
  class File;
  class Lock;
  static Result<void> count_operation(State& state, std::string_view action,
                                      const std::string& path);
  static Error missing(std::string_view action, const std::string& path);
  static uint64_t used_bytes(const State& state);

  std::shared_ptr<Guarded<State>> state_;  // shared with open files, which may outlive a test's use
};

}  // namespace weir
