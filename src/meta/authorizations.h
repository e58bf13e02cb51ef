// Authorizations: tokens and what each may do.
//
// The token itself is returned once, by create(), and is otherwise known only as its SHA-256: in
// the file, and as the key of an in-memory map that answers find_by_token() without touching
// SQLite. Finding: any thread, no blocking. Changes block on disk. Errors: "authorization not
// found", "token already exists".
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/sync.h"
#include "meta/types.h"

namespace weir::meta {

class Connection;
class Database;

struct NewAuthorization {
  OrgId org{};
  UserId user{};
  std::string description = {};
  bool active = true;
  std::vector<Permission> permissions = {};
  std::optional<std::string> token = {};  // one to keep; otherwise a new one is made
};
struct AuthorizationPatch {
  std::optional<std::string> description = {};
  std::optional<bool> active = {};
};
struct CreatedAuthorization {
  AuthorizationPtr authorization;
  std::string token;
};

class Authorizations {
 public:
  Authorizations(Database& database, const Clock& clock) : database_(database), clock_(clock) {}
  Result<void> load();

  // Null when there is none.
  AuthorizationPtr find(TokenId id) const;
  // Also notes the use. The caller checks `active`.
  AuthorizationPtr find_by_token(std::string_view token) const;
  std::vector<AuthorizationPtr> list() const;  // in order of creation
  // 0: never since it was made.
  int64_t last_used_ns(TokenId id) const;

  Result<CreatedAuthorization> create(const NewAuthorization& wanted);
  Result<AuthorizationPtr> update(TokenId id, const AuthorizationPatch& patch);
  Result<void> remove(TokenId id);

  // Writes the times of last use to the file: at a clean stop, and now and then.
  Result<void> persist_usage();

 private:
  friend class Organisations;
  friend class SetUp;
  friend class Users;
  struct Entry {
    AuthorizationPtr authorization;
    std::string token_hash;
    std::atomic<int64_t> last_used_ns = 0;
    std::atomic<int64_t> persisted_ns = 0;
  };
  using EntryPtr = std::shared_ptr<Entry>;
  struct Index {
    std::unordered_map<TokenId, EntryPtr> by_id;
    std::unordered_map<std::string, EntryPtr> by_hash;
  };

  Authorization prepare(const NewAuthorization& wanted) const;
  static Result<void> insert(Connection& connection, const Authorization& authorization,
                             const std::string& token_hash);
  void apply(const Authorization& authorization, const std::string& token_hash,
             int64_t last_used_ns);
  void forget_if(const std::function<bool(const Authorization&)>& gone);

  Database& database_;
  const Clock& clock_;
  Guarded<Index> index_;
};

}  // namespace weir::meta
