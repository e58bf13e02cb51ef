// Who may see the broker's messages as they are: live, dead letters, clients.
//
// Messages of every topic become points of some bucket, so it takes a caller who may read every
// bucket of the set-up's organisation. Errc::forbidden otherwise.
#pragma once

#include "api/context.h"
#include "base/result.h"
#include "meta/authorizer.h"

namespace weir::api::own {

Result<void> check_sees_messages(const Context& context, const meta::Caller& caller);

}  // namespace weir::api::own
