// What the broker writes down: the steps of durable sessions and retained messages, one Op each.
//
// An op names its session by a key that is given once and never again, and a queued message by its
// number; numbers rise in the order of routing, so a queue in their order keeps the order of each
// topic. `queued`, `retained` and `will` speak of the last `message` op before them in their
// record, so that a body is written once for all its receivers.
//
// An Op holds its message by pointer and is encoded by the journal's thread only. Decoding checks
// everything and fails with Errc::invalid: it runs on bytes whose checksum was right, but may be
// fuzzed. Bytes: docs/format.md#journal-ops. Plain values, any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/wal_format.h"
#include "mqtt/message.h"
#include "mqtt/topic_tree.h"

namespace weir::mqtt {

// A record's body is the ops of whole batches, about a MiB of them or one batch that is larger: a
// message may have 256 MiB, and its receivers follow it.
inline constexpr WalKind kJournalLog{"weirjrn1", 1, 1024u * 1024 * 1024};
inline constexpr uint8_t kOpsRecord = 1;

enum class OpKind : uint8_t {
  session = 1,    // a session begins; in a checkpoint: is as told here, subscriptions follow
  ended = 2,      // with its subscriptions and all that waited for it
  connected = 3,  // with a new expiry interval
  disconnected = 4,
  subscribed = 5,  // or changed
  unsubscribed = 6,
  message = 7,        // what the following ops speak of
  queued = 8,         // it waits for this session; in a checkpoint: or is under way to it
  sent = 9,           // for the first time, with this packet identifier
  released = 10,      // QoS 2: PUBREC came, PUBREL follows
  done = 11,          // acknowledged, or dropped
  received = 12,      // QoS 2 from the client: not to be taken again under this packet identifier
  receive_done = 13,  // its PUBREL came
  retained = 14,      // for its topic, in place of the one before
  cleared = 15,       // the topic has no retained message any more
  will = 16,          // of this session
  will_gone = 17,     // published, or not to be
  checkpoint = 18     // all that lives has been said again since record `number`
};

// How far a message to a session has got.
enum class DeliveryState : uint8_t { waiting = 0, sent = 1, released = 2 };

// What few ops have.
struct OpDetails {
  std::string name;           // session: client id; a filter; queued: a group's; cleared: a topic
  std::string user;           // session
  Subscription subscription;  // subscribed
  std::vector<uint32_t> ids;  // queued: subscription identifiers
  uint64_t next_session = 0, next_number = 0;  // checkpoint: not given yet
};

struct Op {
  OpKind kind = OpKind::done;
  uint8_t qos = 0;                               // queued
  bool retain = false;                           // queued
  bool is_connected = false;                     // session
  bool ends_batch = false;                       // not written; set by Journal::append()
  DeliveryState state = DeliveryState::waiting;  // queued
  uint16_t packet_id = 0;                        // queued, sent, received, receive_done
  uint32_t seconds = 0;                          // expiry interval; a will's delay
  uint64_t session = 0;                          // its key
  uint64_t number = 0;                           // of a message, 0: not queued; checkpoint: LSN
  int64_t wall_ns = 0;                           // session, connected, disconnected: since when
  MessagePtr message{};                          // message
  std::shared_ptr<const OpDetails> details{};
};

void encode_op(const Op& op, std::string& out);
Result<Op> decode_op(ByteReader& in);

}  // namespace weir::mqtt
