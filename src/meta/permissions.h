// Permissions: what they allow, which sets there are, and their JSON form.
//
// The JSON is InfluxDB's: [{"action":"read","resource":{"type":"buckets","id":"..","orgID":".."}}].
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "meta/types.h"

namespace weir::meta {

// Every resource type of InfluxDB's API, as a permission may name it.
std::span<const std::string_view> resource_types();

// Whether one of `permissions` covers `action` on `resource`.
bool allows(std::span<const Permission> permissions, Action action, const Resource& resource);

// Everything everywhere; everything in one organisation; reading in one organisation.
std::vector<Permission> operator_permissions();
std::vector<Permission> owner_permissions(OrgId org);
std::vector<Permission> member_permissions(OrgId org);

// Errc::invalid names what is wrong.
Result<std::vector<Permission>> permissions_from_json(const nlohmann::json& list);
nlohmann::ordered_json permissions_to_json(std::span<const Permission> permissions);

// "read:orgs/0123.../buckets/4567..." as InfluxDB's messages spell a permission.
std::string to_text(Action action, const Resource& resource);

}  // namespace weir::meta
