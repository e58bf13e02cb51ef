// Connection: from the publishes of one read to the sinks, and their acknowledgements back.
#include "base/log.h"
#include "mqtt/connection.h"

namespace weir::mqtt {

void Connection::hand_to_sinks() {
  std::shared_ptr<Unanswered> unanswered = std::move(read_unanswered_);
  if (unanswered) {
    unanswered_.push_back(unanswered);
    unanswered_count_ += unanswered->answers.size();
  }
  if (read_messages_.empty()) return;
  published_ = true;
  // Sinks may publish in turn or fail at once; the batch is out of reach by then.
  std::vector<MessagePtr> messages = std::move(read_messages_);
  const std::vector<PublishSink*>& sinks = thread_.hub().sinks;
  if (unanswered) unanswered->sinks_to_wait_for = sinks.size();
  std::shared_ptr<Hub> hub = thread_.hub().shared_from_this();
  for (PublishSink* sink : sinks) {
    if (!unanswered) {
      sink->accept(messages, [](Result<void>) {});
      continue;
    }
    auto stored = [hub, unanswered, index = thread_.index(), number = number_](Result<void> how) {
      if (!how.ok()) *unanswered->failure.lock() = std::move(how).error();
      if (unanswered->sinks_to_wait_for.fetch_sub(1) != 1) return;
      auto answer = [number](BrokerThread& here) {
        if (Connection* connection = here.find_connection(number)) {
          connection->send_acknowledgements();
        }
      };
      // A sink that stores at once is answered at the end of the read, without a detour.
      BrokerThread& there = *hub->threads[index];
      if (!hub->stopping && there.io().is_this_thread()) {
        answer(there);
      } else {
        hub->post(index, answer);
      }
    };
    sink->accept(messages, std::move(stored));
  }
  messages.clear();
  if (read_messages_.empty()) read_messages_ = std::move(messages);  // keeps the capacity
}

void Connection::send_acknowledgements() {
  if (in_read_ || closed_) return;
  std::string reply;
  size_t answered = 0;
  std::optional<Error> failure;
  while (!unanswered_.empty() && unanswered_.front()->sinks_to_wait_for == 0) {
    std::shared_ptr<Unanswered> batch = std::move(unanswered_.front());
    unanswered_.pop_front();
    failure = *batch->failure.lock();
    if (failure && protocol_.version() == Version::v311) break;  // it has no way to say no
    Reason refusal = failure ? reason_of(failure->code) : Reason::success;
    if (failure && refusal != Reason::quota_exceeded) refusal = Reason::unspecified_error;
    for (const Unanswered::Answer& answer : batch->answers) {
      Reason reason = answer.reason != Reason::success ? answer.reason : refusal;
      encode_ack(PacketType::puback, answer.packet_id, reason, protocol_.version(), reply);
    }
    answered += batch->answers.size();
  }
  if (answered != 0) {
    unanswered_count_ -= answered;
    protocol_.publishes_answered(answered);
    write(reply);
    // One that rests for the sinks' sake as well is paused again after its next read.
    if (paused_ && unanswered_count_ <= kUnansweredMax / 2) resume();
  }
  if (failure) {
    log::warn("mqtt", "client {}: a publish could not be stored: {}", client_id_, failure->message);
    if (protocol_.version() == Version::v311) {
      close(Reason::unspecified_error, "a publish could not be stored");
    }
  }
}

// A read that brought publishes may be followed by a rest: while a sink is congested, or while too
// many acknowledgements are due. The peer then waits in the kernel's buffers.
void Connection::pause_if_needed() {
  bool published = std::exchange(published_, false);
  if (closed_) return;
  // Deliveries stop at the bound of unsent bytes; beyond it and one packet there are only answers
  // to a peer that asks and does not listen.
  const BrokerOptions& options = thread_.hub().options;
  if (!stuffed_ && unsent_bytes() > options.unsent_bytes_max + options.packet_bytes_max) {
    stuffed_ = true;
    stream_->pause_reading();
  }
  if (paused_ || !published) return;
  bool congested = thread_.hub().is_congested();
  if (!congested && unanswered_count_ <= kUnansweredMax) return;
  paused_ = true;
  stream_->pause_reading();
  if (congested) thread_.resume_when_relieved(number_);
}

void Connection::resume() {
  if (closed_ || !paused_ || unanswered_count_ > kUnansweredMax) return;
  paused_ = false;
  if (!stuffed_) stream_->resume_reading();
}

}  // namespace weir::mqtt
