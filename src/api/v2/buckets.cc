// /api/v2/buckets: listing, making, changing and removing buckets.
#include <fmt/core.h>

#include <algorithm>

#include "api/fields.h"
#include "api/route.h"
#include "api/v2/find.h"
#include "api/v2/resources.h"
#include "api/v2/shapes.h"
#include "base/json.h"
#include "meta/meta.h"

namespace weir::api::v2 {
namespace {

using meta::Action;

struct Retention {
  int64_t retention_ns = 0;
  int64_t shard_group_ns = 0;  // 0: not given
};

Result<int64_t> seconds_to_ns(std::optional<int64_t> seconds, std::string_view name) {
  if (!seconds.has_value()) return int64_t{0};
  if (*seconds < 0 || *seconds > meta::kRetentionSecondsMax)
    return Error{Errc::unprocessable, fmt::format("{} is out of range: got {}, wanted 0 to {}",
                                                  name, *seconds, meta::kRetentionSecondsMax)};
  return *seconds * meta::kSecondNs;
}

// The first rule counts, as in InfluxDB. Nothing if the body has no `retentionRules`.
Result<std::optional<Retention>> retention_of(const Json& body) {
  auto rules = body.find("retentionRules");
  if (rules == body.end() || rules->is_null()) return std::optional<Retention>();
  if (!rules->is_array()) return Error{Errc::invalid, "retentionRules must be a list"};
  Retention retention;
  if (rules->empty()) return std::optional<Retention>(retention);
  const Json& rule = rules->front();
  if (!rule.is_object()) return Error{Errc::invalid, "a retention rule must be an object"};
  WEIR_TRY(std::optional<int64_t> every, integer_field(rule, "everySeconds"));
  WEIR_TRY(std::optional<int64_t> group, integer_field(rule, "shardGroupDurationSeconds"));
  WEIR_TRY(retention.retention_ns, seconds_to_ns(every, "everySeconds"));
  WEIR_TRY(retention.shard_group_ns, seconds_to_ns(group, "shardGroupDurationSeconds"));
  return std::optional<Retention>(retention);
}

// The bucket of the path, as far as the caller may do `action` with it.
Result<meta::BucketPtr> bucket_of_path(const Call& call, Action action) {
  WEIR_TRY(BucketId id, id_parameter<BucketId>(call.request.path_value("id")));
  meta::BucketPtr bucket = call.context.meta.buckets().find(id);
  if (bucket == nullptr) return Error{Errc::not_found, "bucket not found"};
  WEIR_CHECK(call.caller.check(
      action, meta::Resource{"buckets", static_cast<uint64_t>(bucket->id), bucket->org}));
  return bucket;
}

Result<Answer> create(const Call& call) {
  WEIR_TRY(Json body, body_object(call.request));
  WEIR_TRY(std::optional<std::string> org_text, text_field(body, "orgID"));
  WEIR_TRY(std::optional<std::string> name, text_field(body, "name"));
  WEIR_TRY(std::optional<std::string> description, text_field(body, "description"));
  WEIR_TRY(std::optional<Retention> retention, retention_of(body));
  if (!org_text.has_value() || org_text->empty())
    return Error{Errc::invalid, "organization id must be provided"};
  WEIR_TRY(OrgId org, id_parameter<OrgId>(*org_text));
  WEIR_CHECK(call.caller.check(Action::write, meta::Resource{"buckets", std::nullopt, org}));
  if (call.context.meta.organisations().find(org) == nullptr)
    return Error{Errc::not_found, "organization not found"};
  meta::NewBucket wanted{.org = org,
                         .name = name.value_or(""),
                         .description = description.value_or(""),
                         .retention_ns = retention.value_or(Retention{}).retention_ns,
                         .shard_group_ns = retention.value_or(Retention{}).shard_group_ns};
  WEIR_TRY(meta::BucketPtr made, call.context.meta.buckets().create(wanted));
  return json_answer(201, bucket_json(*made));
}

Result<Answer> get(const Call& call) {
  WEIR_TRY(meta::BucketPtr bucket, bucket_of_path(call, Action::read));
  return json_answer(200, bucket_json(*bucket));
}

Result<Answer> update(const Call& call) {
  WEIR_TRY(meta::BucketPtr bucket, bucket_of_path(call, Action::write));
  WEIR_TRY(Json body, body_object(call.request));
  meta::BucketPatch patch;
  WEIR_TRY(patch.name, text_field(body, "name"));
  WEIR_TRY(patch.description, text_field(body, "description"));
  WEIR_TRY(std::optional<Retention> retention, retention_of(body));
  if (retention.has_value()) {
    patch.retention_ns = retention->retention_ns;
    if (retention->shard_group_ns != 0) patch.shard_group_ns = retention->shard_group_ns;
  }
  WEIR_TRY(meta::BucketPtr changed, call.context.meta.buckets().update(bucket->id, patch));
  return json_answer(200, bucket_json(*changed));
}

Result<Answer> remove(const Call& call) {
  WEIR_TRY(meta::BucketPtr bucket, bucket_of_path(call, Action::write));
  WEIR_CHECK(call.context.meta.buckets().remove(bucket->id));
  return no_content();
}

struct Filter {
  std::optional<OrgId> org;
  std::optional<BucketId> id;
  std::string name;
  std::string encoded;  // as it appears in links
};

Result<Filter> filter_of(const Call& call) {
  const http::Parameters& query = call.request.query;
  Filter filter;
  if (!query.get("org").empty() || !query.get("orgID").empty()) {
    WEIR_TRY(meta::OrganisationPtr org, organisation_of(call));
    filter.org = org->id;
  }
  if (!query.get("id").empty()) {
    WEIR_TRY(filter.id, id_parameter<BucketId>(query.get("id")));
  }
  filter.name = query.get("name");
  for (const char* name : {"id", "name", "org", "orgID"}) {
    if (query.get(name).empty()) continue;
    if (!filter.encoded.empty()) filter.encoded += '&';
    filter.encoded += fmt::format("{}={}", name, url_encoded(query.get(name)));
  }
  return filter;
}

Result<Answer> list(const Call& call) {
  WEIR_TRY(Paging paging, paging_of(call.request.query));
  WEIR_TRY(Filter filter, filter_of(call));
  std::vector<meta::BucketPtr> buckets = call.context.meta.buckets().list(filter.org);
  std::erase_if(buckets, [&](const meta::BucketPtr& bucket) {
    return !call.caller.may(Action::read, *bucket) ||
           (filter.id.has_value() && bucket->id != *filter.id) ||
           (!filter.name.empty() && bucket->name != filter.name);
  });
  if (buckets.empty() && filter.id.has_value()) return Error{Errc::not_found, "bucket not found"};
  if (buckets.empty() && filter.org.has_value() && !filter.name.empty())
    return Error{Errc::not_found, fmt::format("bucket \"{}\" not found", filter.name)};

  if (paging.descending) std::ranges::reverse(buckets);
  if (paging.after.has_value()) {
    auto seen = std::ranges::find(buckets, static_cast<BucketId>(*paging.after), &meta::Bucket::id);
    buckets.erase(buckets.begin(), seen == buckets.end() ? seen : seen + 1);
  }
  OrderedJson shown = OrderedJson::array();
  const size_t begin = std::min(static_cast<size_t>(paging.offset), buckets.size());
  const size_t end = std::min(begin + static_cast<size_t>(paging.limit), buckets.size());
  for (size_t i = begin; i < end; i++) shown.push_back(bucket_json(*buckets[i]));
  return json_answer(
      200, {{"links", paging_links("/api/v2/buckets", filter.encoded, paging, shown.size())},
            {"buckets", std::move(shown)}});
}

}  // namespace

void mount_buckets(http::Router& router, Context& context) {
  route(router, context, "GET", "/api/v2/buckets", RunOn::io, list);
  route(router, context, "POST", "/api/v2/buckets", RunOn::worker, create);
  route(router, context, "GET", "/api/v2/buckets/{id}", RunOn::io, get);
  route(router, context, "PATCH", "/api/v2/buckets/{id}", RunOn::worker, update);
  route(router, context, "DELETE", "/api/v2/buckets/{id}", RunOn::worker, remove);
}

}  // namespace weir::api::v2
