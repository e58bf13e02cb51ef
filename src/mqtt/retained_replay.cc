#include "mqtt/retained_replay.h"

namespace weir::mqtt {

void RetainedReplay::add(std::string filter, const Subscription& subscription, uint64_t version) {
  cancel(filter);
  Part& part = parts_.emplace_back();
  part.walk.filter = std::move(filter);
  part.walk.version = version;
  part.subscription = subscription;
  by_filter_.emplace(part.walk.filter, std::prev(parts_.end()));
}

void RetainedReplay::renew(std::string_view filter, const Subscription& subscription) {
  auto found = by_filter_.find(filter);
  if (found != by_filter_.end()) found->second->subscription = subscription;
}

void RetainedReplay::cancel(std::string_view filter) {
  auto found = by_filter_.find(filter);
  if (found == by_filter_.end()) return;
  auto part = found->second;
  by_filter_.erase(found);
  parts_.erase(part);
}

void RetainedReplay::pop_front() {
  by_filter_.erase(parts_.front().walk.filter);
  parts_.pop_front();
}

void RetainedReplay::connection_ended() {
  for (auto part = parts_.begin(); part != parts_.end();) {
    part->skips_qos_0 = true;
    if (part->subscription.options.qos > 0) {
      ++part;
      continue;
    }
    by_filter_.erase(part->walk.filter);
    part = parts_.erase(part);
  }
}

void RetainedReplay::missed_one() {
  for (Part& part : parts_) part.sends_newer = true;
}

}  // namespace weir::mqtt
