// Passes meta's buckets on to the store: server/ makes one, gives it to meta::Meta::open() and
// calls meta.buckets().reconcile() before the listeners open.
#pragma once

#include "meta/bucket_storage.h"

namespace weir::store {
class Store;
}

namespace weir::api {

class StoreBuckets final : public meta::BucketStorage {
 public:
  explicit StoreBuckets(store::Store& store) : store_(store) {}
  // Each may be repeated: meta's file is the truth, the store follows.
  Result<void> create(const meta::Bucket& bucket) override;
  Result<void> update(const meta::Bucket& bucket) override;
  Result<void> drop(BucketId bucket) override;

 private:
  store::Store& store_;
};

}  // namespace weir::api
