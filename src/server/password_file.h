// PasswordFile: users and salted hashes as `mosquitto_passwd` writes them.
//
//   NAME:$7$ITERATIONS$SALT$HASH     PBKDF2 with HMAC-SHA-512, 64 bytes
//   NAME:$6$SALT$HASH                SHA-512 of password and salt, from before Mosquitto 2
//
// Salt and hash are in base64; blank lines and those that begin with `#` mean nothing. Immutable;
// any thread. Checking blocks for a microsecond an iteration: on a worker.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weir::server {

class PasswordFile {
 public:
  // A hundred thousand devices; a larger file is a mistake.
  static constexpr size_t kBytesMax = 32 * 1024 * 1024;
  // Ten seconds a check: more is a mistake, and a way to occupy the workers.
  static constexpr uint64_t kIterationsMax = 10'000'000;

  // Errc::invalid with a line for each mistake (the first twenty): "NAME:LINE: ...". What follows a
  // user's name is never told: it may be a password.
  static Result<std::shared_ptr<const PasswordFile>> parse(std::string_view text,
                                                           std::string_view name);

  // Takes as long for a user that is not in the file as for the one with the most iterations.
  bool verify(std::string_view user, std::string_view password) const;
  bool contains(std::string_view user) const { return entries_.contains(user); }
  // What tells an entry from the one that replaced it; empty when the user is not in the file.
  std::string_view mark_of(std::string_view user) const;

 private:
  class Parser;
  struct Entry {
    int iterations = 0;  // 0: the older form
    std::string salt, hash;
  };
  std::map<std::string, Entry, std::less<>> entries_;
  int iterations_most_ = 1;
};

}  // namespace weir::server
