// The archive a backup travels in: POSIX ustar, so that tar(1) can unpack and make it as well.
//
// Shape: for each file a header of 512 bytes, its bytes, zeros up to a multiple of 512; then 1024
// zeros. Only plain files with names of up to 100 bytes; a size beyond 8 GiB is written as GNU tar
// does. Pure, one thread. Spec: POSIX.1-2017, pax, "ustar Interchange Format".
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weir::server {

inline constexpr size_t kTarBlockBytes = 512;
inline constexpr size_t kTarNameBytesMax = 100;

struct TarEntry {
  std::string name;
  uint64_t bytes = 0;
};

// `name` is at most kTarNameBytesMax long.
std::string tar_header(const TarEntry& entry, int64_t time_s);
// The zeros behind a file's bytes.
std::string tar_padding(uint64_t bytes);
// The zeros at the end.
std::string tar_end();
// What a file takes in an archive.
uint64_t tar_bytes(uint64_t file_bytes);

// Takes an archive in pieces of any size, and tells what is in it.
class TarReader {
 public:
  struct Visitor {
    std::function<Result<void>(const TarEntry&)> begin;
    std::function<Result<void>(std::string_view)> data;  // all of an entry's bytes, in pieces
    std::function<Result<void>()> end;
  };
  explicit TarReader(Visitor visitor) : visitor_(std::move(visitor)) {}

  // Errc::invalid with the offset for what is no such archive. Not to be called again then.
  Result<void> feed(std::string_view bytes);
  // Errc::invalid if the archive is not whole.
  Result<void> finish() const;

 private:
  Result<void> take_block();

  Visitor visitor_;
  std::string block_;         // a header so far
  uint64_t left_ = 0;         // of the entry's bytes
  size_t padding_ = 0;        // zeros to pass over
  bool is_in_entry_ = false;  // end() is due
  int zero_blocks_ = 0;       // two: the end
  uint64_t offset_ = 0;
};

}  // namespace weir::server
