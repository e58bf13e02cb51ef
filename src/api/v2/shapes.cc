#include "api/v2/shapes.h"

#include <fmt/core.h>

#include "base/json.h"
#include "base/time_text.h"
#include "meta/meta.h"
#include "meta/permissions.h"

namespace weir::api::v2 {

OrderedJson organisation_json(const meta::Organisation& organisation) {
  const std::string self = "/api/v2/orgs/" + id_to_text(organisation.id);
  OrderedJson links = {{"self", self}};
  for (const char* part : {"members", "owners", "labels", "secrets"})
    links[part] = fmt::format("{}/{}", self, part);
  for (const char* list : {"buckets", "dashboards", "tasks"})
    links[list] = fmt::format("/api/v2/{}?org={}", list, id_to_text(organisation.id));
  return {{"links", std::move(links)},
          {"id", id_to_text(organisation.id)},
          {"name", organisation.name},
          {"description", organisation.description},
          {"createdAt", rfc3339(organisation.created_ns)},
          {"updatedAt", rfc3339(organisation.updated_ns)}};
}

OrderedJson bucket_json(const meta::Bucket& bucket) {
  const std::string id = id_to_text(bucket.id), org = id_to_text(bucket.org);
  const std::string self = "/api/v2/buckets/" + id;
  const OrderedJson rule = {{"type", "expire"},
                            {"everySeconds", bucket.retention_ns / meta::kSecondNs},
                            {"shardGroupDurationSeconds", bucket.shard_group_ns / meta::kSecondNs}};
  OrderedJson json = {{"id", id},
                      {"orgID", org},
                      {"type", bucket.type == meta::BucketType::system ? "system" : "user"},
                      {"name", bucket.name}};
  if (!bucket.description.empty()) json["description"] = bucket.description;
  json["retentionRules"] = OrderedJson::array({rule});
  json["createdAt"] = rfc3339(bucket.created_ns);
  json["updatedAt"] = rfc3339(bucket.updated_ns);
  json["links"] = {{"self", self},
                   {"org", "/api/v2/orgs/" + org},
                   {"members", self + "/members"},
                   {"owners", self + "/owners"},
                   {"labels", self + "/labels"},
                   {"write", fmt::format("/api/v2/write?org={}&bucket={}", org, id)}};
  json["labels"] = OrderedJson::array();
  return json;
}

OrderedJson user_json(const meta::User& user) {
  return {{"links", {{"self", "/api/v2/users/" + id_to_text(user.id)}}},
          {"id", id_to_text(user.id)},
          {"name", user.name},
          {"status", user.active ? "active" : "inactive"}};
}

OrderedJson authorization_json(meta::Meta& meta, const meta::Authorization& authorization,
                               std::string_view token) {
  const meta::OrganisationPtr org = meta.organisations().find(authorization.org);
  const meta::UserPtr user = meta.users().find(authorization.user);
  OrderedJson permissions = meta::permissions_to_json(authorization.permissions);
  for (size_t i = 0; i < authorization.permissions.size(); i++) {
    const meta::Resource& resource = authorization.permissions[i].resource;
    OrderedJson& shown = permissions[i]["resource"];
    if (resource.type == "buckets" && resource.id.has_value()) {
      if (meta::BucketPtr bucket = meta.buckets().find(static_cast<BucketId>(*resource.id)))
        shown["name"] = bucket->name;
    }
    if (resource.org.has_value()) {
      if (meta::OrganisationPtr named = meta.organisations().find(*resource.org))
        shown["org"] = named->name;
    }
  }
  OrderedJson json = {{"id", id_to_text(authorization.id)},
                      {"token", token},
                      {"status", authorization.active ? "active" : "inactive"},
                      {"description", authorization.description},
                      {"orgID", id_to_text(authorization.org)},
                      {"org", org == nullptr ? "" : org->name},
                      {"userID", id_to_text(authorization.user)},
                      {"user", user == nullptr ? "" : user->name},
                      {"permissions", std::move(permissions)},
                      {"links",
                       {{"self", "/api/v2/authorizations/" + id_to_text(authorization.id)},
                        {"user", "/api/v2/users/" + id_to_text(authorization.user)}}},
                      {"createdAt", rfc3339(authorization.created_ns)},
                      {"updatedAt", rfc3339(authorization.updated_ns)}};
  if (const int64_t used_ns = meta.authorizations().last_used_ns(authorization.id); used_ns != 0)
    json["lastUsedAt"] = rfc3339(used_ns);
  return json;
}

}  // namespace weir::api::v2
