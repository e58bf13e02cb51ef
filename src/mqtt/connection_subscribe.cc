// Connection: SUBSCRIBE and UNSUBSCRIBE.
#include "mqtt/connection.h"
#include "mqtt/topic.h"

namespace weir::mqtt {

// Subscribes to one filter, or says why not.
Reason Connection::subscribe(const SubscribeAction& action, const SubscribeAction::Entry& entry,
                             NewSubscriptions& made, const char*& why) {
  Session& session = *session_;
  JournalBatch& journal = thread_.journal();
  uint64_t key = session.journal_key();
  if (entry.answer >= Reason::unspecified_error) {
    why = entry.why;
    return entry.answer;
  }
  if (session.subscriptions.size() >= kSubscriptionsMax &&
      !session.subscriptions.contains(entry.filter)) {
    why = "the client has as many subscriptions as it may";
    return Reason::quota_exceeded;
  }
  if (!session.has_room_for(entry.filter)) {
    why = "subscriptions hold as much as they may";
    return Reason::quota_exceeded;
  }
  if (key != 0 && journal.is_failed()) {  // it would not outlive a restart
    why = "the journal cannot be written";
    return Reason::unspecified_error;
  }
  Subscription subscription{entry.options, action.id};
  hold_until(journal.subscribed(key, entry.filter, subscription));
  auto [is_new, group] =
      thread_.hub().tree.subscribe(entry.filter, session.shared_receiver(), subscription);
  session.keep_subscription(entry.filter, subscription);
  if (group) {  // §4.8.2: no retained messages
    if (is_new) made.joined.push_back(group);
    session.join(std::move(group));
    return entry.answer;
  }
  RetainHandling handling = entry.options.retain_handling;
  if (handling == RetainHandling::send || (handling == RetainHandling::send_if_new && is_new)) {
    made.want_retained.emplace_back(&entry.filter, subscription);
  } else {
    session.renew_replay(entry.filter, subscription);
  }
  return entry.answer;
}

void Connection::handle(SubscribeAction& action) {
  if (closed_) return;
  Session& session = *session_;
  NewSubscriptions made;
  std::vector<Reason> answers;
  const char* why = "";  // of the first refusal
  for (const SubscribeAction::Entry& entry : action.entries) {
    const char* problem = "";
    if (answers.size() < kFiltersMax) {
      answers.push_back(subscribe(action, entry, made, problem));
    } else {
      answers.push_back(Reason::quota_exceeded);
      problem = "more topic filters than a packet may have";
    }
    if (why[0] == 0) why = problem;
  }
  session.receiver().subscriptions = static_cast<uint32_t>(session.subscriptions.size());
  write(protocol_.acknowledge_subscribe(action.packet_id, answers, why));
  if (!made.want_retained.empty()) {
    uint64_t version = thread_.hub().retained.version();
    for (const auto& [filter, subscription] : made.want_retained) {
      session.replay(*filter, subscription, version);
    }
    replay_is_due_ = true;
  }
  for (const SharedGroupPtr& group : made.joined) thread_.member_connected(*group);
}

void Connection::handle(UnsubscribeAction& action) {
  if (closed_) return;
  Session& session = *session_;
  std::vector<Reason> answers;
  std::vector<std::string_view> left;
  for (const std::string& filter : action.filters) {
    bool existed = session.drop_subscription(filter);
    if (existed) {
      uint64_t ticket = thread_.journal().unsubscribed(session.journal_key(), filter);
      if (!thread_.journal().is_failed()) hold_until(ticket);
      thread_.hub().tree.unsubscribe(filter, session.receiver());
      session.cancel_replay(filter);
      if (is_shared_filter(filter)) left.push_back(filter);
    }
    answers.push_back(existed ? Reason::success : Reason::no_subscription_existed);
  }
  if (!left.empty()) thread_.left_groups(session, left);
  session.receiver().subscriptions = static_cast<uint32_t>(session.subscriptions.size());
  write(protocol_.acknowledge_unsubscribe(action.packet_id, answers));
}

}  // namespace weir::mqtt
