// What meta/ knows about: organisations, users, buckets, authorizations and their permissions.
//
// Plain values; the classes that keep them hand out copies or shared_ptr<const T>, so any thread
// may hold one. Times are Unix nanoseconds. Names follow InfluxDB's API ("authorization" is what
// users call a token: the token itself is never kept, only its SHA-256).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"

namespace weir::meta {

struct Organisation {
  OrgId id{};
  std::string name, description;
  int64_t created_ns = 0, updated_ns = 0;
};

struct User {
  UserId id{};
  std::string name;
  bool active = true;
  bool is_operator = false;  // may do everything in every organisation
  int64_t created_ns = 0, updated_ns = 0;
  // Another one after each change of the password; since the start of the process, not kept.
  uint64_t password_version = 0;
};

enum class Role : uint8_t { member, owner };  // of a user in an organisation

enum class BucketType : uint8_t { user, system };

struct Bucket {
  BucketId id{};
  OrgId org{};
  std::string name, description;
  BucketType type = BucketType::user;
  int64_t retention_ns = 0;    // 0: for ever
  int64_t shard_group_ns = 0;  // never 0
  int64_t created_ns = 0, updated_ns = 0;
};

enum class Action : uint8_t { read, write };

// What an action is done to. In a permission, an absent id or organisation means any.
struct Resource {
  std::string type;  // "buckets", "orgs", "users", "authorizations", ...
  std::optional<uint64_t> id;
  std::optional<OrgId> org;
};

struct Permission {
  Action action = Action::read;
  Resource resource;
};

struct Authorization {
  TokenId id{};
  OrgId org{};
  UserId user{};
  std::string description;
  bool active = true;
  std::vector<Permission> permissions;
  int64_t created_ns = 0, updated_ns = 0;
};

using OrganisationPtr = std::shared_ptr<const Organisation>;
using UserPtr = std::shared_ptr<const User>;
using BucketPtr = std::shared_ptr<const Bucket>;
using AuthorizationPtr = std::shared_ptr<const Authorization>;

}  // namespace weir::meta
