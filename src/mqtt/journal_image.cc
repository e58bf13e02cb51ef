#include "mqtt/journal_image.h"

#include <fmt/core.h>

#include <algorithm>

namespace weir::mqtt {
namespace {

// What a checkpoint writes of a message beside its text, of a delivery, of a session. Estimates:
// they only decide when the next checkpoint is worth its while.
constexpr size_t kMessageBytes = 40, kDeliveryBytes = 8, kSessionBytes = 40, kFilterBytes = 10;

size_t log_bytes(const Message& message) {
  return text_bytes(message) + message.client_id.size() + message.user.size() + kMessageBytes;
}
size_t log_bytes(std::string_view filter) { return filter.size() + kFilterBytes; }
size_t log_bytes(const JournalImage::Session& session) {
  size_t bytes = kSessionBytes + session.client_id.size() + session.user.size();
  for (const auto& [filter, subscription] : session.subscriptions) bytes += log_bytes(filter);
  return bytes;
}

}  // namespace

void JournalImage::apply(const Op& op) {
  switch (op.kind) {
    case OpKind::session:
      return begin(op);
    case OpKind::ended:
      return end(op.session);
    case OpKind::message:
      spoken_of_ = op.message;
      spoken_number_ = op.number;
      spoken_is_new_ = false;
      next_number_ = std::max(next_number_, op.number + 1);
      return;
    case OpKind::queued:
      return queue(op);
    case OpKind::sent:
    case OpKind::released:
      return move_on(op);
    case OpKind::done:
      return finish(op);
    case OpKind::retained:
      return retain();
    case OpKind::cleared:
      if (auto held = retained_.find(op.details->name); held != retained_.end()) {
        bytes_ -= log_bytes(*held->second);
        retained_.erase(held);
      }
      return;
    case OpKind::checkpoint:
      checkpoint_lsn_ = op.number;
      next_session_ = std::max(next_session_, op.details->next_session);
      next_number_ = std::max(next_number_, op.details->next_number);
      return;
    default:
      break;
  }
  Session* session = find(op.session);
  if (session == nullptr) return;
  switch (op.kind) {
    case OpKind::connected:
    case OpKind::disconnected:
      session->is_connected = op.kind == OpKind::connected;
      session->expiry_s = op.seconds;
      session->wall_ns = op.wall_ns;
      break;
    case OpKind::subscribed:
      if (session->subscriptions.insert_or_assign(op.details->name, op.details->subscription)
              .second) {
        bytes_ += log_bytes(op.details->name);
      }
      break;
    case OpKind::unsubscribed:
      if (session->subscriptions.erase(op.details->name) > 0) {
        bytes_ -= log_bytes(op.details->name);
      }
      break;
    case OpKind::received:
      session->received.insert(op.packet_id);
      break;
    case OpKind::receive_done:
      session->received.erase(op.packet_id);
      break;
    case OpKind::will:
      if (spoken_of_) session->will = std::make_unique<Will>(Will{spoken_of_, op.seconds});
      break;
    case OpKind::will_gone:
      session->will.reset();
      break;
    default:
      break;
  }
}

JournalImage::Session* JournalImage::find(uint64_t key) {
  auto found = sessions_.find(key);
  return found == sessions_.end() ? nullptr : &found->second;
}

void JournalImage::begin(const Op& op) {
  auto [at, is_new] = sessions_.try_emplace(op.session);
  Session& session = at->second;
  if (!is_new) bytes_ -= log_bytes(session);
  session.client_id = op.details->name;
  session.user = op.details->user;
  session.expiry_s = op.seconds;
  session.is_connected = op.is_connected;
  session.wall_ns = op.wall_ns;
  session.subscriptions.clear();
  session.received.clear();
  session.will.reset();
  bytes_ += log_bytes(session);
  next_session_ = std::max(next_session_, op.session + 1);
}

void JournalImage::end(uint64_t key) {
  auto found = sessions_.find(key);
  if (found == sessions_.end()) return;
  bytes_ -= log_bytes(found->second);
  stray_ += found->second.deliveries;
  sessions_.erase(found);
  if (stray_ >= kStrayMin && stray_ * 2 > deliveries_) sweep();
}

void JournalImage::queue(const Op& op) {
  Session* session = find(op.session);
  if (session == nullptr || !spoken_of_) return;
  auto [at, is_new] = entries_.try_emplace(spoken_number_);
  Entry& entry = at->second;
  if (is_new) {
    entry.message = spoken_of_;
    spoken_is_new_ = true;
    bytes_ += log_bytes(*spoken_of_);
  }
  // Looking among thousands that were just added would cost a search for each of them.
  Delivery* delivery = spoken_is_new_ ? nullptr : find(entry, op.session);
  if (delivery == nullptr) {
    delivery = &entry.deliveries.emplace_back();
    delivery->session = op.session;
    bytes_ += kDeliveryBytes;
    entry.open++;
    deliveries_++;
    session->deliveries++;
  }
  delivery->qos = op.qos;
  delivery->retain = op.retain;
  delivery->state = op.state;
  delivery->packet_id = op.packet_id;
  delivery->details = op.details;
}

JournalImage::Delivery* JournalImage::find(Entry& entry, uint64_t session) {
  auto& all = entry.deliveries;
  auto before = [](const Delivery& one, uint64_t key) { return one.session < key; };
  // Many receivers are sorted once, few are looked through.
  if (all.size() - entry.sorted > kUnsortedMax + entry.sorted / 8) {
    all.erase(std::remove_if(all.begin(), all.end(), [](const Delivery& one) { return one.done; }),
              all.end());
    std::sort(all.begin(), all.end(),
              [](const Delivery& a, const Delivery& b) { return a.session < b.session; });
    entry.sorted = all.size();
  }
  auto middle = all.begin() + static_cast<ptrdiff_t>(entry.sorted);
  auto at = std::lower_bound(all.begin(), middle, session, before);
  for (; at != middle && at->session == session; ++at) {
    if (!at->done) return &*at;
  }
  auto matches = [session](const Delivery& one) { return one.session == session && !one.done; };
  at = std::find_if(middle, all.end(), matches);
  return at == all.end() ? nullptr : &*at;
}

void JournalImage::move_on(const Op& op) {
  auto at = entries_.find(op.number);
  Delivery* delivery = at == entries_.end() ? nullptr : find(at->second, op.session);
  if (delivery == nullptr) return;
  if (op.kind == OpKind::sent) {
    delivery->state = DeliveryState::sent;
    delivery->packet_id = op.packet_id;
  } else {
    delivery->state = DeliveryState::released;
  }
}

void JournalImage::finish(const Op& op) {
  auto at = entries_.find(op.number);
  Delivery* delivery = at == entries_.end() ? nullptr : find(at->second, op.session);
  if (delivery == nullptr) return;
  delivery->done = true;
  delivery->details.reset();
  bytes_ -= kDeliveryBytes;
  deliveries_--;
  if (Session* session = find(op.session)) {
    session->deliveries--;
  } else {
    stray_--;
  }
  if (--at->second.open == 0) erase(at);
}

void JournalImage::erase(absl::btree_map<uint64_t, Entry>::iterator entry) {
  bytes_ -= log_bytes(*entry->second.message);
  entries_.erase(entry);
}

void JournalImage::retain() {
  if (!spoken_of_) return;
  MessagePtr& held = retained_[spoken_of_->topic];
  if (held) bytes_ -= log_bytes(*held);
  held = spoken_of_;
  bytes_ += log_bytes(*held);
}

void JournalImage::sweep() {
  for (auto at = entries_.begin(); at != entries_.end();) {
    auto& all = at->second.deliveries;
    auto is_over = [&](const Delivery& one) {
      if (one.done) return true;
      if (sessions_.contains(one.session)) return false;
      at->second.open--;
      deliveries_--;
      bytes_ -= kDeliveryBytes;
      return true;
    };
    all.erase(std::remove_if(all.begin(), all.end(), is_over), all.end());
    at->second.sorted = 0;
    if (!all.empty()) {
      ++at;
      continue;
    }
    bytes_ -= log_bytes(*at->second.message);
    at = entries_.erase(at);
  }
  stray_ = 0;
}

namespace {

Op message_op(uint64_t number, const MessagePtr& message) {
  Op op;
  op.kind = OpKind::message;
  op.number = number;
  op.message = message;
  return op;
}
Op session_op(OpKind kind, uint64_t key) {
  Op op;
  op.kind = kind;
  op.session = key;
  return op;
}

void tell_session(uint64_t key, const JournalImage::Session& session, std::string& out) {
  Op op = session_op(OpKind::session, key);
  op.is_connected = session.is_connected;
  op.seconds = session.expiry_s;
  op.wall_ns = session.wall_ns;
  auto details = std::make_shared<OpDetails>();
  details->name = session.client_id;
  details->user = session.user;
  op.details = std::move(details);
  encode_op(op, out);
  for (const auto& [filter, subscription] : session.subscriptions) {
    Op subscribed = session_op(OpKind::subscribed, key);
    auto more = std::make_shared<OpDetails>();
    more->name = filter;
    more->subscription = subscription;
    subscribed.details = std::move(more);
    encode_op(subscribed, out);
  }
  for (uint16_t packet_id : session.received) {
    Op received = session_op(OpKind::received, key);
    received.packet_id = packet_id;
    encode_op(received, out);
  }
  if (session.will) {
    encode_op(message_op(0, session.will->message), out);
    Op will = session_op(OpKind::will, key);
    will.seconds = session.will->delay_s;
    encode_op(will, out);
  }
}

void tell_message(uint64_t number, const JournalImage::Entry& entry, const JournalImage& image,
                  std::string& out) {
  bool is_told = false;
  for (const JournalImage::Delivery& one : entry.deliveries) {
    if (one.done || !image.sessions().contains(one.session)) continue;
    if (!std::exchange(is_told, true)) encode_op(message_op(number, entry.message), out);
    Op queued = session_op(OpKind::queued, one.session);
    queued.qos = one.qos;
    queued.retain = one.retain;
    queued.state = one.state;
    queued.packet_id = one.packet_id;
    queued.details = one.details;
    encode_op(queued, out);
  }
}

}  // namespace

bool JournalWalk::next(const JournalImage& image, size_t bytes_max, std::string& out) {
  size_t end = out.size() + bytes_max;
  if (part_ == Part::sessions) {
    const auto& all = image.sessions();
    for (auto at = all.lower_bound(session_); at != all.end(); ++at) {
      tell_session(at->first, at->second, out);
      session_ = at->first + 1;
      if (out.size() >= end) return true;
    }
    part_ = Part::messages;
    // Later ones are queued, in the log too, when every session has been told.
    number_end_ = image.next_number();
  }
  if (part_ == Part::messages) {
    const auto& all = image.entries();
    for (auto at = all.lower_bound(number_); at != all.end() && at->first < number_end_; ++at) {
      tell_message(at->first, at->second, image, out);
      number_ = at->first + 1;
      if (out.size() >= end) return true;
    }
    part_ = Part::retained;
  }
  if (part_ == Part::retained) {
    const auto& all = image.retained();
    for (auto at = all.lower_bound(topic_); at != all.end(); ++at) {
      encode_op(message_op(0, at->second), out);
      Op retained;
      retained.kind = OpKind::retained;
      encode_op(retained, out);
      topic_ = at->first + '\0';  // the least topic after it
      if (out.size() >= end) return true;
    }
    part_ = Part::end;
  }
  return false;
}

}  // namespace weir::mqtt
