#include "api/store_buckets.h"

#include "store/store.h"

namespace weir::api {
namespace {

store::BucketOptions options_of(const meta::Bucket& bucket) {
  return {.retention_ns = bucket.retention_ns, .shard_group_duration_ns = bucket.shard_group_ns};
}

}  // namespace

Result<void> StoreBuckets::create(const meta::Bucket& bucket) {
  Result<void> done = store_.create_bucket(bucket.id, options_of(bucket));
  if (!done.ok() && done.error().code == Errc::conflict)
    return store_.update_bucket(bucket.id, options_of(bucket));
  return done;
}

Result<void> StoreBuckets::update(const meta::Bucket& bucket) {
  Result<void> done = store_.update_bucket(bucket.id, options_of(bucket));
  if (!done.ok() && done.error().code == Errc::not_found)
    return store_.create_bucket(bucket.id, options_of(bucket));
  return done;
}

Result<void> StoreBuckets::drop(BucketId bucket) {
  Result<void> done = store_.drop_bucket(bucket);
  if (!done.ok() && done.error().code == Errc::not_found) return {};
  return done;
}

}  // namespace weir::api
