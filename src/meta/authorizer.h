// Who is calling, and what they may do.
//
// Tokens and sessions are looked up in memory: authenticating a request by them never blocks.
// Passwords are hashed and block, except a pair that was right before (recall_password). Any
// thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "meta/types.h"

namespace weir::meta {

class Meta;

// An authenticated caller. A copy is cheap and stays as it was when the token changes.
struct Caller {
  UserPtr user;                    // never null
  AuthorizationPtr authorization;  // null: signed in with a password
  std::shared_ptr<const std::vector<Permission>> permissions;

  bool may(Action action, const Resource& resource) const;
  // Errc::unauthorized `write:orgs/../buckets/.. is unauthorized` unless may().
  Result<void> check(Action action, const Resource& resource) const;

  // Shorthands for the resources asked about most.
  bool may(Action action, const Bucket& bucket) const;
  bool may(Action action, const Organisation& organisation) const;
};

class Authorizer {
 public:
  explicit Authorizer(Meta& meta) : meta_(meta) {}

  // All of these: Errc::unauthorized "unauthorized access" for an unknown, wrong or inactive one.
  Result<Caller> by_token(std::string_view token) const;
  Result<Caller> by_session(std::string_view key) const;
  // A password, or a token in its place. Blocks while it hashes.
  Result<Caller> by_password(std::string_view user, std::string_view password) const;
  // by_password() without the hashing: only what was right before.
  Result<Caller> recall_password(std::string_view user, std::string_view password) const;
  // Who has proved to be this user by other means: a certificate.
  Result<Caller> by_certificate(std::string_view user) const;
  // Who was authenticated before, as they are now.
  Result<Caller> again(UserId user) const;
  Result<Caller> again(TokenId authorization) const;

 private:
  Result<Caller> of_user(UserPtr user) const;
  Result<Caller> of_authorization(AuthorizationPtr authorization) const;
  Meta& meta_;
};

}  // namespace weir::meta
