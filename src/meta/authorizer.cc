#include "meta/authorizer.h"

#include "meta/meta.h"
#include "meta/permissions.h"

namespace weir::meta {
namespace {

Error unauthorized() { return {Errc::unauthorized, "unauthorized access"}; }

}  // namespace

bool Caller::may(Action action, const Resource& resource) const {
  return allows(*permissions, action, resource);
}

Result<void> Caller::check(Action action, const Resource& resource) const {
  if (may(action, resource)) return {};
  return Error{Errc::unauthorized, to_text(action, resource) + " is unauthorized"};
}

bool Caller::may(Action action, const Bucket& bucket) const {
  return may(action, Resource{"buckets", static_cast<uint64_t>(bucket.id), bucket.org});
}

bool Caller::may(Action action, const Organisation& organisation) const {
  return may(action, Resource{"orgs", static_cast<uint64_t>(organisation.id), organisation.id});
}

Result<Caller> Authorizer::by_token(std::string_view token) const {
  return of_authorization(meta_.authorizations().find_by_token(token));
}

Result<Caller> Authorizer::again(UserId user) const { return of_user(meta_.users().find(user)); }

Result<Caller> Authorizer::again(TokenId authorization) const {
  return of_authorization(meta_.authorizations().find(authorization));
}

Result<Caller> Authorizer::of_authorization(AuthorizationPtr authorization) const {
  if (authorization == nullptr || !authorization->active) return unauthorized();
  UserPtr user = meta_.users().find(authorization->user);
  if (user == nullptr || !user->active) return unauthorized();
  // The permissions live inside the authorization, which this shares.
  std::shared_ptr<const std::vector<Permission>> permissions(authorization,
                                                             &authorization->permissions);
  return Caller{std::move(user), std::move(authorization), std::move(permissions)};
}

Result<Caller> Authorizer::by_session(std::string_view key) const {
  std::optional<UserId> user = meta_.sessions().find(key);
  if (!user.has_value()) return unauthorized();
  return of_user(meta_.users().find(*user));
}

Result<Caller> Authorizer::by_password(std::string_view user, std::string_view password) const {
  if (Result<Caller> caller = by_token(password); caller.ok()) return caller;
  return of_user(meta_.users().verify(user, password));
}

Result<Caller> Authorizer::recall_password(std::string_view user, std::string_view password) const {
  if (Result<Caller> caller = by_token(password); caller.ok()) return caller;
  return of_user(meta_.users().recall(user, password));
}

Result<Caller> Authorizer::by_certificate(std::string_view user) const {
  return of_user(meta_.users().find(user));
}

Result<Caller> Authorizer::of_user(UserPtr user) const {
  if (user == nullptr || !user->active) return unauthorized();
  std::vector<Permission> permissions;
  if (user->is_operator) {
    permissions = operator_permissions();
  } else {
    for (auto [org, role] : meta_.organisations().memberships(user->id)) {
      std::vector<Permission> more =
          role == Role::owner ? owner_permissions(org) : member_permissions(org);
      permissions.insert(permissions.end(), more.begin(), more.end());
    }
    for (Action action : {Action::read, Action::write})
      permissions.push_back({action, {"users", static_cast<uint64_t>(user->id), std::nullopt}});
  }
  return Caller{std::move(user), nullptr,
                std::make_shared<const std::vector<Permission>>(std::move(permissions))};
}

}  // namespace weir::meta
