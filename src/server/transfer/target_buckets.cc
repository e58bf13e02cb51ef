#include "server/transfer/target_buckets.h"

#include <fmt/core.h>

#include "base/json.h"
#include "server/commands/server_call.h"

namespace weir::server {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;
constexpr size_t kPageMax = 100;  // the API's

Result<Json> get(const ServerAccess& access, std::string path) {
  http::ClientRequest request;
  request.url = std::move(path);
  WEIR_TRY(http::ClientResponse response, call_server(access, std::move(request)));
  WEIR_TRY(Json body, parse_json(response.body));
  if (!body.is_object()) {
    return Error{Errc::invalid, fmt::format("{} answered no JSON object", access.url)};
  }
  return body;
}

// The id of the organization: the named one, or the only one there is.
Result<std::string> organization_id(const ServerAccess& access) {
  const std::string named =
      access.organization.empty() ? "" : "?org=" + percent_encode(access.organization);
  WEIR_TRY(const Json body, get(access, "/api/v2/orgs" + named));
  const Json organizations = body.value("orgs", Json::array());
  if (organizations.size() == 1) return organizations[0].value("id", "");
  return Error{Errc::not_found,
               fmt::format("{} has {} organizations: name one with --org or INFLUXDB_ORG",
                           access.url, organizations.size())};
}

}  // namespace

Result<std::vector<TargetBucket>> list_buckets(const ServerAccess& access) {
  std::vector<TargetBucket> buckets;
  for (size_t offset = 0;; offset += kPageMax) {
    WEIR_TRY(const Json body,
             get(access, fmt::format("/api/v2/buckets?org={}&limit={}&offset={}",
                                     percent_encode(access.organization), kPageMax, offset)));
    const Json page = body.value("buckets", Json::array());
    for (const Json& bucket : page) {
      TargetBucket& listed = buckets.emplace_back();
      listed.name = bucket.value("name", "");
      for (const Json& rule : bucket.value("retentionRules", Json::array())) {
        listed.retention_ns = rule.value("everySeconds", int64_t{0}) * kSecondNs;
      }
      if (bucket.value("type", "user") == "system") buckets.pop_back();
    }
    if (page.size() < kPageMax) return buckets;
  }
}

Result<void> create_bucket(const ServerAccess& access, const TargetBucket& bucket) {
  WEIR_TRY(const std::string organization, organization_id(access));
  Json rules = Json::array();
  if (bucket.retention_ns > 0 || bucket.shard_group_ns > 0) {
    Json& rule = rules.emplace_back();
    rule = {{"type", "expire"}, {"everySeconds", bucket.retention_ns / kSecondNs}};
    if (bucket.shard_group_ns > 0) {
      rule["shardGroupDurationSeconds"] = bucket.shard_group_ns / kSecondNs;
    }
  }
  http::ClientRequest request;
  request.method = "POST";
  request.url = "/api/v2/buckets";
  request.headers.set("Content-Type", "application/json");
  request.body = dump_json(
      Json{{"orgID", organization}, {"name", bucket.name}, {"retentionRules", std::move(rules)}});
  WEIR_TRY([[maybe_unused]] const http::ClientResponse response,
           call_server(access, std::move(request)));
  return {};
}

}  // namespace weir::server
