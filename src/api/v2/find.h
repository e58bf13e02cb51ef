// The organisation and bucket that a request names by `org`, `orgID`, `bucket`, `bucketID`.
#pragma once

#include <string_view>

#include "api/route.h"
#include "base/result.h"
#include "meta/types.h"

namespace weir::api::v2 {

// `orgID` or `org` (an id or a name); without either, the organisation of the caller's token, or
// for a user the one of the set-up: some clients send an empty `org`. Errc::not_found
// `organization name "X" not found`.
Result<meta::OrganisationPtr> organisation_of(const Call& call);

// An id first, then a name. Errc::not_found `bucket "X" not found`.
Result<meta::BucketPtr> bucket_of(const Call& call, const meta::Organisation& organisation,
                                  std::string_view id_or_name);

}  // namespace weir::api::v2
