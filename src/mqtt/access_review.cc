// What clients may do, when it changes while they are connected: users, tokens and access lists.
#include "base/log.h"
#include "mqtt/broker_thread.h"
#include "mqtt/connection.h"
#include "mqtt/metrics.h"

namespace weir::mqtt {
namespace {

// Changes of one action come together (a script that removes users): one review serves them.
constexpr int64_t kReviewDelayMs = 50;
// Asking costs about a microsecond: the other clients of a thread wait a millisecond at most.
constexpr size_t kReviewPortion = 500;

void review_portion(BrokerThread& here, std::shared_ptr<const std::vector<uint64_t>> numbers,
                    size_t from) {
  size_t to = std::min(from + kReviewPortion, numbers->size());
  for (size_t i = from; i < to; i++) {
    if (Connection* connection = here.find_connection((*numbers)[i])) connection->review();
  }
  here.flush();
  if (to == numbers->size()) return;
  here.post([numbers, to](BrokerThread& again) { review_portion(again, numbers, to); });
}

}  // namespace

void Hub::review_identities() {
  if (stopping || review_is_due.exchange(true)) return;
  post(0, [](BrokerThread& first) {
    first.after_ms(kReviewDelayMs, [](BrokerThread& here) {
      Hub& hub = here.hub();
      hub.review_is_due = false;  // first: what changes from now on is reviewed anew
      for (uint32_t thread = 0; thread < hub.threads.size(); thread++) {
        hub.post(thread, [](BrokerThread& there) { there.review_identities(); });
      }
    });
  });
}

void BrokerThread::review_identities() {
  auto numbers = std::make_shared<std::vector<uint64_t>>();
  numbers->reserve(connections_.size());
  for (const auto& [number, connection] : connections_) numbers->push_back(number);
  review_portion(*this, std::move(numbers), 0);
}

void Connection::review() {
  if (closed_ || !identity().standing) return;
  Result<Identity> now = identity().standing->now();
  if (!now.ok()) {
    log::info("mqtt", "client {} from {} is not admitted any more: {}", client_id(),
              stream_->peer().text(), now.error().message);
    if (session_ == nullptr) return refuse(Reason::not_authorized, "not admitted any more");
    return close(Reason::not_authorized, "not admitted any more");
  }
  protocol_.set_identity(std::move(now).value());
  if (session_ == nullptr) return;  // begin() takes it from here
  if (!identity().may_subscribe && !session_->subscriptions.empty()) {
    return close(Reason::not_authorized, "it has subscriptions and may not subscribe any more");
  }
  if (session_->will && !may_publish(identity(), session_->will->message->topic)) {
    session_->will.reset();
    thread_.journal().will_gone(session_->journal_key());
  }
  session_->set_topics(identity().topics.get());
  thread_.restrict(*session_, identity().topics);
}

void BrokerThread::restrict(Session& session, const std::shared_ptr<const TopicAccess>& topics) {
  Receiver& receiver = session.receiver();
  if (topics == nullptr && !receiver.is_restricted.load(std::memory_order_relaxed)) return;
  receiver.restrict_to(topics);
  for (const auto& [filter, subscription] : session.subscriptions) {
    hub_.tree.rights_changed(filter);
  }
}

}  // namespace weir::mqtt
