#include "meta/organisations.h"

#include <fmt/core.h>

#include <algorithm>
#include <tuple>

#include "meta/authorizations.h"
#include "meta/buckets.h"
#include "meta/database.h"

namespace weir::meta {
namespace {

constexpr const char* kColumns = "id, name, description, created_ns, updated_ns";

Organisation read_row(const SqlRow& row) {
  Organisation organisation;
  organisation.id = id_from_sql<OrgId>(row.integer(0));
  organisation.name = row.text(1);
  organisation.description = row.text(2);
  organisation.created_ns = row.integer(3);
  organisation.updated_ns = row.integer(4);
  return organisation;
}

Error not_found() { return {Errc::not_found, "organization not found"}; }

Error already_exists(std::string_view name) {
  return {Errc::conflict, fmt::format("organization with name {} already exists", name)};
}

Result<void> check_name(std::string_view name) {
  if (name.find_first_not_of(" \t") == name.npos)
    return Error{Errc::invalid, "organization name is empty"};
  return {};
}

}  // namespace

Result<void> Organisations::load() {
  *index_.lock() = {};
  WEIR_CHECK(database_.query(fmt::format("SELECT {} FROM organisations", kColumns),
                             [&](const SqlRow& row) { apply(read_row(row)); }));
  return database_.query("SELECT org, user, role FROM members", [&](const SqlRow& row) {
    apply_member(id_from_sql<OrgId>(row.integer(0)), id_from_sql<UserId>(row.integer(1)),
                 row.text(2) == "owner" ? Role::owner : Role::member);
  });
}

OrganisationPtr Organisations::find(OrgId id) const {
  auto index = index_.lock();
  auto found = index->by_id.find(id);
  return found == index->by_id.end() ? nullptr : found->second;
}

OrganisationPtr Organisations::find(std::string_view name) const {
  auto index = index_.lock();
  auto found = index->by_name.find(name);
  return found == index->by_name.end() ? nullptr : found->second;
}

OrganisationPtr Organisations::find_id_or_name(std::string_view id_or_name) const {
  if (std::optional<uint64_t> id = id_from_text(id_or_name)) {
    if (OrganisationPtr organisation = find(static_cast<OrgId>(*id))) return organisation;
  }
  return find(id_or_name);
}

std::vector<OrganisationPtr> Organisations::list() const {
  std::vector<OrganisationPtr> all;
  {
    auto index = index_.lock();
    for (const auto& [id, organisation] : index->by_id) all.push_back(organisation);
  }
  std::ranges::sort(all, {}, [](const OrganisationPtr& organisation) {
    return std::tuple(organisation->created_ns, organisation->id);
  });
  return all;
}

Result<Organisation> Organisations::prepare(std::string_view name,
                                            std::string_view description) const {
  WEIR_CHECK(check_name(name));
  Organisation organisation;
  organisation.id = static_cast<OrgId>(make_random_id());
  organisation.name = name;
  organisation.description = description;
  organisation.created_ns = organisation.updated_ns = clock_.wall_ns();
  return organisation;
}

Result<void> Organisations::insert(Connection& connection, const Organisation& organisation) {
  Result<void> done = connection.run(
      fmt::format("INSERT INTO organisations ({}) VALUES (?1, ?2, ?3, ?4, ?5)", kColumns),
      {to_sql(organisation.id), organisation.name, organisation.description,
       organisation.created_ns, organisation.updated_ns});
  if (!done.ok() && done.error().code == Errc::conflict) return already_exists(organisation.name);
  return done;
}

Result<void> Organisations::insert_member(Connection& connection, OrgId id, UserId user,
                                          Role role) {
  return connection.run(
      "INSERT INTO members (org, user, role) VALUES (?1, ?2, ?3)"
      " ON CONFLICT (org, user) DO UPDATE SET role = excluded.role",
      {to_sql(id), to_sql(user), role == Role::owner ? "owner" : "member"});
}

void Organisations::apply(const Organisation& organisation) {
  auto shared = std::make_shared<const Organisation>(organisation);
  auto index = index_.lock();
  OrganisationPtr& slot = index->by_id[organisation.id];
  if (slot != nullptr) index->by_name.erase(slot->name);
  slot = shared;
  index->by_name[organisation.name] = shared;
}

void Organisations::apply_member(OrgId id, UserId user, Role role) {
  index_.lock()->members[{id, user}] = role;
}

void Organisations::forget_user(UserId user) {
  auto index = index_.lock();
  std::erase_if(index->members, [&](const auto& entry) { return entry.first.second == user; });
}

Result<OrganisationPtr> Organisations::create(std::string_view name, std::string_view description,
                                              std::optional<UserId> owner) {
  WEIR_TRY(Organisation organisation, prepare(name, description));
  const std::vector<Bucket> buckets = buckets_.system_buckets(organisation.id);
  auto change = [&](Connection& connection) -> Result<void> {
    WEIR_CHECK(insert(connection, organisation));
    if (owner.has_value())
      WEIR_CHECK(insert_member(connection, organisation.id, *owner, Role::owner));
    for (const Bucket& bucket : buckets) WEIR_CHECK(Buckets::insert(connection, bucket));
    return {};
  };
  auto committed = [&] {
    apply(organisation);
    if (owner.has_value()) apply_member(organisation.id, *owner, Role::owner);
    for (const Bucket& bucket : buckets) buckets_.apply(bucket);
  };
  std::lock_guard turn(buckets_.changes_);
  WEIR_CHECK(database_.transact(change, committed));
  WEIR_CHECK(buckets_.create_in_store(buckets));
  return find(organisation.id);
}

Result<OrganisationPtr> Organisations::update(OrgId id, const OrganisationPatch& patch) {
  OrganisationPtr old = find(id);
  if (old == nullptr) return not_found();
  Organisation organisation = *old;
  organisation.name = patch.name.value_or(organisation.name);
  organisation.description = patch.description.value_or(organisation.description);
  WEIR_CHECK(check_name(organisation.name));
  organisation.updated_ns = clock_.wall_ns();
  auto change = [&](Connection& connection) -> Result<void> {
    if (find(id) == nullptr) return not_found();
    Result<void> done = connection.run(
        "UPDATE organisations SET name = ?2, description = ?3, updated_ns = ?4 WHERE id = ?1",
        {to_sql(id), organisation.name, organisation.description, organisation.updated_ns});
    if (!done.ok() && done.error().code == Errc::conflict) return already_exists(organisation.name);
    return done;
  };
  WEIR_CHECK(database_.transact(change, [&] { apply(organisation); }));
  return std::make_shared<const Organisation>(organisation);
}

Result<void> Organisations::remove(OrgId id) {
  std::lock_guard turn(buckets_.changes_);
  OrganisationPtr old = find(id);
  if (old == nullptr) return not_found();
  const std::vector<BucketPtr> buckets = buckets_.list(id);
  auto change = [&](Connection& connection) -> Result<void> {
    for (const BucketPtr& bucket : buckets) WEIR_CHECK(Buckets::erase(connection, bucket->id));
    return connection.run("DELETE FROM organisations WHERE id = ?1", {to_sql(id)});
  };
  auto committed = [&] {
    for (const BucketPtr& bucket : buckets) buckets_.forget(bucket->id);
    authorizations_.forget_if([&](const Authorization& a) { return a.org == id; });
    auto index = index_.lock();
    std::erase_if(index->members, [&](const auto& entry) { return entry.first.first == id; });
    auto found = index->by_id.find(id);
    if (found == index->by_id.end()) return;
    index->by_name.erase(found->second->name);
    index->by_id.erase(found);
  };
  WEIR_CHECK(database_.transact(change, committed));
  for (const BucketPtr& bucket : buckets) WEIR_CHECK(buckets_.drop_in_store(bucket->id));
  return {};
}

std::vector<std::pair<UserId, Role>> Organisations::members(OrgId id) const {
  std::vector<std::pair<UserId, Role>> found;
  auto index = index_.lock();
  for (const auto& [key, role] : index->members) {
    if (key.first == id) found.emplace_back(key.second, role);
  }
  return found;
}

std::vector<std::pair<OrgId, Role>> Organisations::memberships(UserId user) const {
  std::vector<std::pair<OrgId, Role>> found;
  auto index = index_.lock();
  for (const auto& [key, role] : index->members) {
    if (key.second == user) found.emplace_back(key.first, role);
  }
  return found;
}

Result<void> Organisations::add_member(OrgId id, UserId user, Role role) {
  auto change = [&](Connection& connection) -> Result<void> {
    if (find(id) == nullptr) return not_found();
    auto current = members(id);
    auto already = std::ranges::find(current, user, [](const auto& entry) { return entry.first; });
    if (already != current.end() && already->second == Role::owner) role = Role::owner;
    return insert_member(connection, id, user, role);
  };
  return database_.transact(change, [&] { apply_member(id, user, role); });
}

Result<void> Organisations::remove_member(OrgId id, UserId user) {
  auto change = [&](Connection& connection) {
    return connection.run("DELETE FROM members WHERE org = ?1 AND user = ?2",
                          {to_sql(id), to_sql(user)});
  };
  return database_.transact(change, [&] { index_.lock()->members.erase({id, user}); });
}

}  // namespace weir::meta
