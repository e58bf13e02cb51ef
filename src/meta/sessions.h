// Sign-in sessions of the web interface and of clients that use a password.
//
// A session is a random key in a cookie; the file and memory hold its SHA-256. It lives an hour
// and each use extends it to an hour from then. Extensions are kept in memory and written by
// persist_usage(), so a use never waits for the disk; after a crash a session lasts only until the
// last time written. find() is for any thread; begin() and end() block on disk.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/result.h"
#include "base/sync.h"
#include "meta/types.h"

namespace weir::meta {

class Database;

inline constexpr int64_t kSessionMs = 3600 * 1000;
// Beyond it the session that would end first is ended: a client that signs in for every request.
inline constexpr size_t kSessionsPerUserMax = 1000;

struct NewSession {
  std::string key;
  int64_t expires_ns = 0;
};

class Sessions {
 public:
  Sessions(Database& database, const Clock& clock) : database_(database), clock_(clock) {}
  Result<void> load();

  Result<NewSession> begin(UserId user);
  // The user of a session that has not expired; extends it.
  std::optional<UserId> find(std::string_view key) const;
  // Errc::not_found when there is no such session.
  Result<void> end(std::string_view key);

  // Writes extensions to the file and removes what has expired.
  Result<void> persist_usage();

 private:
  friend class Users;
  struct Session {
    UserId user{};
    int64_t expires_ns = 0;
    int64_t persisted_ns = 0;
  };
  using Index = std::unordered_map<std::string, Session>;  // by key hash
  void forget_user(UserId user);
  // The session of this user that ends first, if the user has the most allowed.
  std::optional<std::string> one_too_many(UserId user) const;

  Database& database_;
  const Clock& clock_;
  Guarded<Index> index_;
};

}  // namespace weir::meta
