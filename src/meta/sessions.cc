#include "meta/sessions.h"

#include <vector>

#include "meta/database.h"
#include "meta/secret.h"

namespace weir::meta {
namespace {

constexpr int64_t kSessionNs = kSessionMs * 1'000'000;

}  // namespace

Result<void> Sessions::load() {
  index_.lock()->clear();
  return database_.query("SELECT key_hash, user, expires_ns FROM sessions", [&](const SqlRow& row) {
    const Session session{id_from_sql<UserId>(row.integer(1)), row.integer(2), row.integer(2)};
    (*index_.lock())[row.text(0)] = session;
  });
}

Result<NewSession> Sessions::begin(UserId user) {
  NewSession made{make_secret(), clock_.wall_ns() + kSessionNs};
  const std::string hash = sha256(made.key);
  const std::optional<std::string> oldest = one_too_many(user);
  auto change = [&](Connection& connection) -> Result<void> {
    if (oldest.has_value())
      WEIR_CHECK(connection.run("DELETE FROM sessions WHERE key_hash = ?1", {Blob{*oldest}}));
    return connection.run(
        "INSERT INTO sessions (key_hash, user, created_ns, expires_ns) VALUES (?1, ?2, ?3, ?4)",
        {Blob{hash}, to_sql(user), clock_.wall_ns(), made.expires_ns});
  };
  WEIR_CHECK(database_.transact(change, [&] {
    auto index = index_.lock();
    if (oldest.has_value()) index->erase(*oldest);
    (*index)[hash] = {user, made.expires_ns, made.expires_ns};
  }));
  return made;
}

std::optional<std::string> Sessions::one_too_many(UserId user) const {
  size_t count = 0;
  const Index::value_type* first = nullptr;
  auto index = index_.lock();
  for (const auto& entry : *index) {
    if (entry.second.user != user) continue;
    count++;
    if (first == nullptr || entry.second.expires_ns < first->second.expires_ns) first = &entry;
  }
  if (count < kSessionsPerUserMax) return std::nullopt;
  return first->first;
}

std::optional<UserId> Sessions::find(std::string_view key) const {
  const std::string hash = sha256(key);
  const int64_t now_ns = clock_.wall_ns();
  auto index = index_.lock();
  auto found = index->find(hash);
  if (found == index->end() || found->second.expires_ns <= now_ns) return std::nullopt;
  found->second.expires_ns = now_ns + kSessionNs;
  return found->second.user;
}

Result<void> Sessions::end(std::string_view key) {
  const std::string hash = sha256(key);
  if (!index_.lock()->contains(hash)) return Error{Errc::not_found, "session not found"};
  return database_.transact(
      [&](Connection& connection) {
        return connection.run("DELETE FROM sessions WHERE key_hash = ?1", {Blob{hash}});
      },
      [&] { index_.lock()->erase(hash); });
}

Result<void> Sessions::persist_usage() {
  const int64_t now_ns = clock_.wall_ns();
  std::vector<std::pair<std::string, int64_t>> extended;
  {
    auto index = index_.lock();
    for (const auto& [hash, session] : *index) {
      if (session.expires_ns > now_ns && session.expires_ns != session.persisted_ns)
        extended.emplace_back(hash, session.expires_ns);
    }
  }
  auto change = [&](Connection& connection) -> Result<void> {
    for (const auto& [hash, expires_ns] : extended)
      WEIR_CHECK(connection.run("UPDATE sessions SET expires_ns = ?2 WHERE key_hash = ?1",
                                {Blob{hash}, expires_ns}));
    return connection.run("DELETE FROM sessions WHERE expires_ns <= ?1", {now_ns});
  };
  return database_.transact(change, [&] {
    auto index = index_.lock();
    for (const auto& [hash, expires_ns] : extended) {
      if (auto found = index->find(hash); found != index->end())
        found->second.persisted_ns = expires_ns;
    }
    std::erase_if(*index, [&](const auto& entry) { return entry.second.expires_ns <= now_ns; });
  });
}

void Sessions::forget_user(UserId user) {
  std::erase_if(*index_.lock(), [&](const auto& entry) { return entry.second.user == user; });
}

}  // namespace weir::meta
