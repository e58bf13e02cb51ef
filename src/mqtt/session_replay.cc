// Session: retained messages for new subscriptions (MQTT 5 §3.3.1.3), as fast as the client takes
// them.
#include <algorithm>

#include "mqtt/session.h"

namespace weir::mqtt {

void Session::replay(const std::string& filter, const Subscription& subscription,
                     uint64_t version) {
  if (!replay_) replay_ = std::make_unique<RetainedReplay>();
  replay_->add(filter, subscription, version);
}

// Looks through the store while the wire and the window have room, for one turn.
bool Session::send_replay(Now now) {
  size_t looks = 0;
  while (replay_ && !replay_->empty() && looks < kReplayLooksMax) {
    if (to_.wire == nullptr) return false;
    // The wire tells when it has drained, and the next acknowledgement makes room in the window.
    if (to_.wire->unsent_bytes() > kReplayUnsentBytesMax) return false;
    RetainedReplay::Part& part = replay_->front();
    size_t most = kReplayPortion;
    uint8_t qos = part.subscription.options.qos;
    if (qos > 0) {
      if (!queue_.empty() || !has_room_in_flight()) return false;
      most = std::min(most, window_ - in_flight_.size());
    }
    if (qos == 2 && journal_key() != 0 && journal_->is_failed()) return false;
    RetainedStore::Portion portion =
        retained_.portion(part.walk, most, kReplayLooksMax - looks, now.wall_ns);
    // A walk of its own is worth some looks, and so is each message that is found.
    constexpr size_t kWalkLooks = 16;
    looks += kWalkLooks + portion.looked_at + portion.found.size();
    if (!send_replay_part(part, portion, now)) continue;
    if (portion.is_last) {
      replay_->pop_front();
    } else {
      part.walk.behind = std::move(portion.behind);
      part.walk.begun = true;
    }
  }
  if (replay_ && replay_->empty()) replay_.reset();
  return replay_ != nullptr;
}

// Returns whether all of the portion is dealt with; otherwise the walk stands behind what is.
bool Session::send_replay_part(RetainedReplay::Part& part, const RetainedStore::Portion& portion,
                               Now now) {
  for (const auto& [message, is_newer] : portion.found) {
    if (to_.wire == nullptr || to_.wire->unsent_bytes() > kReplayUnsentBytesMax) return false;
    part.walk.behind = message->topic;
    part.walk.begun = true;
    uint8_t qos = std::min(message->qos, part.subscription.options.qos);
    // What was retained since the client subscribed has come to it live.
    bool has_come = is_newer && (qos == 2 || !part.sends_newer);
    if (has_come || (qos == 0 && part.skips_qos_0) || !may_send(*message)) continue;
    Delivery delivery{message, qos, true, {}};
    if (part.subscription.id != 0) delivery.ids.push_back(part.subscription.id);
    if (qos > 0) {
      send_in_flight(std::move(delivery), nullptr, now);
    } else if (!write_single(delivery, 0, false, now)) {
      drop(DropReason::too_large);
    }
  }
  return true;
}

}  // namespace weir::mqtt
