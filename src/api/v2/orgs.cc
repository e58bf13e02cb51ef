// /api/v2/orgs: organisations, and who belongs to them.
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
using meta::Role;

Result<meta::OrganisationPtr> organisation_of_path(const Call& call, Action action) {
  WEIR_TRY(OrgId id, id_parameter<OrgId>(call.request.path_value("id")));
  meta::OrganisationPtr organisation = call.context.meta.organisations().find(id);
  if (organisation == nullptr) return Error{Errc::not_found, "organization not found"};
  if (!call.caller.may(action, *organisation))
    return Error{Errc::unauthorized,
                 fmt::format("{}:orgs/{} is unauthorized",
                             action == Action::read ? "read" : "write", id_to_text(id))};
  return organisation;
}

Result<Answer> list(const Call& call) {
  const http::Parameters& query = call.request.query;
  WEIR_TRY(Paging paging, paging_of(query));
  const std::string_view name = query.get("org"), id_text = query.get("orgID"),
                         user_text = query.get("userID");
  std::optional<uint64_t> id, user;
  if (!id_text.empty()) {
    WEIR_TRY(id, parse_id(id_text));
  }
  if (!user_text.empty()) {
    WEIR_TRY(user, parse_id(user_text));
  }
  std::vector<meta::OrganisationPtr> found = call.context.meta.organisations().list();
  std::erase_if(found, [&](const meta::OrganisationPtr& organisation) {
    if (!call.caller.may(Action::read, *organisation)) return true;
    if (!name.empty() && organisation->name != name) return true;
    if (id.has_value() && static_cast<uint64_t>(organisation->id) != *id) return true;
    if (!user.has_value()) return false;
    auto members = call.context.meta.organisations().members(organisation->id);
    return std::ranges::none_of(
        members, [&](const auto& member) { return static_cast<uint64_t>(member.first) == *user; });
  });
  if (found.empty() && !name.empty())
    return Error{Errc::not_found, fmt::format("organization name \"{}\" not found", name)};
  if (found.empty() && id.has_value()) return Error{Errc::not_found, "organization not found"};
  if (paging.descending) std::ranges::reverse(found);
  OrderedJson shown = OrderedJson::array();
  const size_t begin = std::min(static_cast<size_t>(paging.offset), found.size());
  const size_t end = std::min(begin + static_cast<size_t>(paging.limit), found.size());
  for (size_t i = begin; i < end; i++) shown.push_back(organisation_json(*found[i]));
  return json_answer(200, {{"links", {{"self", "/api/v2/orgs"}}}, {"orgs", std::move(shown)}});
}

Result<Answer> create(const Call& call) {
  WEIR_CHECK(call.caller.check(Action::write, meta::Resource{"orgs", {}, {}}));
  WEIR_TRY(Json body, body_object(call.request));
  WEIR_TRY(std::optional<std::string> name, text_field(body, "name"));
  WEIR_TRY(std::optional<std::string> description, text_field(body, "description"));
  WEIR_TRY(meta::OrganisationPtr made,
           call.context.meta.organisations().create(name.value_or(""), description.value_or(""),
                                                    call.caller.user->id));
  return json_answer(201, organisation_json(*made));
}

Result<Answer> get(const Call& call) {
  WEIR_TRY(meta::OrganisationPtr organisation, organisation_of_path(call, Action::read));
  return json_answer(200, organisation_json(*organisation));
}

Result<Answer> update(const Call& call) {
  WEIR_TRY(meta::OrganisationPtr organisation, organisation_of_path(call, Action::write));
  WEIR_TRY(Json body, body_object(call.request));
  meta::OrganisationPatch patch;
  WEIR_TRY(patch.name, text_field(body, "name"));
  WEIR_TRY(patch.description, text_field(body, "description"));
  WEIR_TRY(meta::OrganisationPtr changed,
           call.context.meta.organisations().update(organisation->id, patch));
  return json_answer(200, organisation_json(*changed));
}

Result<Answer> remove(const Call& call) {
  WEIR_TRY(meta::OrganisationPtr organisation, organisation_of_path(call, Action::write));
  WEIR_CHECK(call.context.meta.organisations().remove(organisation->id));
  return no_content();
}

OrderedJson member_json(const meta::User& user, Role role) {
  OrderedJson json = user_json(user);
  json["role"] = role == Role::owner ? "owner" : "member";
  return json;
}

Result<Answer> list_members(const Call& call, Role wanted) {
  WEIR_TRY(meta::OrganisationPtr organisation, organisation_of_path(call, Action::read));
  OrderedJson users = OrderedJson::array();
  for (auto [id, role] : call.context.meta.organisations().members(organisation->id)) {
    const meta::UserPtr user = call.context.meta.users().find(id);
    if (role == wanted && user != nullptr) users.push_back(member_json(*user, role));
  }
  const std::string self = fmt::format("/api/v2/orgs/{}/{}", id_to_text(organisation->id),
                                       wanted == Role::owner ? "owners" : "members");
  return json_answer(200, {{"links", {{"self", self}}}, {"users", std::move(users)}});
}

Result<Answer> add_member(const Call& call, Role role) {
  WEIR_TRY(meta::OrganisationPtr organisation, organisation_of_path(call, Action::write));
  WEIR_TRY(Json body, body_object(call.request));
  WEIR_TRY(std::optional<std::string> id_text, text_field(body, "id"));
  if (!id_text.has_value()) return Error{Errc::invalid, "user id missing or invalid"};
  WEIR_TRY(UserId id, id_parameter<UserId>(*id_text));
  const meta::UserPtr user = call.context.meta.users().find(id);
  if (user == nullptr) return Error{Errc::not_found, "user not found"};
  WEIR_CHECK(call.context.meta.organisations().add_member(organisation->id, id, role));
  return json_answer(201, member_json(*user, role));
}

Result<Answer> remove_member(const Call& call) {
  WEIR_TRY(meta::OrganisationPtr organisation, organisation_of_path(call, Action::write));
  WEIR_TRY(UserId id, id_parameter<UserId>(call.request.path_value("userID")));
  WEIR_CHECK(call.context.meta.organisations().remove_member(organisation->id, id));
  return no_content();
}

}  // namespace

void mount_orgs(http::Router& router, Context& context) {
  route(router, context, "GET", "/api/v2/orgs", RunOn::io, list);
  route(router, context, "POST", "/api/v2/orgs", RunOn::worker, create);
  route(router, context, "GET", "/api/v2/orgs/{id}", RunOn::io, get);
  route(router, context, "PATCH", "/api/v2/orgs/{id}", RunOn::worker, update);
  route(router, context, "DELETE", "/api/v2/orgs/{id}", RunOn::worker, remove);
  for (Role role : {Role::member, Role::owner}) {
    const std::string path =
        std::string("/api/v2/orgs/{id}/") + (role == Role::owner ? "owners" : "members");
    route(router, context, "GET", path, RunOn::io,
          [role](const Call& call) { return list_members(call, role); });
    route(router, context, "POST", path, RunOn::worker,
          [role](const Call& call) { return add_member(call, role); });
    route(router, context, "DELETE", path + "/{userID}", RunOn::worker, remove_member);
  }
}

}  // namespace weir::api::v2
