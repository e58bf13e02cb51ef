// The first set-up: a user, an organisation, a bucket and an operator token, all or none.
//
// Used by POST /api/v2/setup, `weir setup` and the start from the environment. Blocks (hashing,
// disk); any thread; of two at once one gets the conflict.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "meta/types.h"

namespace weir::meta {

class Meta;

struct SetUpRequest {
  std::string username = {};
  std::string password = {};  // empty: the user cannot sign in until one is set
  std::string org = {};
  std::string bucket = {};
  int64_t retention_ns = 0;               // 0: for ever
  std::optional<std::string> token = {};  // kept if given and not empty, otherwise one is made
};

struct SetUpResult {
  UserPtr user;
  OrganisationPtr org;
  BucketPtr bucket;
  AuthorizationPtr authorization;
  std::string token;  // the only time it is seen
};

// Whether set_up() is still possible: nobody was ever set up.
bool set_up_allowed(const Meta& meta);

// Errc::conflict "onboarding has already been completed"; Errc::empty_value for a missing name;
// Errc::invalid for a password that is too short.
Result<SetUpResult> set_up(Meta& meta, const SetUpRequest& request);

// For the start from the environment: does nothing (and gives nothing) when weir is set up already.
// A short password is the operator's choice here: it is taken, with a warning in the log.
Result<std::optional<SetUpResult>> set_up_if_empty(Meta& meta, const SetUpRequest& request);

}  // namespace weir::meta
