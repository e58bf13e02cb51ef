// Organisations and who belongs to them.
//
// Creating one makes its system buckets `_monitoring` and `_tasks`; removing one removes its
// buckets, authorizations and memberships. Finding answers from memory, any thread; changes block
// on disk. Errors: "organization not found", `organization name "X" not found`, "organization with
// name X already exists".
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/sync.h"
#include "meta/types.h"

namespace weir::meta {

class Authorizations;
class Buckets;
class Connection;
class Database;

struct OrganisationPatch {
  std::optional<std::string> name = {}, description = {};
};

class Organisations {
 public:
  Organisations(Database& database, Buckets& buckets, Authorizations& authorizations,
                const Clock& clock)
      : database_(database), buckets_(buckets), authorizations_(authorizations), clock_(clock) {}
  Result<void> load();

  // Null when there is none.
  OrganisationPtr find(OrgId id) const;
  OrganisationPtr find(std::string_view name) const;
  OrganisationPtr find_id_or_name(std::string_view id_or_name) const;
  std::vector<OrganisationPtr> list() const;  // in order of creation

  // `owner`, if any, becomes its owner.
  Result<OrganisationPtr> create(std::string_view name, std::string_view description,
                                 std::optional<UserId> owner);
  Result<OrganisationPtr> update(OrgId id, const OrganisationPatch& patch);
  Result<void> remove(OrgId id);

  std::vector<std::pair<UserId, Role>> members(OrgId id) const;
  std::vector<std::pair<OrgId, Role>> memberships(UserId user) const;
  // An owner stays an owner when added as a member.
  Result<void> add_member(OrgId id, UserId user, Role role);
  Result<void> remove_member(OrgId id, UserId user);

 private:
  friend class SetUp;
  friend class Users;
  Result<Organisation> prepare(std::string_view name, std::string_view description) const;
  static Result<void> insert(Connection& connection, const Organisation& organisation);
  static Result<void> insert_member(Connection& connection, OrgId id, UserId user, Role role);
  void apply(const Organisation& organisation);
  void apply_member(OrgId id, UserId user, Role role);
  void forget_user(UserId user);

  struct Index {
    std::unordered_map<OrgId, OrganisationPtr> by_id;
    std::map<std::string, OrganisationPtr, std::less<>> by_name;
    std::map<std::pair<OrgId, UserId>, Role> members;
  };
  Database& database_;
  Buckets& buckets_;
  Authorizations& authorizations_;
  const Clock& clock_;
  Guarded<Index> index_;
};

}  // namespace weir::meta
