// FileWatch: tells when files have changed on disk, by what the system says of them.
//
// A change is told once the files are the same at two looks: one that is still being written, or a
// pair of which only one has been replaced, is not read in halves. Used for certificates and access
// lists, whose owners look every so often (server/periodic.h). One thread at a time; blocks on the
// disk.
#pragma once

#include <string>
#include <vector>

namespace weir {

class FileWatch {
 public:
  // Files as they are now count as read; empty paths as no files.
  explicit FileWatch(std::vector<std::string> paths);

  // Whether the files are to be read: they are other ones than those read last, and rest; or
  // `anyway`. They count as read then, whatever comes of it: one with mistakes is not read again
  // before it changes again.
  bool is_due(bool anyway);

 private:
  std::string look() const;

  const std::vector<std::string> paths_;
  std::string read_, seen_;  // what the system said of the files when they were read, looked at
};

}  // namespace weir
