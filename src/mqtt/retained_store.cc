#include "mqtt/retained_store.h"

#include "mqtt/journal.h"
#include "mqtt/topic.h"

namespace weir::mqtt {

std::string_view literal_prefix(std::string_view filter) {
  size_t wildcard = filter.find_first_of("+#");
  if (wildcard == std::string_view::npos) return filter;
  std::string_view prefix = filter.substr(0, wildcard);
  // "a/#" matches "a" too.
  if (filter[wildcard] == '#' && !prefix.empty()) prefix.remove_suffix(1);
  return prefix;
}

bool has_expired(const Message& message, int64_t wall_ns) {
  if (!message.properties || !message.properties->message_expiry_s) return false;
  int64_t lives_ns = int64_t(*message.properties->message_expiry_s) * 1'000'000'000;
  return wall_ns - message.received_ns >= lives_ns;
}

bool outlives_restart(std::string_view topic) { return !is_servers_topic(topic); }

void RetainedStore::note_stored(State& state, const MessagePtr& message) {
  if (!state.keeps_changes || !outlives_restart(message->topic)) return;
  state.changes.push_back({.kind = OpKind::message, .message = message});
  state.changes.push_back({.kind = OpKind::retained});
}

void RetainedStore::note_cleared(State& state, const std::string& topic) {
  if (!state.keeps_changes || !outlives_restart(topic)) return;
  auto details = std::make_shared<OpDetails>();
  details->name = topic;
  state.changes.push_back({.kind = OpKind::cleared, .details = std::move(details)});
}

void RetainedStore::hand_over(Journal& journal) {
  // Appended under the lock, or two threads' changes of one topic could change places.
  auto state = state_.lock();
  if (!state->changes.empty()) journal.append(state->changes, false);
}

void RetainedStore::restore(const MessagePtr& message) {
  auto state = state_.lock();
  state->bytes += text_bytes(*message);
  state->messages.insert_or_assign(message->topic, Held{message, 0});
}

bool RetainedStore::store(const MessagePtr& message) {
  auto state = state_.lock();
  auto held = state->messages.find(message->topic);
  bool exists = held != state->messages.end();
  size_t freed = exists ? text_bytes(*held->second.message) : 0;
  size_t bytes = state->bytes - freed + text_bytes(*message);
  bool has_room = bytes <= bytes_max_ && (exists || state->messages.size() < messages_max_);
  if (message->payload.empty() || !has_room) {
    // One that is not kept takes the older one's place all the same (MQTT 5 §3.3.1.3).
    if (exists) {
      note_cleared(*state, message->topic);
      state->messages.erase(held);
    }
    state->bytes -= freed;
    return message->payload.empty();
  }
  state->bytes = bytes;
  if (exists) {
    held->second = {message, ++state->version};
  } else {
    state->messages.emplace(message->topic, Held{message, ++state->version});
  }
  note_stored(*state, message);
  return true;
}

RetainedStore::Portion RetainedStore::portion(const Walk& walk, size_t most, size_t looks_max,
                                              int64_t wall_ns) const {
  Portion portion;
  auto take = [&](const Held& held) {
    if (!has_expired(*held.message, wall_ns)) {
      portion.found.push_back({held.message, held.version > walk.version});
    }
  };
  std::string_view prefix = literal_prefix(walk.filter);
  auto state = state_.lock();
  if (prefix.size() == walk.filter.size()) {  // no wildcard: one topic
    auto held = state->messages.find(walk.filter);
    if (held != state->messages.end()) take(held->second);
    portion.is_last = true;
    return portion;
  }
  auto at =
      walk.begun ? state->messages.upper_bound(walk.behind) : state->messages.lower_bound(prefix);
  auto last = state->messages.end();
  for (; at != state->messages.end() && at->first.starts_with(prefix); ++at) {
    if (portion.found.size() >= most || portion.looked_at >= looks_max) break;
    if (topic_matches(walk.filter, at->first)) take(at->second);
    portion.looked_at++;
    last = at;
  }
  portion.is_last = at == state->messages.end() || !at->first.starts_with(prefix);
  if (last != state->messages.end()) {
    portion.behind = last->first;
  } else {
    portion.behind = walk.begun ? walk.behind : std::string();
  }
  return portion;
}

MessagePtr RetainedStore::find(std::string_view topic, int64_t wall_ns) const {
  auto state = state_.lock();
  auto held = state->messages.find(topic);
  if (held == state->messages.end() || has_expired(*held->second.message, wall_ns)) {
    return nullptr;
  }
  return held->second.message;
}

void RetainedStore::remove_expired(int64_t wall_ns) {
  auto state = state_.lock();
  for (auto at = state->messages.begin(); at != state->messages.end();) {
    if (!has_expired(*at->second.message, wall_ns)) {
      ++at;
      continue;
    }
    note_cleared(*state, at->first);
    state->bytes -= text_bytes(*at->second.message);
    at = state->messages.erase(at);
  }
}

}  // namespace weir::mqtt
