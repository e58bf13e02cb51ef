// Passwords: argon2id (RFC 9106) through libsodium, at its INTERACTIVE cost (64 MiB, ~60 ms).
//
// Every hash and verification blocks for that long, so callers run on workers; at most
// kHashesAtOnce run at a time, whatever the number of workers, which bounds the memory.
// PasswordMemory spares clients that reconnect by the thousand: it remembers, in this process
// only, keyed hashes of pairs that were right.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "base/ids.h"
#include "base/result.h"
#include "base/sync.h"

namespace weir::meta {

inline constexpr size_t kPasswordBytesMin = 8;     // InfluxDB's rule
inline constexpr size_t kPasswordBytesMax = 1024;  // argon2 takes more; nobody types more
inline constexpr int kHashesAtOnce = 2;            // 128 MiB at most

// Errc::invalid when it is too short or too long, with InfluxDB's text.
Result<void> check_password_rules(std::string_view password);

// The argon2id hash in its standard text encoding, salt and cost included.
Result<std::string> hash_password(std::string_view password);
// An empty hash costs the same time and is false: an unknown user looks like a wrong password.
bool verify_password(const std::string& hash, std::string_view password);

class PasswordMemory {
 public:
  PasswordMemory();
  bool knows(UserId user, std::string_view password) const;
  void remember(UserId user, std::string_view password);
  void forget(UserId user);

 private:
  std::string key_of(UserId user, std::string_view password) const;

  std::string process_key_;                                 // random, never leaves this process
  Guarded<std::unordered_map<UserId, std::string>> right_;  // one password per user
};

}  // namespace weir::meta
