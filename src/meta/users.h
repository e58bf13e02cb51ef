// Users and their passwords.
//
// Finding answers from memory, any thread. verify(), create with a password and set_password()
// hash, which takes some 60 ms and belongs on a worker. Errors: "user not found", "user with name X
// already exists".
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/sync.h"
#include "meta/password.h"
#include "meta/types.h"

namespace weir::meta {

class Authorizations;
class Connection;
class Database;
class Organisations;
class Sessions;

struct UserPatch {
  std::optional<std::string> name = {};
  std::optional<bool> active = {};
};

class Users {
 public:
  Users(Database& database, Organisations& organisations, Authorizations& authorizations,
        Sessions& sessions, const Clock& clock)
      : database_(database),
        organisations_(organisations),
        authorizations_(authorizations),
        sessions_(sessions),
        clock_(clock) {}
  Result<void> load();

  bool empty() const;
  // Null when there is none.
  UserPtr find(UserId id) const;
  UserPtr find(std::string_view name) const;
  std::vector<UserPtr> list() const;  // in order of creation

  // Without a password: one can be set later.
  Result<UserPtr> create(std::string_view name);
  Result<UserPtr> update(UserId id, const UserPatch& patch);
  Result<void> remove(UserId id);
  // Ends the user's sessions too, and makes User::password_version another one.
  Result<void> set_password(UserId id, std::string_view password);

  // The active user of that name and password, or null; with the version of that password. Blocks.
  UserPtr verify(std::string_view name, std::string_view password);
  // The same, without hashing: null unless this pair was right before. Does not block.
  UserPtr recall(std::string_view name, std::string_view password) const;

 private:
  friend class SetUp;
  Result<User> prepare(std::string_view name) const;
  static Result<void> insert(Connection& connection, const User& user,
                             const std::optional<std::string>& password_hash);
  void apply(const User& user);

  struct Index {
    std::unordered_map<UserId, UserPtr> by_id;
    std::map<std::string, UserPtr, std::less<>> by_name;
  };
  Database& database_;
  Organisations& organisations_;
  Authorizations& authorizations_;
  Sessions& sessions_;
  const Clock& clock_;
  PasswordMemory memory_;
  Guarded<Index> index_;
};

}  // namespace weir::meta
