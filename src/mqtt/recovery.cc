// Hub: from what the journal holds to sessions and retained messages, at a start.
//
// Sessions are made here, before any connection, and given to their threads by a task that stands
// before whatever a listener brings. Time goes on while the process is away: a session's expiry and
// a will's delay count from the end of its connection, which for those that were connected until a
// crash is now.
#include <algorithm>

#include "base/log.h"
#include "mqtt/broker_thread.h"
#include "mqtt/metrics.h"

namespace weir::mqtt {
namespace {

std::unique_ptr<Session> make_session(Hub& hub, uint64_t key, const JournalImage::Session& from,
                                      uint32_t home) {
  auto receiver = std::make_shared<Receiver>(from.client_id, home);
  receiver->journal_key = key;
  {
    auto details = receiver->details.lock();
    details->user = from.user;
    details->clean_start = false;
    details->session_expiry_s = from.expiry_s;
    details->disconnected_at_ns = from.wall_ns;
    details->ended_because = "weir was started anew";
  }
  auto session = std::make_unique<Session>(receiver, Session::limits_of(hub.options), hub.queues,
                                           hub.retained);
  session->expiry_s = from.expiry_s;
  session->subscriptions = from.subscriptions;
  session->count_subscriptions();
  receiver->subscriptions = static_cast<uint32_t>(from.subscriptions.size());
  for (const auto& [filter, subscription] : from.subscriptions) {
    TopicTree::Subscribed done = hub.tree.subscribe(filter, receiver, subscription);
    if (done.group) session->join(std::move(done.group));
  }
  for (uint16_t packet_id : from.received) session->restore_received(packet_id);
  if (from.will) {
    session->set_will({.message = copy_of(*from.will->message),
                       .delay_s = from.will->delay_s,
                       .is_recovered = true});
  }
  return session;
}

void restore_messages(const JournalImage& image, std::map<uint64_t, Session*>& sessions) {
  for (const auto& [number, entry] : image.entries()) {
    for (const JournalImage::Delivery& one : entry.deliveries) {
      auto found = one.done ? sessions.end() : sessions.find(one.session);
      if (found == sessions.end()) continue;
      Session::Restored restored{.message = entry.message,
                                 .number = number,
                                 .qos = one.qos,
                                 .retain = one.retain,
                                 .ids = {},
                                 .group = nullptr,
                                 .state = one.state,
                                 .packet_id = one.packet_id};
      if (one.details) {
        restored.ids = one.details->ids;
        if (!one.details->name.empty()) {
          restored.group = found->second->find_group(one.details->name);  // null: it has left it
        }
      }
      found->second->restore(std::move(restored));
    }
  }
}

}  // namespace

void Hub::recover() {
  if (!journal) return;
  retained.keep_changes();
  const JournalImage& image = journal->image();
  for (const auto& [topic, message] : image.retained()) retained.restore(message);
  // A crash can leave a session and the one that took its place: the later one counts.
  std::map<std::string_view, uint64_t> latest;
  for (const auto& [key, from] : image.sessions()) latest[from.client_id] = key;
  std::map<uint64_t, Session*> sessions;
  std::vector<std::vector<BrokerThread::Recovered>> by_thread(threads.size());
  std::vector<uint64_t> replaced;
  int64_t wall_ns = clock.wall_ns();
  for (const auto& [key, from] : image.sessions()) {
    if (latest[from.client_id] != key) {
      replaced.push_back(key);
      continue;
    }
    auto home = static_cast<uint32_t>(sessions.size() % threads.size());
    std::unique_ptr<Session> session = make_session(*this, key, from, home);
    sessions[key] = session.get();
    receivers.lock()->insert(session->shared_receiver());
    int64_t gone_ms =
        from.is_connected ? 0 : std::max<int64_t>(0, wall_ns - from.wall_ns) / 1'000'000;
    by_thread[home].push_back({std::move(session), from.is_connected, gone_ms});
  }
  restore_messages(image, sessions);
  for (const auto& [key, session] : sessions) session->finish_restoring();
  sessions_recovered.set(static_cast<double>(sessions.size()));
  if (!image.sessions().empty() || !image.retained().empty()) {
    log::info("mqtt", "{} sessions with {} messages and {} retained messages were kept",
              sessions.size(), image.entries().size(), image.retained().size());
  }
  for (uint32_t index = 0; index < threads.size(); index++) {
    // std::function copies its target, so the sessions travel in a box.
    auto box = std::make_shared<std::vector<BrokerThread::Recovered>>(std::move(by_thread[index]));
    post(index, [box](BrokerThread& here) { here.take_recovered(std::move(*box)); });
  }
  post(0, [replaced = std::move(replaced)](BrokerThread& here) {
    for (uint64_t key : replaced) here.journal().ended(key);
  });
}

void BrokerThread::take_recovered(std::vector<Recovered> recovered) {
  std::vector<std::pair<Receiver*, int64_t>> waiting;
  for (Recovered& one : recovered) {
    Receiver& receiver = one.session->receiver();
    Home& home = homes_[&receiver];
    home.session = std::move(one.session);
    home.session->set_journal(&journal_);
    receiver.session = home.session.get();
    sessions_held.add(1);
    if (one.by_crash) {
      journal_.disconnected(receiver.journal_key, home.session->expiry_s, now().wall_ns);
    }
    waiting.emplace_back(&receiver, one.gone_ms);
  }
  // Only now: a will that is due can be for any of them.
  for (const auto& [receiver, gone_ms] : waiting) {
    wait_for_return(homes_.find(receiver)->second, gone_ms);
  }
}

}  // namespace weir::mqtt
