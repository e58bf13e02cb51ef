#include "meta/permissions.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "base/json.h"

namespace weir::meta {
namespace {

constexpr std::array<std::string_view, 23> kTypes = {
    "authorizations", "buckets",   "dashboards",        "orgs",
    "sources",        "tasks",     "telegrafs",         "users",
    "variables",      "scrapers",  "secrets",           "labels",
    "views",          "documents", "notificationRules", "notificationEndpoints",
    "checks",         "dbrp",      "notebooks",         "annotations",
    "replications",   "remotes",   "instance"};

bool covers(const Permission& permission, Action action, const Resource& wanted) {
  const Resource& granted = permission.resource;
  if (permission.action != action || granted.type != wanted.type) return false;
  if (granted.org.has_value() && granted.org != wanted.org) return false;
  return !granted.id.has_value() || granted.id == wanted.id;
}

Result<uint64_t> id_field(const Json& value, std::string_view name) {
  std::optional<uint64_t> id;
  if (value.is_string()) id = id_from_text(value.get_ref<const std::string&>());
  if (!id.has_value())
    return Error{Errc::invalid,
                 fmt::format("permission's {} is not an id: got {}, wanted 16 hex digits", name,
                             dump_json(value))};
  return *id;
}

Result<Permission> permission_from_json(const Json& entry) {
  if (!entry.is_object() || !entry.contains("resource") || !entry["resource"].is_object())
    return Error{Errc::invalid, "a permission needs an action and a resource"};
  Permission permission;
  const Json action = entry.value("action", Json());
  if (action != "read" && action != "write")
    return Error{Errc::invalid,
                 fmt::format("unknown action for permission: got {}, wanted \"read\" or \"write\"",
                             dump_json(action))};
  permission.action = action == "read" ? Action::read : Action::write;
  const Json& resource = entry["resource"];
  const Json type = resource.value("type", Json());
  if (!type.is_string() || std::ranges::find(kTypes, type.get<std::string>()) == kTypes.end())
    return Error{Errc::invalid,
                 fmt::format("unknown resource type for permission: got {}", dump_json(type))};
  permission.resource.type = type.get<std::string>();
  if (auto id = resource.find("id"); id != resource.end() && !id->is_null()) {
    WEIR_TRY(permission.resource.id, id_field(*id, "id"));
  }
  if (auto org = resource.find("orgID"); org != resource.end() && !org->is_null()) {
    WEIR_TRY(uint64_t id, id_field(*org, "orgID"));
    permission.resource.org = static_cast<OrgId>(id);
  }
  return permission;
}

}  // namespace

std::span<const std::string_view> resource_types() { return kTypes; }

bool allows(std::span<const Permission> permissions, Action action, const Resource& resource) {
  return std::ranges::any_of(
      permissions, [&](const Permission& granted) { return covers(granted, action, resource); });
}

std::vector<Permission> operator_permissions() {
  std::vector<Permission> all;
  for (std::string_view type : kTypes) {
    for (Action action : {Action::read, Action::write})
      all.push_back({action, {std::string(type), std::nullopt, std::nullopt}});
  }
  return all;
}

std::vector<Permission> owner_permissions(OrgId org) {
  std::vector<Permission> all;
  for (std::string_view type : kTypes) {
    if (type == "users") continue;  // users belong to no organisation
    for (Action action : {Action::read, Action::write}) {
      if (type == "orgs")
        all.push_back({action, {std::string(type), static_cast<uint64_t>(org), std::nullopt}});
      else
        all.push_back({action, {std::string(type), std::nullopt, org}});
    }
  }
  return all;
}

std::vector<Permission> member_permissions(OrgId org) {
  std::vector<Permission> all = owner_permissions(org);
  std::erase_if(all, [](const Permission& p) {
    return p.action == Action::write || p.resource.type == "authorizations";
  });
  return all;
}

Result<std::vector<Permission>> permissions_from_json(const Json& list) {
  if (!list.is_array()) return Error{Errc::invalid, "permissions must be a list"};
  std::vector<Permission> permissions;
  for (const Json& entry : list) {
    WEIR_TRY(Permission permission, permission_from_json(entry));
    permissions.push_back(std::move(permission));
  }
  return permissions;
}

OrderedJson permissions_to_json(std::span<const Permission> permissions) {
  OrderedJson list = OrderedJson::array();
  for (const Permission& permission : permissions) {
    OrderedJson resource = {{"type", permission.resource.type}};
    if (permission.resource.id.has_value()) resource["id"] = id_to_text(*permission.resource.id);
    if (permission.resource.org.has_value())
      resource["orgID"] = id_to_text(*permission.resource.org);
    list.push_back({{"action", permission.action == Action::read ? "read" : "write"},
                    {"resource", std::move(resource)}});
  }
  return list;
}

std::string to_text(Action action, const Resource& resource) {
  std::string text = action == Action::read ? "read:" : "write:";
  if (resource.org.has_value()) text += fmt::format("orgs/{}/", id_to_text(*resource.org));
  text += resource.type;
  if (resource.id.has_value()) text += "/" + id_to_text(*resource.id);
  return text;
}

}  // namespace weir::meta
