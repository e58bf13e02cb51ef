#include "api/weir/message_access.h"

#include "meta/meta.h"

namespace weir::api::own {

Result<void> check_sees_messages(const Context& context, const meta::Caller& caller) {
  const meta::OrganisationPtr org = context.meta.default_organisation();
  if (org != nullptr &&
      caller.may(meta::Action::read, meta::Resource{"buckets", std::nullopt, org->id}))
    return {};
  return Error{Errc::forbidden, "insufficient permissions to see messages"};
}

}  // namespace weir::api::own
