// Connection: from the publishes of one read to the sinks, and their acknowledgements back.
#include "mqtt/connection.h"

namespace weir::mqtt {

bool Connection::answer_later(const PublishAction& action) {
  using Kind = PublishBatch::Kind;
  std::shared_ptr<PublishBatch>& batch = reading_->batch;
  if (!batch) {
    batch = std::make_shared<PublishBatch>();
    batch->receiver = session_->shared_receiver();
    batch->thread = thread_.index();
    batch->connection = number_;
  }
  Kind kind = Kind::at_least_once;
  if (action.qos == 2) {
    // A refused one takes no identifier; but it may repeat one that was taken before.
    bool is_known = action.message ? !session_->begin_receiving(action.packet_id)
                                   : session_->has_received(action.packet_id);
    kind = is_known ? Kind::repeated : Kind::exactly_once;
  }
  bool is_repeated = kind == Kind::repeated;
  Reason refusal = is_repeated ? Reason::success : action.refusal;
  batch->answers.push_back({action.packet_id, kind, refusal});
  if (kind == Kind::exactly_once && action.message) {
    batch->unrouted.push_back(action.message);
  }
  return !is_repeated;
}

void Connection::hand_to_sinks() {
  if (reading_ == nullptr) return;
  std::shared_ptr<PublishBatch> batch = std::move(reading_->batch);
  const uint64_t ticket = std::exchange(reading_->ticket, 0);
  if (batch) {
    session_->push_batch(batch);
    unanswered_ += batch->answers.size();
    tell_in_flight();
  }
  published_ |= batch != nullptr;
  if (reading_->messages.empty()) return;
  published_ = true;
  // Sinks may publish in turn or fail at once; the messages are out of reach by then.
  std::vector<MessagePtr> messages = std::move(reading_->messages);
  const std::vector<PublishSink*>& sinks = thread_.hub().sinks;
  std::shared_ptr<Hub> hub = thread_.hub().shared_from_this();
  if (batch) batch->sinks_to_wait_for = sinks.size() + (ticket != 0 ? 1 : 0);
  if (batch && ticket != 0) {
    thread_.journal().when_durable(ticket, [&thread = thread_, batch](bool is_durable) {
      if (!is_durable) *batch->failure.lock() = Error{Errc::io, "the journal cannot be written"};
      if (batch->sinks_to_wait_for.fetch_sub(1) == 1) thread.hub().batch_is_stored(batch);
    });
  }
  for (PublishSink* sink : sinks) {
    if (!batch) {
      sink->accept(messages, [](Result<void>) {});
      continue;
    }
    sink->accept(messages, [hub, batch](Result<void> how) {
      if (!how.ok()) *batch->failure.lock() = std::move(how).error();
      if (batch->sinks_to_wait_for.fetch_sub(1) == 1) hub->batch_is_stored(batch);
    });
  }
  messages.clear();
  reading_->messages = std::move(messages);  // keeps the capacity
}

void Connection::answer(std::string_view acknowledgements, size_t answered, size_t ended) {
  unanswered_ -= answered;
  protocol_.exchanges_ended(ended);
  tell_in_flight();
  write(acknowledgements);
  if (paused_ && !resting_ && unanswered_ <= kUnansweredMax / 2) resume();
}

// For the list of clients, which other threads read.
void Connection::tell_in_flight() {
  if (session_ == nullptr) return;
  session_->receiver().in_flight_in.store(static_cast<uint32_t>(protocol_.open_exchanges()),
                                          std::memory_order_relaxed);
}

// A read that brought publishes may be followed by a rest: while a sink is congested, or while too
// many acknowledgements are due; one that brought whatever is written down, while the journal is.
// The peer then waits in the kernel's buffers.
void Connection::pause_if_needed() {
  bool published = std::exchange(published_, false);
  bool wrote = std::exchange(wrote_, false);
  if (closed_) return;
  rest_for_rate();
  // Deliveries stop at the bound of unsent bytes; beyond it and one packet there are only answers
  // to a peer that asks and does not listen.
  const BrokerOptions& options = thread_.hub().options;
  if (!stuffed_ && unsent_bytes() > options.unsent_bytes_max + options.packet_bytes_max) {
    stuffed_ = true;
    stream_->pause_reading();
  }
  if (paused_ || !(published || wrote)) return;
  bool congested = published ? thread_.hub().is_congested() : thread_.journal().is_congested();
  if (!congested && unanswered_ <= kUnansweredMax) return;
  paused_ = true;
  stream_->pause_reading();
  resting_ = congested;
  if (congested) thread_.resume_when_relieved(number_);
}

void Connection::relieved() {
  resting_ = false;
  resume();
}

void Connection::resume() {
  if (closed_ || !paused_ || unanswered_ > kUnansweredMax) return;
  paused_ = false;
  read_on();
}

}  // namespace weir::mqtt
