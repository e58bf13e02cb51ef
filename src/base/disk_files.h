// Whole files of the real disk: checksums, copies and links, for backups and for what verifies
// them.
//
// RocksDB and SQLite bring their own files, which no FileSystem of a test holds; hence functions on
// paths. What a function has made is on disk when it returns ok, apart from the name in its
// directory. Errors are Errc::io with the path and the system's reason. Blocks; any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"

namespace weir {

// Reads the file in large blocks; `visit` may end it with an error.
Result<void> read_in_blocks(const std::string& path,
                            const std::function<Result<void>(std::string_view)>& visit);
// The CRC-32C of all its bytes.
Result<uint32_t> crc32c_of_file(const std::string& path);
Result<uint64_t> bytes_of_file(const std::string& path);

// Copies the first `bytes` of a file (UINT64_MAX: all) to a new one; shares their blocks where the
// file system can.
Result<void> copy_front(const std::string& from, const std::string& to, uint64_t bytes);
// A second name for a file that nobody will change any more; a copy where that cannot be. Fails
// with Errc::not_found when `from` is gone.
Result<void> link_or_copy(const std::string& from, const std::string& to);

}  // namespace weir
