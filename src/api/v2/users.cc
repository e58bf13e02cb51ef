// /api/v2/users: users and their passwords.
#include <fmt/core.h>

#include <algorithm>

#include "api/fields.h"
#include "api/route.h"
#include "api/v2/resources.h"
#include "api/v2/shapes.h"
#include "base/json.h"
#include "meta/meta.h"

namespace weir::api::v2 {
namespace {

using meta::Action;

meta::Resource resource_of(const meta::User& user) {
  return {"users", static_cast<uint64_t>(user.id), std::nullopt};
}

Result<meta::UserPtr> user_of_path(const Call& call, Action action) {
  WEIR_TRY(UserId id, id_parameter<UserId>(call.request.path_value("id")));
  meta::UserPtr user = call.context.meta.users().find(id);
  if (user == nullptr) return Error{Errc::not_found, "user not found"};
  WEIR_CHECK(call.caller.check(action, resource_of(*user)));
  return user;
}

Result<std::optional<bool>> active_field(const Json& body) {
  WEIR_TRY(std::optional<std::string> status, text_field(body, "status"));
  if (!status.has_value() || status->empty()) return std::optional<bool>();
  if (*status != "active" && *status != "inactive")
    return Error{Errc::invalid,
                 fmt::format("invalid status: got `{}`, wanted active or inactive", *status)};
  return std::optional<bool>(*status == "active");
}

Result<Answer> list(const Call& call) {
  const http::Parameters& query = call.request.query;
  WEIR_TRY(Paging paging, paging_of(query));
  std::vector<meta::UserPtr> users = call.context.meta.users().list();
  std::erase_if(users, [&](const meta::UserPtr& user) {
    return !call.caller.may(Action::read, resource_of(*user)) ||
           (!query.get("name").empty() && user->name != query.get("name")) ||
           (!query.get("id").empty() && id_to_text(user->id) != query.get("id"));
  });
  if (users.empty() && (query.has("name") || query.has("id")))
    return Error{Errc::not_found, "user not found"};
  if (paging.descending) std::ranges::reverse(users);
  OrderedJson shown = OrderedJson::array();
  const size_t begin = std::min(static_cast<size_t>(paging.offset), users.size());
  const size_t end = std::min(begin + static_cast<size_t>(paging.limit), users.size());
  for (size_t i = begin; i < end; i++) shown.push_back(user_json(*users[i]));
  return json_answer(200, {{"links", {{"self", "/api/v2/users"}}}, {"users", std::move(shown)}});
}

Result<Answer> create(const Call& call) {
  WEIR_CHECK(call.caller.check(Action::write, meta::Resource{"users", {}, {}}));
  WEIR_TRY(Json body, body_object(call.request));
  WEIR_TRY(std::optional<std::string> name, text_field(body, "name"));
  WEIR_TRY(std::optional<bool> active, active_field(body));
  WEIR_TRY(meta::UserPtr user, call.context.meta.users().create(name.value_or("")));
  if (!active.value_or(true)) {
    WEIR_TRY(user, call.context.meta.users().update(user->id, {.active = false}));
  }
  return json_answer(201, user_json(*user));
}

Result<Answer> get(const Call& call) {
  WEIR_TRY(meta::UserPtr user, user_of_path(call, Action::read));
  return json_answer(200, user_json(*user));
}

Result<Answer> update(const Call& call) {
  WEIR_TRY(meta::UserPtr user, user_of_path(call, Action::write));
  WEIR_TRY(Json body, body_object(call.request));
  meta::UserPatch patch;
  WEIR_TRY(patch.name, text_field(body, "name"));
  WEIR_TRY(patch.active, active_field(body));
  WEIR_TRY(meta::UserPtr changed, call.context.meta.users().update(user->id, patch));
  return json_answer(200, user_json(*changed));
}

Result<Answer> remove(const Call& call) {
  WEIR_TRY(meta::UserPtr user, user_of_path(call, Action::write));
  WEIR_CHECK(call.context.meta.users().remove(user->id));
  return no_content();
}

Result<Answer> set_password(const Call& call) {
  WEIR_TRY(meta::UserPtr user, user_of_path(call, Action::write));
  WEIR_TRY(Json body, body_object(call.request));
  WEIR_TRY(std::optional<std::string> password, text_field(body, "password"));
  WEIR_CHECK(call.context.meta.users().set_password(user->id, password.value_or("")));
  return no_content();
}

}  // namespace

void mount_users(http::Router& router, Context& context) {
  route(router, context, "GET", "/api/v2/users", RunOn::io, list);
  route(router, context, "POST", "/api/v2/users", RunOn::worker, create);
  route(router, context, "GET", "/api/v2/users/{id}", RunOn::io, get);
  route(router, context, "PATCH", "/api/v2/users/{id}", RunOn::worker, update);
  route(router, context, "DELETE", "/api/v2/users/{id}", RunOn::worker, remove);
  route(router, context, "POST", "/api/v2/users/{id}/password", RunOn::worker, set_password);
  route(router, context, "PUT", "/api/v2/users/{id}/password", RunOn::worker, set_password);
}

}  // namespace weir::api::v2
