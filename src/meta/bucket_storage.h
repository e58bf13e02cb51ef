// What meta/ tells the store about buckets; api/store_buckets.h is the real one.
//
// Order: meta's own file first, then the store, so that after a crash between the two meta knows
// what the store lacks or still holds, and Buckets::reconcile() repeats it. The calls therefore
// come again after a restart: create() of a bucket that exists brings it up to date, drop() of one
// that does not exist is ok. They block on disk; any thread.
#pragma once

#include "base/result.h"
#include "meta/types.h"

namespace weir::meta {

class BucketStorage {
 public:
  virtual ~BucketStorage() = default;
  virtual Result<void> create(const Bucket& bucket) = 0;
  virtual Result<void> update(const Bucket& bucket) = 0;
  virtual Result<void> drop(BucketId bucket) = 0;
};

}  // namespace weir::meta
