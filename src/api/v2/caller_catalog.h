// What a query may see of one organisation: the buckets its caller may read, and those it may
// write.
//
// A bucket that exists and may not be read, or written, answers as one that does not exist.
#pragma once

#include "meta/meta.h"
#include "query/query.h"

namespace weir::api::v2 {

class CallerCatalog final : public query::Catalog {
 public:
  CallerCatalog(const meta::Meta& meta, meta::Caller caller, OrgId org)
      : meta_(meta), caller_(std::move(caller)), org_(org) {}
  std::vector<query::BucketInfo> buckets() const override;
  Result<query::BucketInfo> find_bucket(std::string_view name_or_id, bool by_id) const override;
  Result<query::BucketInfo> find_writable_bucket(std::string_view name_or_id,
                                                 bool by_id) const override;

 private:
  Result<query::BucketInfo> find(std::string_view name_or_id, bool by_id,
                                 meta::Action action) const;
  const meta::Meta& meta_;
  meta::Caller caller_;
  OrgId org_;
};

}  // namespace weir::api::v2
