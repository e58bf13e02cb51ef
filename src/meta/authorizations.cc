#include "meta/authorizations.h"

#include <fmt/core.h>

#include <algorithm>
#include <tuple>

#include "base/json.h"
#include "base/log.h"
#include "meta/database.h"
#include "meta/permissions.h"
#include "meta/secret.h"

namespace weir::meta {
namespace {

constexpr const char* kColumns =
    "id, org, user, token_hash, description, active, permissions, last_used_ns, created_ns,"
    " updated_ns";

Error not_found() { return {Errc::not_found, "authorization not found"}; }

std::string permissions_text(const Authorization& authorization) {
  return dump_json(permissions_to_json(authorization.permissions));
}

}  // namespace

Result<void> Authorizations::load() {
  *index_.lock() = {};
  Result<void> readable;
  WEIR_CHECK(database_.query(
      fmt::format("SELECT {} FROM authorizations", kColumns), [&](const SqlRow& row) {
        Authorization authorization;
        authorization.id = id_from_sql<TokenId>(row.integer(0));
        authorization.org = id_from_sql<OrgId>(row.integer(1));
        authorization.user = id_from_sql<UserId>(row.integer(2));
        authorization.description = row.text(4);
        authorization.active = row.integer(5) != 0;
        auto parse = [&]() -> Result<void> {
          WEIR_TRY(Json list, parse_json(row.text(6)));
          WEIR_TRY(authorization.permissions, permissions_from_json(list));
          return {};
        };
        if (Result<void> parsed = parse(); !parsed.ok())
          readable = std::move(parsed).error().with_context(
              fmt::format("metadata: authorization {}", id_to_text(authorization.id)));
        authorization.created_ns = row.integer(8);
        authorization.updated_ns = row.integer(9);
        apply(authorization, row.text(3), row.integer(7));
      }));
  return readable;
}

AuthorizationPtr Authorizations::find(TokenId id) const {
  auto index = index_.lock();
  auto found = index->by_id.find(id);
  return found == index->by_id.end() ? nullptr : found->second->authorization;
}

AuthorizationPtr Authorizations::find_by_token(std::string_view token) const {
  const std::string hash = sha256(token);
  auto index = index_.lock();
  auto found = index->by_hash.find(hash);
  if (found == index->by_hash.end()) return nullptr;
  found->second->last_used_ns.store(clock_.wall_ns(), std::memory_order_relaxed);
  return found->second->authorization;
}

std::vector<AuthorizationPtr> Authorizations::list() const {
  std::vector<AuthorizationPtr> all;
  {
    auto index = index_.lock();
    for (const auto& [id, entry] : index->by_id) all.push_back(entry->authorization);
  }
  std::ranges::sort(all, {}, [](const AuthorizationPtr& authorization) {
    return std::tuple(authorization->created_ns, authorization->id);
  });
  return all;
}

int64_t Authorizations::last_used_ns(TokenId id) const {
  auto index = index_.lock();
  auto found = index->by_id.find(id);
  return found == index->by_id.end() ? 0 : found->second->last_used_ns.load();
}

Authorization Authorizations::prepare(const NewAuthorization& wanted) const {
  Authorization authorization;
  authorization.id = static_cast<TokenId>(make_random_id());
  authorization.org = wanted.org;
  authorization.user = wanted.user;
  authorization.description = wanted.description;
  authorization.active = wanted.active;
  authorization.permissions = wanted.permissions;
  authorization.created_ns = authorization.updated_ns = clock_.wall_ns();
  return authorization;
}

Result<void> Authorizations::insert(Connection& connection, const Authorization& authorization,
                                    const std::string& token_hash) {
  Result<void> done = connection.run(
      fmt::format("INSERT INTO authorizations ({}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, ?8, ?9)",
                  kColumns),
      {to_sql(authorization.id), to_sql(authorization.org), to_sql(authorization.user),
       Blob{token_hash}, authorization.description, int64_t{authorization.active},
       permissions_text(authorization), authorization.created_ns, authorization.updated_ns});
  if (!done.ok() && done.error().code == Errc::conflict)
    return Error{Errc::conflict, "token already exists"};
  return done;
}

void Authorizations::apply(const Authorization& authorization, const std::string& token_hash,
                           int64_t last_used_ns) {
  auto entry = std::make_shared<Entry>();
  entry->authorization = std::make_shared<const Authorization>(authorization);
  entry->token_hash = token_hash;
  entry->last_used_ns = entry->persisted_ns = last_used_ns;
  auto index = index_.lock();
  index->by_id[authorization.id] = entry;
  index->by_hash[token_hash] = entry;
}

void Authorizations::forget_if(const std::function<bool(const Authorization&)>& gone) {
  auto index = index_.lock();
  std::erase_if(index->by_hash, [&](const auto& e) { return gone(*e.second->authorization); });
  std::erase_if(index->by_id, [&](const auto& e) { return gone(*e.second->authorization); });
}

Result<CreatedAuthorization> Authorizations::create(const NewAuthorization& wanted) {
  CreatedAuthorization created;
  created.token = wanted.token.has_value() ? *wanted.token : make_secret();
  const std::string hash = sha256(created.token);
  const Authorization authorization = prepare(wanted);
  WEIR_CHECK(database_.transact(
      [&](Connection& connection) { return insert(connection, authorization, hash); },
      [&] { apply(authorization, hash, 0); }));
  created.authorization = std::make_shared<const Authorization>(authorization);
  return created;
}

Result<AuthorizationPtr> Authorizations::update(TokenId id, const AuthorizationPatch& patch) {
  Authorization authorization;
  auto change = [&](Connection& connection) -> Result<void> {
    AuthorizationPtr old = find(id);
    if (old == nullptr) return not_found();
    authorization = *old;
    authorization.description = patch.description.value_or(authorization.description);
    authorization.active = patch.active.value_or(authorization.active);
    authorization.updated_ns = clock_.wall_ns();
    return connection.run(
        "UPDATE authorizations SET description = ?2, active = ?3, updated_ns = ?4 WHERE id = ?1",
        {to_sql(id), authorization.description, int64_t{authorization.active},
         authorization.updated_ns});
  };
  WEIR_CHECK(database_.transact(change, [&] {
    auto index = index_.lock();
    auto found = index->by_id.find(id);
    if (found == index->by_id.end()) return;
    found->second->authorization = std::make_shared<const Authorization>(authorization);
  }));
  return std::make_shared<const Authorization>(authorization);
}

Result<void> Authorizations::remove(TokenId id) {
  auto change = [&](Connection& connection) -> Result<void> {
    if (find(id) == nullptr) return not_found();
    return connection.run("DELETE FROM authorizations WHERE id = ?1", {to_sql(id)});
  };
  return database_.transact(change,
                            [&] { forget_if([&](const Authorization& a) { return a.id == id; }); });
}

Result<void> Authorizations::persist_usage() {
  std::vector<std::pair<EntryPtr, int64_t>> used;
  {
    auto index = index_.lock();
    for (const auto& [id, entry] : index->by_id) {
      const int64_t last_used_ns = entry->last_used_ns.load();
      if (last_used_ns != entry->persisted_ns.load()) used.emplace_back(entry, last_used_ns);
    }
  }
  if (used.empty()) return {};
  auto change = [&](Connection& connection) -> Result<void> {
    for (const auto& [entry, last_used_ns] : used)
      WEIR_CHECK(connection.run("UPDATE authorizations SET last_used_ns = ?2 WHERE token_hash = ?1",
                                {Blob{entry->token_hash}, last_used_ns}));
    return {};
  };
  return database_.transact(change, [&] {
    for (const auto& [entry, last_used_ns] : used) entry->persisted_ns = last_used_ns;
  });
}

}  // namespace weir::meta
