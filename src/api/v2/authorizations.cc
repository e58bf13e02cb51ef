// /api/v2/authorizations: tokens. The token itself is shown in the answer to POST and never again.
#include <fmt/core.h>

#include "api/fields.h"
#include "api/route.h"
#include "api/v2/resources.h"
#include "api/v2/shapes.h"
#include "base/json.h"
#include "meta/meta.h"
#include "meta/permissions.h"

namespace weir::api::v2 {
namespace {

using meta::Action;

meta::Resource resource_of(const meta::Authorization& authorization) {
  return {"authorizations", static_cast<uint64_t>(authorization.id), authorization.org};
}

Result<std::optional<bool>> active_field(const Json& body) {
  WEIR_TRY(std::optional<std::string> status, text_field(body, "status"));
  if (!status.has_value() || status->empty()) return std::optional<bool>();
  if (*status != "active" && *status != "inactive")
    return Error{Errc::invalid,
                 fmt::format("invalid status: got `{}`, wanted active or inactive", *status)};
  return std::optional<bool>(*status == "active");
}

Result<meta::AuthorizationPtr> authorization_of_path(const Call& call, Action action) {
  WEIR_TRY(TokenId id, id_parameter<TokenId>(call.request.path_value("id")));
  meta::AuthorizationPtr authorization = call.context.meta.authorizations().find(id);
  if (authorization == nullptr) return Error{Errc::not_found, "authorization not found"};
  WEIR_CHECK(call.caller.check(action, resource_of(*authorization)));
  return authorization;
}

// Nobody hands out more than they have.
Result<void> check_grants(const meta::Caller& caller,
                          const std::vector<meta::Permission>& permissions) {
  for (const meta::Permission& permission : permissions) {
    if (!caller.may(permission.action, permission.resource))
      return Error{Errc::forbidden,
                   fmt::format("permission {} is not allowed",
                               meta::to_text(permission.action, permission.resource))};
  }
  return {};
}

Result<Answer> create(const Call& call) {
  WEIR_TRY(Json body, body_object(call.request));
  WEIR_TRY(std::optional<std::string> org_text, text_field(body, "orgID"));
  WEIR_TRY(std::optional<std::string> user_text, text_field(body, "userID"));
  WEIR_TRY(std::optional<std::string> description, text_field(body, "description"));
  WEIR_TRY(std::optional<bool> active, active_field(body));
  auto listed = body.find("permissions");
  if (listed == body.end() || !listed->is_array() || listed->empty())
    return Error{Errc::invalid, "authorization must include permissions"};
  meta::NewAuthorization wanted;
  WEIR_TRY(wanted.permissions, meta::permissions_from_json(*listed));
  if (!org_text.has_value() || org_text->empty()) return Error{Errc::invalid, "org id required"};
  WEIR_TRY(wanted.org, id_parameter<OrgId>(*org_text));
  wanted.user = call.caller.user->id;
  if (user_text.has_value() && !user_text->empty()) {
    WEIR_TRY(wanted.user, id_parameter<UserId>(*user_text));
  }
  wanted.description = description.value_or("");
  wanted.active = active.value_or(true);

  WEIR_CHECK(
      call.caller.check(Action::write, meta::Resource{"authorizations", std::nullopt, wanted.org}));
  if (wanted.user != call.caller.user->id)
    WEIR_CHECK(call.caller.check(Action::write,
                                 meta::Resource{"users", static_cast<uint64_t>(wanted.user), {}}));
  WEIR_CHECK(check_grants(call.caller, wanted.permissions));
  if (call.context.meta.organisations().find(wanted.org) == nullptr)
    return Error{Errc::not_found, "organization not found"};
  if (call.context.meta.users().find(wanted.user) == nullptr)
    return Error{Errc::not_found, "user not found"};
  WEIR_TRY(meta::CreatedAuthorization made, call.context.meta.authorizations().create(wanted));
  return json_answer(201, authorization_json(call.context.meta, *made.authorization, made.token));
}

Result<Answer> list(const Call& call) {
  const http::Parameters& query = call.request.query;
  std::optional<uint64_t> id, org, user;
  if (const std::string_view text = query.get("id"); !text.empty()) {
    WEIR_TRY(id, parse_id(text));
  }
  if (const std::string_view text = query.get("orgID"); !text.empty()) {
    WEIR_TRY(org, parse_id(text));
  }
  if (const std::string_view text = query.get("userID"); !text.empty()) {
    WEIR_TRY(user, parse_id(text));
  }
  if (const std::string_view name = query.get("org"); !name.empty() && !org.has_value()) {
    const meta::OrganisationPtr found = call.context.meta.organisations().find(name);
    if (found == nullptr)
      return Error{Errc::not_found, fmt::format("organization name \"{}\" not found", name)};
    org = static_cast<uint64_t>(found->id);
  }
  if (const std::string_view name = query.get("user"); !name.empty() && !user.has_value()) {
    const meta::UserPtr found = call.context.meta.users().find(name);
    if (found == nullptr) return Error{Errc::not_found, "user not found"};
    user = static_cast<uint64_t>(found->id);
  }
  OrderedJson shown = OrderedJson::array();
  for (const meta::AuthorizationPtr& authorization : call.context.meta.authorizations().list()) {
    if (id.has_value() && static_cast<uint64_t>(authorization->id) != *id) continue;
    if (org.has_value() && static_cast<uint64_t>(authorization->org) != *org) continue;
    if (user.has_value() && static_cast<uint64_t>(authorization->user) != *user) continue;
    if (!call.caller.may(Action::read, resource_of(*authorization))) continue;
    shown.push_back(authorization_json(call.context.meta, *authorization, ""));
  }
  return json_answer(
      200, {{"links", {{"self", "/api/v2/authorizations"}}}, {"authorizations", std::move(shown)}});
}

Result<Answer> get(const Call& call) {
  WEIR_TRY(meta::AuthorizationPtr authorization, authorization_of_path(call, Action::read));
  return json_answer(200, authorization_json(call.context.meta, *authorization, ""));
}

Result<Answer> update(const Call& call) {
  WEIR_TRY(meta::AuthorizationPtr authorization, authorization_of_path(call, Action::write));
  WEIR_TRY(Json body, body_object(call.request));
  meta::AuthorizationPatch patch;
  WEIR_TRY(patch.description, text_field(body, "description"));
  WEIR_TRY(patch.active, active_field(body));
  WEIR_TRY(meta::AuthorizationPtr changed,
           call.context.meta.authorizations().update(authorization->id, patch));
  return json_answer(200, authorization_json(call.context.meta, *changed, ""));
}

Result<Answer> remove(const Call& call) {
  WEIR_TRY(meta::AuthorizationPtr authorization, authorization_of_path(call, Action::write));
  WEIR_CHECK(call.context.meta.authorizations().remove(authorization->id));
  return no_content();
}

}  // namespace

void mount_authorizations(http::Router& router, Context& context) {
  route(router, context, "GET", "/api/v2/authorizations", RunOn::io, list);
  route(router, context, "POST", "/api/v2/authorizations", RunOn::worker, create);
  route(router, context, "GET", "/api/v2/authorizations/{id}", RunOn::io, get);
  route(router, context, "PATCH", "/api/v2/authorizations/{id}", RunOn::worker, update);
  route(router, context, "DELETE", "/api/v2/authorizations/{id}", RunOn::worker, remove);
}

}  // namespace weir::api::v2
