// BrokerThread: which session a CONNECT gets, and how sessions come, move and end.
//
// A claim is resolved on the session's home thread. If that is another thread than the new
// connection's, the session moves: its receiver's home is set to the new thread first; then a
// barrier makes sure that what other threads had already sent to the old home has arrived there
// (from where it is forwarded); only then is the session posted, behind the forwarded messages. The
// new home parks what comes for the session before it arrives: what was forwarded, and behind it
// what was sent to the new home from the start. So no message is lost or overtaken.
#include "base/assert.h"
#include "base/log.h"
#include "mqtt/broker_thread.h"
#include "mqtt/connection.h"
#include "mqtt/metrics.h"

namespace weir::mqtt {

void BrokerThread::resolve(Claim claim) {
  std::shared_ptr<Receiver> receiver;
  bool is_new = false, is_full = false;
  uint32_t home = index_;
  {
    auto receivers = hub_.receivers.lock();
    auto held = receivers->find(claim.client_id);
    if (held != receivers->end()) {
      receiver = *held;
      home = receiver->home.load(std::memory_order_acquire);
    } else if (claim.thread != index_) {
      home = claim.thread;  // the session ended while the claim was under way
    } else if (receivers->size() >= hub_.options.sessions_max) {
      is_full = true;
    } else {
      is_new = true;
      receiver = std::make_shared<Receiver>(claim.client_id, index_);
      receivers->insert(receiver);
    }
  }
  if (is_full) {
    if (Connection* connection = find_connection(claim.connection)) {
      connection->refuse(Reason::quota_exceeded, "as many sessions as there may be");
    }
  } else if (is_new) {
    create_session(std::move(receiver), claim);
  } else if (home == index_) {
    resolve_here(receiver, claim);
  } else {
    hub_.post(home, [claim](BrokerThread& there) { there.resolve(claim); });
  }
}

void BrokerThread::resolve_here(const std::shared_ptr<Receiver>& receiver, const Claim& claim) {
  auto found = homes_.find(receiver.get());
  if (found == homes_.end()) {
    arriving_[receiver.get()].claims.push_back(claim);
    return;
  }
  if (Connection* old = find_connection(found->second.connection)) {
    old->close(Reason::session_taken_over, "another connection took the session over");
    return resolve(claim);  // the session may have ended with its connection
  }
  // What was queued for one user is not given to another who knows the client identifier.
  bool is_anothers = receiver->details.lock()->user != claim.user;
  if (claim.clean_start || is_anothers) {
    end_session(*receiver);
    return resolve(claim);
  }
  if (claim.thread != index_) return give_away(*receiver, claim);
  attach(found->second, claim, true);
}

void BrokerThread::create_session(std::shared_ptr<Receiver> receiver, const Claim& claim) {
  Home& home = homes_[receiver.get()];
  home.session = std::make_unique<Session>(receiver, Session::limits_of(hub_.options), hub_.queues,
                                           hub_.retained);
  home.session->set_journal(&journal_);
  receiver->session = home.session.get();
  sessions_held.add(1);
  attach(home, claim, false);
}

void BrokerThread::attach(Home& home, const Claim& claim, bool present) {
  cancel_timers(home);
  Session& session = *home.session;
  Connection* connection = find_connection(claim.connection);
  // Gone while its claim was under way: nobody has resumed the session, and its will is still due.
  if (connection == nullptr) return connection_ended(session, true);
  home.connection = claim.connection;
  connection->begin(session, present);
}

void BrokerThread::give_away(Receiver& receiver, const Claim& claim) {
  auto found = homes_.find(&receiver);
  cancel_timers(found->second);
  // std::function copies its target, so the session's only owner travels in a box.
  auto box = std::make_shared<std::unique_ptr<Session>>(std::move(found->second.session));
  homes_.erase(found);
  receiver.session = nullptr;
  receiver.home.store(claim.thread, std::memory_order_release);
  after_barrier([box, claim](BrokerThread& here) {
    here.flush();  // what was forwarded goes first
    here.hub_.post(claim.thread,
                   [box, claim](BrokerThread& there) { there.arrive(std::move(*box), claim); });
  });
}

void BrokerThread::after_barrier(std::function<void(BrokerThread&)> then) {
  auto waiting = std::make_shared<size_t>(hub_.threads.size());  // counted down on this thread
  for (uint32_t thread = 0; thread < hub_.threads.size(); thread++) {
    hub_.post(thread, [waiting, then, home = index_](BrokerThread& there) {
      there.flush();
      there.hub_.post(home, [waiting, then](BrokerThread& here) {
        if (--*waiting == 0) then(here);
      });
    });
  }
}

void BrokerThread::arrive(std::unique_ptr<Session> session, const Claim& claim) {
  std::shared_ptr<Receiver> receiver = session->shared_receiver();
  Home& home = homes_[receiver.get()];
  home.session = std::move(session);
  home.session->set_journal(&journal_);
  receiver->session = home.session.get();
  Arriving waiting;
  if (auto found = arriving_.find(receiver.get()); found != arriving_.end()) {
    waiting = std::move(found->second);
    arriving_.erase(found);
  }
  attach(home, claim, true);
  waiting.share.reset();  // the session's queue takes them over
  waiting.forwarded.insert(waiting.forwarded.end(), waiting.direct.begin(), waiting.direct.end());
  for (const Arriving::Parked& parked : waiting.forwarded) {
    if (receiver->session != nullptr) {
      outgoing_.start(parked.message, now(), 1, parked.number);
      receiver->session->deliver(outgoing_, parked.grant);
    } else if (parked.grant.group) {
      hand_to_group(*parked.grant.group, parked.message, parked.number);
    }
  }
  if (receiver->session != nullptr) settle(*receiver->session);
  for (Claim& next : waiting.claims) resolve(std::move(next));
  flush();
}

void BrokerThread::cancel_timers(Home& home) {
  if (home.expiry_timer != 0) io_.cancel(home.expiry_timer);
  if (home.will_timer != 0) io_.cancel(home.will_timer);
  home.expiry_timer = home.will_timer = 0;
}

void BrokerThread::connection_ended(Session& session, bool with_will) {
  Receiver* receiver = &session.receiver();
  auto found = homes_.find(receiver);
  WEIR_ASSERT(found != homes_.end(), "a connection's session is at home on its thread");
  Home& home = found->second;
  session.detach();
  home.connection = 0;
  settle(session);
  {
    auto details = receiver->details.lock();
    details->connected = false;
    details->disconnected_at_ns = now().wall_ns;
  }
  if (session.expiry_s != 0 && !hub_.stopping) hand_on_to_connected(session);
  if (!with_will) forget_will(session);
  if (session.expiry_s == 0) return end_session(*receiver);
  journal_.disconnected(session.journal_key(), session.expiry_s, now().wall_ns);
  // At a stop it stays as it is, its will with it: that is due at the start.
  if (!hub_.stopping) wait_for_return(home, 0);
}

void BrokerThread::note_connected(Session& session, std::string_view user) {
  Receiver& receiver = session.receiver();
  uint64_t key = session.journal_key();
  if (session.expiry_s != 0 && key == 0) {
    receiver.journal_key =
        journal_.begin_session(receiver.client_id, user, session.expiry_s, now().wall_ns);
  } else if (session.expiry_s != 0) {
    journal_.connected(key, session.expiry_s, now().wall_ns);
  } else if (key != 0) {
    journal_.ended(key);
    receiver.journal_key = 0;
  }
}

// Sends the will and ends the session in their time, the client being gone since `gone_ms`.
void BrokerThread::wait_for_return(Home& home, int64_t gone_ms) {
  Session& session = *home.session;
  // The timers look the session up again: it may be connected, moved or gone by then, which
  // cancels them.
  std::shared_ptr<Receiver> held = session.shared_receiver();
  auto rest_ms = [gone_ms](uint32_t seconds) {
    return std::max<int64_t>(0, int64_t(seconds) * 1000 - gone_ms);
  };
  if (session.will() && session.will()->delay_s == 0) {
    publish_will(home);
  } else if (session.will() && session.will()->delay_s < session.expiry_s) {
    home.will_timer = after_ms(rest_ms(session.will()->delay_s), [held](BrokerThread& here) {
      auto at = here.homes_.find(held.get());
      if (at == here.homes_.end()) return;
      at->second.will_timer = 0;
      here.publish_will(at->second);
    });
  }
  if (gone_ms > 0 && rest_ms(session.expiry_s) == 0) return end_session(*held);
  if (session.expiry_s != Session::kNeverExpires) {
    home.expiry_timer = after_ms(rest_ms(session.expiry_s), [held](BrokerThread& here) {
      auto at = here.homes_.find(held.get());
      if (at == here.homes_.end()) return;
      at->second.expiry_timer = 0;
      here.hub_.sessions_expired++;
      sessions_expired.add(1);
      here.end_session(*held);
    });
  }
}

void BrokerThread::publish_will(Home& home) {
  Session& session = *home.session;
  if (!session.will()) return;
  forget_forbidden_will(session);
  if (!session.will()) return;
  std::unique_ptr<Message> message = std::move(session.take_will()->message);
  message->received_ns = now().wall_ns;
  journal_.will_gone(session.journal_key());
  publish(MessagePtr(std::move(message)), &session.receiver());
}

void BrokerThread::forget_will(Session& session) {
  if (!session.take_will()) return;
  journal_.will_gone(session.journal_key());
}

void BrokerThread::end_session(Receiver& receiver) {
  auto found = homes_.find(&receiver);
  WEIR_ASSERT(found != homes_.end(), "a session ends on its home thread");
  cancel_timers(found->second);
  publish_will(found->second);  // at the latest when the session ends [MQTT-3.1.3-9]
  std::unique_ptr<Session> session = let_go(receiver);
  if (!hub_.stopping) hand_on(*session, [](const SharedGroup&, const Message&) { return true; });
  for (const std::shared_ptr<PublishBatch>& batch : session->take_batches()) {
    if (batch->is_stored()) route_unrouted(*batch);
  }
  // What is written about it from now on is passed over.
  journal_.ended(receiver.journal_key.exchange(0));
}

// Nobody finds the session here any more; the journal keeps what it holds of it.
std::unique_ptr<Session> BrokerThread::let_go(Receiver& receiver) {
  auto found = homes_.find(&receiver);
  WEIR_ASSERT(found != homes_.end(), "a session goes from its home thread");
  cancel_timers(found->second);
  std::unique_ptr<Session> session = std::move(found->second.session);
  homes_.erase(found);
  receiver.session = nullptr;
  {
    auto receivers = hub_.receivers.lock();
    receiver.home.store(Receiver::kGone, std::memory_order_release);
    receivers->erase(receiver.client_id);
  }
  for (const auto& [filter, subscription] : session->subscriptions) {
    hub_.tree.unsubscribe(filter, receiver);
  }
  sessions_held.add(-1);
  return session;
}

}  // namespace weir::mqtt
