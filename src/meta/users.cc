#include "meta/users.h"

#include <fmt/core.h>

#include <algorithm>
#include <tuple>

#include "meta/authorizations.h"
#include "meta/database.h"
#include "meta/organisations.h"
#include "meta/sessions.h"

namespace weir::meta {
namespace {

Error not_found() { return {Errc::not_found, "user not found"}; }

Error already_exists(std::string_view name) {
  return {Errc::conflict, fmt::format("user with name {} already exists", name)};
}

}  // namespace

Result<void> Users::load() {
  *index_.lock() = {};
  return database_.query("SELECT id, name, active, is_operator, created_ns, updated_ns FROM users",
                         [&](const SqlRow& row) {
                           User user;
                           user.id = id_from_sql<UserId>(row.integer(0));
                           user.name = row.text(1);
                           user.active = row.integer(2) != 0;
                           user.is_operator = row.integer(3) != 0;
                           user.created_ns = row.integer(4);
                           user.updated_ns = row.integer(5);
                           apply(user);
                         });
}

bool Users::empty() const { return index_.lock()->by_id.empty(); }

UserPtr Users::find(UserId id) const {
  auto index = index_.lock();
  auto found = index->by_id.find(id);
  return found == index->by_id.end() ? nullptr : found->second;
}

UserPtr Users::find(std::string_view name) const {
  auto index = index_.lock();
  auto found = index->by_name.find(name);
  return found == index->by_name.end() ? nullptr : found->second;
}

std::vector<UserPtr> Users::list() const {
  std::vector<UserPtr> all;
  {
    auto index = index_.lock();
    for (const auto& [id, user] : index->by_id) all.push_back(user);
  }
  std::ranges::sort(all, {},
                    [](const UserPtr& user) { return std::tuple(user->created_ns, user->id); });
  return all;
}

Result<User> Users::prepare(std::string_view name) const {
  if (name.empty()) return Error{Errc::empty_value, "user name is empty"};
  User user;
  user.id = static_cast<UserId>(make_random_id());
  user.name = name;
  user.created_ns = user.updated_ns = clock_.wall_ns();
  return user;
}

Result<void> Users::insert(Connection& connection, const User& user,
                           const std::optional<std::string>& password_hash) {
  const SqlValue hash =
      password_hash.has_value() ? SqlValue(std::string_view(*password_hash)) : SqlValue(nullptr);
  Result<void> done = connection.run(
      "INSERT INTO users (id, name, active, is_operator, password_hash, created_ns, updated_ns)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
      {to_sql(user.id), user.name, int64_t{user.active}, int64_t{user.is_operator}, hash,
       user.created_ns, user.updated_ns});
  if (!done.ok() && done.error().code == Errc::conflict) return already_exists(user.name);
  return done;
}

void Users::apply(const User& user) {
  auto shared = std::make_shared<const User>(user);
  auto index = index_.lock();
  UserPtr& slot = index->by_id[user.id];
  if (slot != nullptr) index->by_name.erase(slot->name);
  slot = shared;
  index->by_name[user.name] = shared;
}

Result<UserPtr> Users::create(std::string_view name) {
  WEIR_TRY(User user, prepare(name));
  WEIR_CHECK(database_.transact(
      [&](Connection& connection) { return insert(connection, user, std::nullopt); },
      [&] { apply(user); }));
  return std::make_shared<const User>(user);
}

Result<UserPtr> Users::update(UserId id, const UserPatch& patch) {
  User user;
  auto change = [&](Connection& connection) -> Result<void> {
    UserPtr old = find(id);
    if (old == nullptr) return not_found();
    user = *old;
    user.name = patch.name.value_or(user.name);
    user.active = patch.active.value_or(user.active);
    if (user.name.empty()) return Error{Errc::empty_value, "user name is empty"};
    user.updated_ns = clock_.wall_ns();
    Result<void> done =
        connection.run("UPDATE users SET name = ?2, active = ?3, updated_ns = ?4 WHERE id = ?1",
                       {to_sql(id), user.name, int64_t{user.active}, user.updated_ns});
    if (!done.ok() && done.error().code == Errc::conflict) return already_exists(user.name);
    return done;
  };
  WEIR_CHECK(database_.transact(change, [&] { apply(user); }));
  return std::make_shared<const User>(user);
}

Result<void> Users::remove(UserId id) {
  auto change = [&](Connection& connection) -> Result<void> {
    if (find(id) == nullptr) return not_found();
    return connection.run("DELETE FROM users WHERE id = ?1", {to_sql(id)});
  };
  auto committed = [&] {
    organisations_.forget_user(id);
    authorizations_.forget_if([&](const Authorization& a) { return a.user == id; });
    sessions_.forget_user(id);
    memory_.forget(id);
    auto index = index_.lock();
    auto found = index->by_id.find(id);
    if (found == index->by_id.end()) return;
    index->by_name.erase(found->second->name);
    index->by_id.erase(found);
  };
  return database_.transact(change, committed);
}

Result<void> Users::set_password(UserId id, std::string_view password) {
  WEIR_CHECK(check_password_rules(password));
  WEIR_TRY(std::string hash, hash_password(password));
  auto change = [&](Connection& connection) -> Result<void> {
    if (find(id) == nullptr) return not_found();
    WEIR_CHECK(connection.run("UPDATE users SET password_hash = ?2 WHERE id = ?1",
                              {to_sql(id), std::string_view(hash)}));
    return connection.run("DELETE FROM sessions WHERE user = ?1", {to_sql(id)});
  };
  return database_.transact(change, [&] {
    memory_.forget(id);  // first: recall() must not find the old pair right for the new version
    sessions_.forget_user(id);
    User user = *find(id);
    user.password_version++;
    apply(user);
  });
}

UserPtr Users::verify(std::string_view name, std::string_view password) {
  if (UserPtr known = recall(name, password)) return known;
  UserPtr user = find(name);
  std::string hash;
  if (user != nullptr && user->active) {
    Result<void> read = database_.transact([&](Connection& connection) {
      return connection.query("SELECT password_hash FROM users WHERE id = ?1",
                              [&](const SqlRow& row) { hash = row.text(0); }, {to_sql(user->id)});
    });
    if (!read.ok()) return nullptr;
  }
  if (!verify_password(hash, password)) return nullptr;
  auto remember = [&](Connection& connection) {
    // Only if the password is still the one just verified: it may have changed meanwhile.
    return connection.query("SELECT password_hash FROM users WHERE id = ?1",
                            [&](const SqlRow& row) {
                              if (row.text(0) != hash) return;
                              memory_.remember(user->id, password);
                              user = find(user->id);
                            },
                            {to_sql(user->id)});
  };
  (void)database_.transact(remember);  // forgetting costs one more hash, nothing else
  return user;
}

UserPtr Users::recall(std::string_view name, std::string_view password) const {
  UserPtr user = find(name);
  if (user == nullptr || !user->active || !memory_.knows(user->id, password)) return nullptr;
  return user;
}

}  // namespace weir::meta
