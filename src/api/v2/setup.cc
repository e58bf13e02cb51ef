// GET and POST /api/v2/setup: whether weir may be set up, and setting it up.
#include "api/fields.h"
#include "api/route.h"
#include "api/v2/resources.h"
#include "api/v2/shapes.h"
#include "base/json.h"
#include "meta/meta.h"
#include "meta/set_up.h"

namespace weir::api::v2 {
namespace {

Result<Answer> is_allowed(const http::Request&, Context& context) {
  return json_answer(200, {{"allowed", meta::set_up_allowed(context.meta)}});
}

// retentionPeriodSeconds, or the older retentionPeriodHrs.
Result<int64_t> retention_ns_of(const Json& body) {
  WEIR_TRY(std::optional<int64_t> seconds, integer_field(body, "retentionPeriodSeconds"));
  WEIR_TRY(std::optional<int64_t> hours, integer_field(body, "retentionPeriodHrs"));
  constexpr int64_t kHoursMax = meta::kRetentionSecondsMax / 3600;
  if (!seconds.has_value() && hours.has_value() && *hours >= 0 && *hours <= kHoursMax)
    seconds = *hours * 3600;
  const int64_t value = seconds.value_or(hours.value_or(0));
  if (value < 0 || value > meta::kRetentionSecondsMax)
    return Error{Errc::unprocessable, "retention period is out of range"};
  return value * meta::kSecondNs;
}

Result<Answer> run(const http::Request& request, Context& context) {
  WEIR_TRY(Json body, body_object(request));
  meta::SetUpRequest wanted;
  WEIR_TRY(std::optional<std::string> username, text_field(body, "username"));
  WEIR_TRY(std::optional<std::string> password, text_field(body, "password"));
  WEIR_TRY(std::optional<std::string> org, text_field(body, "org"));
  WEIR_TRY(std::optional<std::string> bucket, text_field(body, "bucket"));
  WEIR_TRY(wanted.token, text_field(body, "token"));
  WEIR_TRY(wanted.retention_ns, retention_ns_of(body));
  wanted.username = username.value_or("");
  wanted.password = password.value_or("");
  wanted.org = org.value_or("");
  wanted.bucket = bucket.value_or("");
  WEIR_TRY(meta::SetUpResult done, meta::set_up(context.meta, wanted));
  return json_answer(201,
                     {{"user", user_json(*done.user)},
                      {"bucket", bucket_json(*done.bucket)},
                      {"org", organisation_json(*done.org)},
                      {"auth", authorization_json(context.meta, *done.authorization, done.token)}});
}

}  // namespace

void mount_setup(http::Router& router, Context& context) {
  route_open(router, context, "GET", "/api/v2/setup", RunOn::io, is_allowed);
  route_open(router, context, "POST", "/api/v2/setup", RunOn::password, run);
}

}  // namespace weir::api::v2
