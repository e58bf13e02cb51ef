// POST /api/v2/delete: removes the points of a time range that a predicate matches.
#include <fmt/core.h>

#include "api/fields.h"
#include "api/route.h"
#include "api/v2/delete_predicate.h"
#include "api/v2/find.h"
#include "api/v2/resources.h"
#include "base/json.h"
#include "base/time_text.h"
#include "store/store.h"

namespace weir::api::v2 {
namespace {

Result<int64_t> time_field(const Json& body, std::string_view name) {
  WEIR_TRY(std::optional<std::string> text, text_field(body, name));
  Result<int64_t> time = parse_rfc3339(text.value_or(""));
  if (time.ok()) return time;
  return Error{Errc::invalid,
               fmt::format("invalid RFC3339Nano for field {}, please format your time with"
                           " RFC3339Nano format, example: 2009-01-02T23:00:00Z",
                           name)};
}

// The bucket is filled in by the caller.
Result<store::DeleteSpec> decode(const http::Request& request) {
  WEIR_TRY(Json body, parse_json(request.body));
  if (!body.is_object()) return Error{Errc::invalid, "the body must be an object"};
  store::DeleteSpec spec;
  WEIR_TRY(spec.start_ns, time_field(body, "start"));
  WEIR_TRY(spec.stop_ns, time_field(body, "stop"));
  WEIR_TRY(std::optional<std::string> predicate, text_field(body, "predicate"));
  WEIR_TRY(spec.predicate, parse_delete_predicate(predicate.value_or("")));
  return spec;
}

Result<Answer> remove(const Call& call) {
  Result<store::DeleteSpec> spec = decode(call.request);
  if (!spec.ok()) return std::move(spec).error().with_context("error decoding json body");
  WEIR_TRY(meta::OrganisationPtr org, organisation_of(call));
  std::string_view named = call.request.query.get("bucketID");
  if (named.empty()) named = call.request.query.get("bucket");
  if (named.empty()) return Error{Errc::invalid, "Please provide either bucketID or bucket"};
  WEIR_TRY(meta::BucketPtr bucket, bucket_of(call, *org, named));
  if (!call.caller.may(meta::Action::write, *bucket))
    return Error{Errc::forbidden, "insufficient permissions to delete"};
  spec->bucket = bucket->id;
  WEIR_CHECK(call.context.store.remove(*spec));
  return no_content();
}

}  // namespace

void mount_delete(http::Router& router, Context& context) {
  route(router, context, "POST", "/api/v2/delete", RunOn::worker, remove);
}

}  // namespace weir::api::v2
