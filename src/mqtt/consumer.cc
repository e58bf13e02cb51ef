#include "mqtt/consumer.h"

#include <algorithm>
#include <atomic>

#include "base/log.h"

namespace weir::mqtt {

// The messages of one read, until every sink has stored them.
struct Consumer::Batch {
  uint64_t connection = 0;
  std::vector<uint64_t> tickets;
  std::atomic<size_t> sinks_to_wait_for = 0;
  Guarded<std::optional<Error>> failure;
};

std::shared_ptr<Consumer> Consumer::make(net::IoThread& thread, const Clock& clock,
                                         ClientSettings settings, std::vector<PublishSink*> sinks,
                                         Remember remember) {
  auto consumer = std::make_shared<Consumer>(thread, std::move(sinks), std::move(remember));
  consumer->client_ = Client::make(thread, clock, std::move(settings), *consumer);
  return consumer;
}

Consumer::Consumer(net::IoThread& thread, std::vector<PublishSink*> sinks, Remember remember)
    : thread_(thread), sinks_(std::move(sinks)), remember_(std::move(remember)) {}
Consumer::~Consumer() = default;

void Consumer::on_connected(bool) {
  connection_++;
  resting_ = false;
}

void Consumer::on_subscribed(const std::set<std::string>& held) {
  if (remember_) remember_(held);
}

void Consumer::on_messages(std::vector<ReceivedEvent> messages) {
  std::vector<MessagePtr> accepted;
  accepted.reserve(messages.size());
  auto batch = std::make_shared<Batch>();
  batch->connection = connection_;
  for (ReceivedEvent& one : messages) {
    if (one.ticket) batch->tickets.push_back(*one.ticket);
    accepted.push_back(std::move(one.message));
  }
  batch->sinks_to_wait_for = sinks_.size();
  for (PublishSink* sink : sinks_) {
    if (batch->tickets.empty()) {
      sink->accept(accepted, [](Result<void>) {});
      continue;
    }
    sink->accept(accepted, [weak = weak_from_this(), batch, &thread = thread_](Result<void> how) {
      if (!how.ok()) *batch->failure.lock() = std::move(how).error();
      if (batch->sinks_to_wait_for.fetch_sub(1) != 1) return;
      auto settle = [weak, batch] {
        if (auto self = weak.lock()) self->settle(*batch);
      };
      if (thread.is_this_thread()) {
        settle();
      } else {
        thread.post(settle);
      }
    });
  }
  rest_if_needed();
}

void Consumer::settle(const Batch& batch) {
  std::optional<Error> failure = *batch.failure.lock();
  if (!failure) return client_->acknowledge(batch.tickets);
  const bool has_copies = client_->give_back(batch.tickets);
  // Its connection may be over already, and the broker not have sent it again yet.
  if (batch.connection != connection_ && !has_copies) return;
  log::warn("mqtt", "messages of the broker could not be stored: {}", failure->message);
  client_->reconnect(std::move(*failure).with_context("messages could not be stored"));
}

bool Consumer::is_full() const {
  return client_->unacknowledged() > kUnacknowledgedMax ||
         std::any_of(sinks_.begin(), sinks_.end(), [](auto* sink) { return sink->congested(); });
}

void Consumer::rest_if_needed() {
  if (resting_ || !is_full()) return;
  resting_ = true;
  client_->pause_reading();
  thread_.after_ms(kReliefMs, [weak = weak_from_this()] {
    auto self = weak.lock();
    if (!self) return;
    self->resting_ = false;
    self->rest_if_needed();
    if (!self->resting_) self->client_->resume_reading();
  });
}

}  // namespace weir::mqtt
