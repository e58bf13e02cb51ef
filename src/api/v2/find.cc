#include "api/v2/find.h"

#include <fmt/core.h>

#include "api/fields.h"
#include "meta/meta.h"

namespace weir::api::v2 {

Result<meta::OrganisationPtr> organisation_of(const Call& call) {
  meta::Organisations& organisations = call.context.meta.organisations();
  if (const std::string_view id = call.request.query.get("orgID"); !id.empty()) {
    WEIR_TRY(OrgId org, id_parameter<OrgId>(id));
    if (meta::OrganisationPtr found = organisations.find(org)) return found;
    return Error{Errc::not_found, "organization not found"};
  }
  if (const std::string_view name = call.request.query.get("org"); !name.empty()) {
    if (meta::OrganisationPtr found = organisations.find_id_or_name(name)) return found;
    return Error{Errc::not_found, fmt::format("organization name \"{}\" not found", name)};
  }
  meta::OrganisationPtr own = call.caller.authorization != nullptr
                                  ? organisations.find(call.caller.authorization->org)
                                  : call.context.meta.default_organisation();
  if (own != nullptr) return own;
  return Error{Errc::invalid, "Please provide either orgID or org"};
}

Result<meta::BucketPtr> bucket_of(const Call& call, const meta::Organisation& organisation,
                                  std::string_view id_or_name) {
  if (meta::BucketPtr found =
          call.context.meta.buckets().find_id_or_name(organisation.id, id_or_name))
    return found;
  return Error{Errc::not_found, fmt::format("bucket \"{}\" not found", id_or_name)};
}

}  // namespace weir::api::v2
