#include "api/v2/caller_catalog.h"

#include <fmt/core.h>

namespace weir::api::v2 {
namespace {

query::BucketInfo info_of(const meta::Bucket& bucket) {
  return {
      .id = bucket.id, .org = bucket.org, .name = bucket.name, .retention_ns = bucket.retention_ns};
}

}  // namespace

std::vector<query::BucketInfo> CallerCatalog::buckets() const {
  std::vector<query::BucketInfo> readable;
  for (const meta::BucketPtr& bucket : meta_.buckets().list(org_)) {
    if (caller_.may(meta::Action::read, *bucket)) readable.push_back(info_of(*bucket));
  }
  return readable;
}

Result<query::BucketInfo> CallerCatalog::find_bucket(std::string_view name_or_id,
                                                     bool by_id) const {
  return find(name_or_id, by_id, meta::Action::read);
}

Result<query::BucketInfo> CallerCatalog::find_writable_bucket(std::string_view name_or_id,
                                                              bool by_id) const {
  return find(name_or_id, by_id, meta::Action::write);
}

Result<query::BucketInfo> CallerCatalog::find(std::string_view name_or_id, bool by_id,
                                              meta::Action action) const {
  meta::BucketPtr bucket;
  if (!by_id) {
    bucket = meta_.buckets().find(org_, name_or_id);
  } else if (std::optional<uint64_t> id = id_from_text(name_or_id)) {
    bucket = meta_.buckets().find(static_cast<BucketId>(*id));
    if (bucket != nullptr && bucket->org != org_) bucket = nullptr;
  }
  if (bucket == nullptr || !caller_.may(action, *bucket))
    return Error{Errc::not_found, fmt::format("could not find bucket \"{}\"", name_or_id)};
  return info_of(*bucket);
}

}  // namespace weir::api::v2
