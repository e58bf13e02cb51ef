#include "mqtt/journal_op.h"

namespace weir::mqtt {
namespace {

// Flags of an encoded message.
constexpr uint8_t kQosMask = 0x03, kRetain = 0x04, kFormat = 0x08, kExpiry = 0x10, kMore = 0x20;
// Flags of `queued`; the state is in bits 3 and 4.
constexpr uint8_t kHasIds = 0x20, kHasGroup = 0x40;
constexpr int kStateShift = 3;

const OpDetails kNoDetails;

void encode_message_body(const Message& message, ByteWriter& out) {
  const PublishProperties* more = message.properties.get();
  bool has_text =
      more != nullptr && (!more->content_type.empty() || !more->response_topic.empty() ||
                          !more->correlation_data.empty() || !more->user_properties.empty());
  uint8_t flags = message.qos;
  if (message.retain) flags |= kRetain;
  if (more != nullptr && more->payload_format_indicator) flags |= kFormat;
  if (more != nullptr && more->message_expiry_s) flags |= kExpiry;
  if (has_text) flags |= kMore;
  out.u8(flags);
  out.le(message.received_ns);
  out.sized(message.topic);
  out.sized(message.payload);
  out.sized(message.client_id);
  out.sized(message.user);
  if (more == nullptr) return;
  if (more->payload_format_indicator) out.u8(*more->payload_format_indicator);
  if (more->message_expiry_s) out.varint(*more->message_expiry_s);
  if (!has_text) return;
  out.sized(more->content_type);
  out.sized(more->response_topic);
  out.sized(more->correlation_data);
  out.varint(more->user_properties.size());
  for (const auto& [key, value] : more->user_properties) {
    out.sized(key);
    out.sized(value);
  }
}

MessagePtr decode_message_body(ByteReader& in) {
  auto message = std::make_shared<Message>();
  uint8_t flags = in.u8();
  if ((flags & kQosMask) > 2 || flags >= 2 * kMore) in.fail();
  message->qos = flags & kQosMask;
  message->retain = (flags & kRetain) != 0;
  message->received_ns = in.le<int64_t>();
  message->topic = in.sized();
  message->payload = in.sized();
  message->client_id = in.sized();
  message->user = in.sized();
  if ((flags & (kFormat | kExpiry | kMore)) == 0) return message;
  auto more = std::make_unique<PublishProperties>();
  if ((flags & kFormat) != 0) more->payload_format_indicator = in.u8();
  if ((flags & kExpiry) != 0) {
    uint64_t seconds = in.varint();
    if (seconds > UINT32_MAX) in.fail();
    more->message_expiry_s = static_cast<uint32_t>(seconds);
  }
  if ((flags & kMore) != 0) {
    more->content_type = in.sized();
    more->response_topic = in.sized();
    more->correlation_data = in.sized();
    uint64_t count = in.varint();
    for (uint64_t i = 0; i < count && in.ok(); i++) {
      std::string_view key = in.sized();
      more->user_properties.emplace_back(key, in.sized());
    }
  }
  message->properties = std::move(more);
  return message;
}

// The byte of a SUBSCRIBE packet (MQTT 5 §3.8.3.1).
uint8_t options_byte(const SubscriptionOptions& options) {
  return static_cast<uint8_t>(options.qos | (options.no_local ? 0x04 : 0) |
                              (options.retain_as_published ? 0x08 : 0) |
                              static_cast<uint8_t>(options.retain_handling) << 4);
}
SubscriptionOptions options_of(uint8_t byte, ByteReader& in) {
  if ((byte & 0x03) > 2 || (byte >> 4) > 2) in.fail();
  return {static_cast<uint8_t>(byte & 0x03), (byte & 0x04) != 0, (byte & 0x08) != 0,
          static_cast<RetainHandling>((byte >> 4) & 0x03)};
}

uint32_t short_number(ByteReader& in) {
  uint64_t number = in.varint();
  if (number > UINT32_MAX) in.fail();
  return static_cast<uint32_t>(number);
}

void encode_queued(const Op& op, const OpDetails& details, ByteWriter& out) {
  uint8_t flags = op.qos;
  if (op.retain) flags |= kRetain;
  if (!details.ids.empty()) flags |= kHasIds;
  if (!details.name.empty()) flags |= kHasGroup;
  out.u8(flags | static_cast<uint8_t>(static_cast<uint8_t>(op.state) << kStateShift));
  if (op.state != DeliveryState::waiting) out.le(op.packet_id);
  if (!details.name.empty()) out.sized(details.name);
  if (details.ids.empty()) return;
  out.varint(details.ids.size());
  for (uint32_t id : details.ids) out.varint(id);
}

void decode_queued(Op& op, OpDetails& details, ByteReader& in) {
  uint8_t flags = in.u8();
  uint8_t state = (flags >> kStateShift) & 0x03;
  if ((flags & kQosMask) > 2 || state > 2 || flags >= 2 * kHasGroup) in.fail();
  op.qos = flags & kQosMask;
  op.retain = (flags & kRetain) != 0;
  op.state = static_cast<DeliveryState>(state);
  if (state != 0) op.packet_id = in.le<uint16_t>();
  if ((flags & kHasGroup) != 0) details.name = in.sized();
  if ((flags & kHasIds) == 0) return;
  uint64_t count = in.varint();
  for (uint64_t i = 0; i < count && in.ok(); i++) details.ids.push_back(short_number(in));
}

void decode_checkpoint(Op& op, OpDetails& details, ByteReader& in) {
  op.number = in.varint();
  details.next_session = in.varint();
  details.next_number = in.varint();
}

void decode_session(Op& op, OpDetails& details, ByteReader& in) {
  details.name = in.sized();
  details.user = in.sized();
  op.seconds = short_number(in);
  uint8_t connected = in.u8();
  if (connected > 1) in.fail();
  op.is_connected = connected == 1;
  op.wall_ns = in.le<int64_t>();
}

void decode_fields(Op& op, OpDetails& details, ByteReader& in) {
  switch (op.kind) {
    case OpKind::session:
      return decode_session(op, details, in);
    case OpKind::connected:
    case OpKind::disconnected:
      op.seconds = short_number(in);
      op.wall_ns = in.le<int64_t>();
      return;
    case OpKind::subscribed:
      details.name = in.sized();
      details.subscription.options = options_of(in.u8(), in);
      details.subscription.id = short_number(in);
      return;
    case OpKind::unsubscribed:
      details.name = in.sized();
      return;
    case OpKind::queued:
      return decode_queued(op, details, in);
    case OpKind::sent:
      op.number = in.varint();
      op.packet_id = in.le<uint16_t>();
      return;
    case OpKind::released:
    case OpKind::done:
      op.number = in.varint();
      return;
    case OpKind::received:
    case OpKind::receive_done:
      op.packet_id = in.le<uint16_t>();
      return;
    case OpKind::will:
      op.seconds = short_number(in);
      return;
    default:
      return;
  }
}

}  // namespace

void encode_op(const Op& op, std::string& bytes) {
  ByteWriter out(bytes);
  const OpDetails& details = op.details ? *op.details : kNoDetails;
  out.u8(static_cast<uint8_t>(op.kind));
  switch (op.kind) {
    case OpKind::message:
      out.varint(op.number);
      return encode_message_body(*op.message, out);
    case OpKind::retained:
      return;
    case OpKind::cleared:
      return out.sized(details.name);
    case OpKind::checkpoint:
      out.varint(op.number);
      out.varint(details.next_session);
      return out.varint(details.next_number);
    default:
      out.varint(op.session);
  }
  switch (op.kind) {
    case OpKind::session:
      out.sized(details.name);
      out.sized(details.user);
      out.varint(op.seconds);
      out.u8(op.is_connected ? 1 : 0);
      return out.le(op.wall_ns);
    case OpKind::connected:
    case OpKind::disconnected:
      out.varint(op.seconds);
      return out.le(op.wall_ns);
    case OpKind::subscribed:
      out.sized(details.name);
      out.u8(options_byte(details.subscription.options));
      return out.varint(details.subscription.id);
    case OpKind::unsubscribed:
      return out.sized(details.name);
    case OpKind::queued:
      return encode_queued(op, details, out);
    case OpKind::sent:
      out.varint(op.number);
      return out.le(op.packet_id);
    case OpKind::released:
    case OpKind::done:
      return out.varint(op.number);
    case OpKind::received:
    case OpKind::receive_done:
      return out.le(op.packet_id);
    case OpKind::will:
      return out.varint(op.seconds);
    default:
      return;
  }
}

Result<Op> decode_op(ByteReader& in) {
  size_t at = in.position();
  Op op;
  OpDetails details;
  uint8_t kind = in.u8();
  if (kind < 1 || kind > static_cast<uint8_t>(OpKind::checkpoint)) in.fail();
  op.kind = static_cast<OpKind>(kind);
  if (!in.ok()) {
    // Falls through to the error below.
  } else if (op.kind == OpKind::message) {
    op.number = in.varint();
    op.message = decode_message_body(in);
  } else if (op.kind == OpKind::cleared) {
    details.name = in.sized();
  } else if (op.kind == OpKind::checkpoint) {
    decode_checkpoint(op, details, in);
  } else if (op.kind != OpKind::retained) {
    op.session = in.varint();
    decode_fields(op, details, in);
  }
  if (!in.ok()) {
    return Error{Errc::invalid, "an op does not read, kind " + std::to_string(kind) + " at byte " +
                                    std::to_string(at) + " of its record"};
  }
  // Receivers of a message seldom have any.
  bool has_details = !details.name.empty() || !details.ids.empty() || op.kind == OpKind::session ||
                     op.kind == OpKind::subscribed || op.kind == OpKind::unsubscribed ||
                     op.kind == OpKind::cleared || op.kind == OpKind::checkpoint;
  if (has_details) op.details = std::make_shared<OpDetails>(std::move(details));
  return op;
}

}  // namespace weir::mqtt
