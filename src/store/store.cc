#include "store/store.h"

#include <condition_variable>
#include <optional>

#include "base/sync.h"

namespace weir::store {

Result<WriteOutcome> write_and_wait(Store& store, BucketId bucket, model::PointBatch batch) {
  // Shared with the completion, which may still hold the lock when the wait is over.
  struct Waiter {
    Guarded<std::optional<Result<WriteOutcome>>> result;
    std::condition_variable completed;
  };
  auto waiter = std::make_shared<Waiter>();
  store.write(bucket, std::move(batch), [waiter](Result<WriteOutcome> outcome) {
    auto result = waiter->result.lock();
    *result = std::move(outcome);
    waiter->completed.notify_one();
  });
  auto result = waiter->result.lock();
  result.wait(waiter->completed, [&] { return result->has_value(); });
  return std::move(**result);
}

}  // namespace weir::store
