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

Result<void> check_acts_on_broker(const meta::Caller& caller) {
  if (caller.may(meta::Action::write, meta::Resource{"orgs", std::nullopt, std::nullopt}))
    return {};
  return Error{Errc::forbidden, "insufficient permissions to act on the broker"};
}

}  // namespace weir::api::own
