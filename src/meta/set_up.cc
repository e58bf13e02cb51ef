#include "meta/set_up.h"

#include <fmt/core.h>

#include "base/log.h"
#include "meta/database.h"
#include "meta/meta.h"
#include "meta/password.h"
#include "meta/permissions.h"
#include "meta/secret.h"

namespace weir::meta {

// Reaches into the classes of meta/ to put all their rows into one transaction.
class SetUp {
 public:
  static Result<SetUpResult> run(Meta& meta, const SetUpRequest& request);
};

namespace {

Error already_done() { return {Errc::conflict, "onboarding has already been completed"}; }

Result<void> check_names(const SetUpRequest& request) {
  if (request.username.empty()) return Error{Errc::empty_value, "username is empty"};
  if (request.org.empty()) return Error{Errc::empty_value, "org name is empty"};
  if (request.bucket.empty()) return Error{Errc::empty_value, "bucket name is empty"};
  return {};
}

}  // namespace

Result<SetUpResult> SetUp::run(Meta& meta, const SetUpRequest& request) {
  WEIR_CHECK(check_names(request));
  if (!set_up_allowed(meta)) return already_done();
  Buckets& buckets = meta.buckets();

  WEIR_TRY(User user, meta.users().prepare(request.username));
  user.is_operator = true;
  WEIR_TRY(Organisation org, meta.organisations().prepare(request.org, ""));
  std::vector<Bucket> made = buckets.system_buckets(org.id);
  WEIR_TRY(Bucket bucket, buckets.prepare({.org = org.id,
                                           .name = request.bucket,
                                           .description = {},
                                           .retention_ns = request.retention_ns}));
  made.push_back(bucket);
  const bool token_given = request.token.has_value() && !request.token->empty();
  const std::string token = token_given ? *request.token : make_secret();
  const std::string token_hash = sha256(token);
  const Authorization authorization =
      meta.authorizations().prepare({.org = org.id,
                                     .user = user.id,
                                     .description = fmt::format("{}'s Token", request.username),
                                     .active = true,
                                     .permissions = operator_permissions(),
                                     .token = {}});
  std::optional<std::string> password_hash;
  if (!request.password.empty()) {
    WEIR_TRY(password_hash, hash_password(request.password));
  }

  auto change = [&](Connection& connection) -> Result<void> {
    if (!set_up_allowed(meta)) return already_done();
    WEIR_CHECK(Users::insert(connection, user, password_hash));
    WEIR_CHECK(Organisations::insert(connection, org));
    WEIR_CHECK(Organisations::insert_member(connection, org.id, user.id, Role::owner));
    for (const Bucket& one : made) WEIR_CHECK(Buckets::insert(connection, one));
    WEIR_CHECK(Authorizations::insert(connection, authorization, token_hash));
    WEIR_CHECK(Settings::write(connection, kDefaultOrgSetting, id_to_text(org.id)));
    return Settings::write(connection, kDefaultBucketSetting, id_to_text(bucket.id));
  };
  auto committed = [&] {
    meta.users().apply(user);
    meta.organisations().apply(org);
    meta.organisations().apply_member(org.id, user.id, Role::owner);
    for (const Bucket& one : made) buckets.apply(one);
    meta.authorizations().apply(authorization, token_hash, 0);
    meta.settings().apply(kDefaultOrgSetting, id_to_text(org.id));
    meta.settings().apply(kDefaultBucketSetting, id_to_text(bucket.id));
  };
  std::lock_guard turn(buckets.changes_);
  WEIR_CHECK(meta.database().transact(change, committed));
  WEIR_CHECK(buckets.create_in_store(made));
  return SetUpResult{meta.users().find(user.id), meta.organisations().find(org.id),
                     buckets.find(bucket.id), meta.authorizations().find(authorization.id), token};
}

bool set_up_allowed(const Meta& meta) {
  // The setting stays when the last user is removed: a stranger must not set weir up again.
  return meta.users().empty() && !meta.settings().get(kDefaultOrgSetting).has_value();
}

Result<SetUpResult> set_up(Meta& meta, const SetUpRequest& request) {
  WEIR_CHECK(check_names(request));
  if (!set_up_allowed(meta)) return already_done();
  if (!request.password.empty()) WEIR_CHECK(check_password_rules(request.password));
  return SetUp::run(meta, request);
}

Result<std::optional<SetUpResult>> set_up_if_empty(Meta& meta, const SetUpRequest& request) {
  if (!set_up_allowed(meta)) return std::optional<SetUpResult>();
  if (Result<void> rules = check_password_rules(request.password);
      !rules.ok() && !request.password.empty())
    log::warn("meta", "the password of user {} is weak: {}", request.username,
              rules.error().message);
  Result<SetUpResult> done = SetUp::run(meta, request);
  if (!done.ok() && done.error().code == Errc::conflict) return std::optional<SetUpResult>();
  if (!done.ok()) return std::move(done).error();
  return std::optional<SetUpResult>(*std::move(done));
}

}  // namespace weir::meta
