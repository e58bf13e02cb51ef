// BrokerThread: publishes that every sink has stored are routed (QoS 2) and answered.
//
// A batch is settled on the home thread of the session that it came for, in the order of the
// publishes; its connection may be gone or another by then. A session that has ended has nobody to
// answer, but what was stored of its publishes is routed all the same.
#include "base/assert.h"
#include "base/log.h"
#include "base/log_limit.h"
#include "mqtt/broker_thread.h"
#include "mqtt/connection.h"

namespace weir::mqtt {

void Hub::batch_is_stored(const std::shared_ptr<PublishBatch>& batch) {
  uint32_t home = batch->receiver->home.load(std::memory_order_acquire);
  if (home == Receiver::kGone) home = batch->thread;
  // A sink that stores at once is answered at the end of the read, without a detour.
  BrokerThread& there = *threads[home];
  if (!stopping && there.io().is_this_thread()) {
    there.batch_is_stored(batch);
  } else {
    post(home, [batch](BrokerThread& here) { here.batch_is_stored(batch); });
  }
}

void BrokerThread::batch_is_stored(const std::shared_ptr<PublishBatch>& batch) {
  Receiver& receiver = *batch->receiver;
  uint32_t home = receiver.home.load(std::memory_order_acquire);
  if (home == Receiver::kGone) {
    route_unrouted(*batch);
    return flush_later();
  }
  if (home != index_) {
    hub_.post(home, [batch](BrokerThread& there) { there.batch_is_stored(batch); });
  } else if (receiver.session != nullptr) {
    settle(*receiver.session);
    flush_later();
  }  // else it is on its way here, and is settled when it arrives
}

// What a refused publish is told, beyond the code.
static const char* why_of(Reason reason) {
  return reason == Reason::not_authorized ? "the client may not publish to the topic"
                                          : "the message could not be stored";
}

// What settling has to say to the connection that the session has now.
struct Settlement {
  const Protocol* protocol = nullptr;  // null: nobody to answer
  bool is_its = false;                 // the batch came on that connection
  std::string acknowledgements;
  size_t answered = 0, ended = 0;
  bool cannot_say = false;  // a failure, to a 3.1.1 client
  uint64_t ticket = 0;      // what the answers rely on
};

void BrokerThread::settle(Session& session) {
  if (!session.has_batches()) return;
  const std::shared_ptr<Receiver> receiver = session.shared_receiver();
  auto home = homes_.find(receiver.get());
  WEIR_ASSERT(home != homes_.end(), "a session is settled at home");
  Connection* connection = find_connection(home->second.connection);
  if (connection != nullptr && connection->is_in_read()) return;
  Settlement settlement;
  if (connection != nullptr) settlement.protocol = &connection->protocol();
  while (std::shared_ptr<PublishBatch> batch = session.take_stored_batch()) {
    std::optional<Error> failure = *batch->failure.lock();
    static log::Limit failures{"mqtt", "publishes that could not be stored"};
    if (failure && failures.admits()) {
      log::warn("mqtt", "client {}: a publish could not be stored: {}",
                log::shown(receiver->client_id), failure->message);
    }
    if (!failure && !batch->unrouted.empty() && journal_.is_failed()) {
      failure = Error{Errc::io, "the journal cannot be written"};  // nor could a repetition be told
    }
    settlement.is_its = connection != nullptr && batch->connection == connection->number() &&
                        batch->thread == index_;
    settle(session, *batch, failure, settlement);
    if (settlement.cannot_say) break;
  }
  if (connection == nullptr) return;
  if (settlement.answered != 0) {
    connection->hold_until(settlement.ticket);
    connection->answer(settlement.acknowledgements, settlement.answered, settlement.ended);
  }
  if (settlement.cannot_say) {  // the last use of the session: it may end with its connection
    connection->close(Reason::unspecified_error, "a publish could not be stored");
  }
}

void BrokerThread::settle(Session& session, PublishBatch& batch,
                          const std::optional<Error>& failure, Settlement& out) {
  using Kind = PublishBatch::Kind;
  Reason refusal = failure ? reason_of(failure->code) : Reason::success;
  if (failure && refusal != Reason::quota_exceeded) refusal = Reason::unspecified_error;
  batch.settled = true;
  size_t routed = 0;
  for (const PublishBatch::Answer& answer : batch.answers) {
    Reason reason = answer.reason;
    bool is_taken = reason < Reason::unspecified_error;  // as far as could be told before storing
    if (answer.kind == Kind::exactly_once && is_taken) {
      if (failure) {
        session.abandon_receiving(answer.packet_id, refusal);
      } else {
        Routed done = route(batch.unrouted[routed++], &session.receiver(), now());
        out.ticket = std::max(out.ticket, done.ticket);
        session.finish_receiving(answer.packet_id);
      }
    }
    if (answer.kind == Kind::repeated) {  // fares as the first did, which has been settled
      reason = session.refused_as(answer.packet_id).value_or(reason);
    } else if (failure && is_taken) {
      reason = refusal;
    }
    if (!out.is_its) continue;
    // 3.1.1 takes what a client may not do for done, but what failed must not seem so; nor are the
    // answers behind it given.
    bool refused = reason >= Reason::unspecified_error;
    out.cannot_say |=
        refused && reason != Reason::not_authorized && out.protocol->version() != Version::v5;
    if (out.cannot_say) continue;
    PacketType type = answer.kind == Kind::at_least_once ? PacketType::puback : PacketType::pubrec;
    out.protocol->acknowledge(type, answer.packet_id, reason, refused ? why_of(reason) : "",
                              out.acknowledgements);
    out.answered++;
    if (type == PacketType::puback || refused) out.ended++;
  }
}

// Of a session that has ended. Once only: it is told of the end and of the storing.
void BrokerThread::route_unrouted(PublishBatch& batch) {
  if (batch.settled.exchange(true) || hub_.stopping || *batch.failure.lock()) return;
  for (const MessagePtr& message : batch.unrouted) {
    route(message, batch.receiver.get(), now());
  }
}

}  // namespace weir::mqtt
