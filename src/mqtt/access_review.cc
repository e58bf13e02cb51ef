// What clients may do, when it changes while they are connected: users, tokens and access lists.
#include "base/log.h"
#include "base/log_limit.h"
#include "mqtt/broker_thread.h"
#include "mqtt/connection.h"
#include "mqtt/metrics.h"

namespace weir::mqtt {
namespace {

// Changes of one action come together (a script that removes users): one review serves them.
constexpr int64_t kReviewDelayMs = 50;
// Asking costs about a microsecond: the other clients of a thread wait a millisecond at most.
constexpr size_t kReviewPortion = 500;

}  // namespace

struct BrokerThread::Review {
  std::vector<uint64_t> connections;
  std::vector<std::shared_ptr<Receiver>> absent;  // whose wills wait
};

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
  auto review = std::make_shared<Review>();
  review->connections.reserve(connections_.size());
  for (const auto& [number, connection] : connections_) review->connections.push_back(number);
  for (const auto& [receiver, home] : homes_) {
    if (home.connection == 0 && home.session->will()) {
      review->absent.push_back(home.session->shared_receiver());
    }
  }
  review_portion(std::move(review));
}

void BrokerThread::review_portion(std::shared_ptr<Review> rest) {
  for (size_t i = 0; i < kReviewPortion && !rest->connections.empty(); i++) {
    if (Connection* connection = find_connection(rest->connections.back())) connection->review();
    rest->connections.pop_back();
  }
  for (size_t i = 0; i < kReviewPortion && !rest->absent.empty(); i++) {
    auto home = homes_.find(rest->absent.back().get());
    if (home != homes_.end()) forget_forbidden_will(*home->second.session);
    rest->absent.pop_back();
  }
  flush();
  if (rest->connections.empty() && rest->absent.empty()) return;
  post([rest](BrokerThread& again) { again.review_portion(rest); });
}

void Connection::review() {
  if (closed_ || !identity().standing) return;
  Result<Identity> now = identity().standing->now();
  if (!now.ok()) {
    static log::Limit ended{"mqtt", "clients not admitted any more"};
    if (ended.admits()) {
      log::info("mqtt", "{} is not admitted any more: {}", shown(), now.error().message);
    }
    if (session_ == nullptr) return refuse(Reason::not_authorized, "not admitted any more");
    thread_.forget_forbidden_will(*session_);
    return close(Reason::not_authorized, "not admitted any more");
  }
  protocol_.set_identity(std::move(now).value());
  if (session_ == nullptr) return;  // begin() takes it from here
  if (!identity().may_subscribe && !session_->subscriptions.empty()) {
    return close(Reason::not_authorized, "it has subscriptions and may not subscribe any more");
  }
  thread_.forget_forbidden_will(*session_);
  session_->set_topics(identity().topics.get());
  thread_.restrict(*session_, identity().topics);
}

// A will is a publish that comes later: whoever has lost admission or the permission makes none.
bool BrokerThread::has_forbidden_will(const Session& session) const {
  const Will* will = session.will();
  if (will == nullptr) return false;
  const Message& message = *will->message;
  if (will->is_recovered) {
    const auto& may = hub_.options.may_publish_kept;
    return may && !may(message.user, message.client_id, message.topic);
  }
  if (will->standing == nullptr) return false;
  Result<Identity> now = will->standing->now();
  return !now.ok() || !may_publish(*now, message.topic);
}

void BrokerThread::forget_forbidden_will(Session& session) {
  if (!has_forbidden_will(session)) return;
  static log::Limit forbidden{"mqtt", "wills that may not be published any more"};
  publishes_refused.add(1);
  add_to(session.receiver().refused, 1);
  if (forbidden.admits()) {
    log::info("mqtt", "client {}: its will to {} is not sent: it may not publish that any more",
              log::shown(session.receiver().client_id), log::shown(session.will()->message->topic));
  }
  forget_will(session);
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
