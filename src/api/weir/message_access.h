// Who may see the broker's messages as they are (live, dead letters, clients), and who may act on
// the broker (end connections, delete retained messages, trace).
//
// Messages of every topic become points of some bucket, so seeing takes a caller who may read every
// bucket of the set-up's organisation. Acting takes an operator. Errc::forbidden otherwise.
#pragma once

#include "api/context.h"
#include "base/result.h"
#include "meta/authorizer.h"

namespace weir::api::own {

Result<void> check_sees_messages(const Context& context, const meta::Caller& caller);
Result<void> check_acts_on_broker(const meta::Caller& caller);

}  // namespace weir::api::own
