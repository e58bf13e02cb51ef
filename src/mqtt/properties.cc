#include "mqtt/properties.h"

#include "mqtt/packet.h"
#include "mqtt/text.h"

namespace weir::mqtt {
namespace {

enum class Shape { none, byte, two_bytes, four_bytes, variable, text, binary, pair };

// Where a property lives in the struct and how it is written. Exactly one pointer is set, and none
// for the two properties that may repeat.
struct Field {
  Shape shape = Shape::none;
  uint8_t Properties::*byte = nullptr;
  uint16_t Properties::*two_bytes = nullptr;
  uint32_t Properties::*four_bytes = nullptr;
  std::string_view Properties::*text = nullptr;
};
Field byte_field(uint8_t Properties::*at) { return {Shape::byte, at, nullptr, nullptr, nullptr}; }
Field short_field(uint16_t Properties::*at) {
  return {Shape::two_bytes, nullptr, at, nullptr, nullptr};
}
Field long_field(uint32_t Properties::*at) {
  return {Shape::four_bytes, nullptr, nullptr, at, nullptr};
}
Field text_field(std::string_view Properties::*at) {
  return {Shape::text, nullptr, nullptr, nullptr, at};
}
Field binary_field(std::string_view Properties::*at) {
  return {Shape::binary, nullptr, nullptr, nullptr, at};
}

// The table of §2.2.2.2.
Field field_of(Property property) {
  using P = Properties;
  switch (property) {
    case Property::payload_format_indicator:
      return byte_field(&P::payload_format_indicator);
    case Property::message_expiry_interval:
      return long_field(&P::message_expiry_s);
    case Property::content_type:
      return text_field(&P::content_type);
    case Property::response_topic:
      return text_field(&P::response_topic);
    case Property::correlation_data:
      return binary_field(&P::correlation_data);
    case Property::subscription_identifier:
      return {.shape = Shape::variable};
    case Property::session_expiry_interval:
      return long_field(&P::session_expiry_s);
    case Property::assigned_client_identifier:
      return text_field(&P::assigned_client_id);
    case Property::server_keep_alive:
      return short_field(&P::server_keep_alive);
    case Property::authentication_method:
      return text_field(&P::authentication_method);
    case Property::authentication_data:
      return binary_field(&P::authentication_data);
    case Property::request_problem_information:
      return byte_field(&P::request_problem_information);
    case Property::will_delay_interval:
      return long_field(&P::will_delay_s);
    case Property::request_response_information:
      return byte_field(&P::request_response_information);
    case Property::response_information:
      return text_field(&P::response_information);
    case Property::server_reference:
      return text_field(&P::server_reference);
    case Property::reason_string:
      return text_field(&P::reason_string);
    case Property::receive_maximum:
      return short_field(&P::receive_maximum);
    case Property::topic_alias_maximum:
      return short_field(&P::topic_alias_maximum);
    case Property::topic_alias:
      return short_field(&P::topic_alias);
    case Property::maximum_qos:
      return byte_field(&P::maximum_qos);
    case Property::retain_available:
      return byte_field(&P::retain_available);
    case Property::user_property:
      return {.shape = Shape::pair};
    case Property::maximum_packet_size:
      return long_field(&P::maximum_packet_size);
    case Property::wildcard_subscription_available:
      return byte_field(&P::wildcard_subscription_available);
    case Property::subscription_identifier_available:
      return byte_field(&P::subscription_identifier_available);
    case Property::shared_subscription_available:
      return byte_field(&P::shared_subscription_available);
  }
  return {};
}

constexpr uint8_t kPropertyLast = static_cast<uint8_t>(Property::shared_subscription_available);

void read_value(ByteReader& reader, const Field& field, Properties& out) {
  switch (field.shape) {
    case Shape::byte:
      out.*field.byte = reader.u8();
      break;
    case Shape::two_bytes:
      out.*field.two_bytes = reader.be<uint16_t>();
      break;
    case Shape::four_bytes:
      out.*field.four_bytes = reader.be<uint32_t>();
      break;
    case Shape::text:
      out.*field.text = read_text(reader);
      break;
    case Shape::binary:
      out.*field.text = read_binary(reader);
      break;
    case Shape::variable:
      out.subscription_ids.push_back(read_variable_integer(reader));
      break;
    case Shape::pair: {
      std::string_view key = read_text(reader);
      out.user.emplace_back(key, read_text(reader));
      break;
    }
    case Shape::none:
      reader.fail();
      break;
  }
}

// Values the standard calls a protocol error wherever the property stands.
MaybeFault check_value(Property property, const Field& field, const Properties& p) {
  if (field.shape == Shape::byte && p.*field.byte > 1) {
    return against_protocol("a yes/no property is neither 0 nor 1");
  }
  if (property == Property::receive_maximum && p.receive_maximum == 0) {
    return against_protocol("receive maximum is 0");
  }
  if (property == Property::maximum_packet_size && p.maximum_packet_size == 0) {
    return against_protocol("maximum packet size is 0");
  }
  if (property == Property::subscription_identifier && p.subscription_ids.back() == 0) {
    return against_protocol("subscription identifier is 0");
  }
  return std::nullopt;
}

void write_value(const Field& field, const Properties& p, ByteWriter& out) {
  switch (field.shape) {
    case Shape::byte:
      out.u8(p.*field.byte);
      break;
    case Shape::two_bytes:
      out.be<uint16_t>(p.*field.two_bytes);
      break;
    case Shape::four_bytes:
      out.be<uint32_t>(p.*field.four_bytes);
      break;
    case Shape::text:
    case Shape::binary:
      write_binary(out, p.*field.text);
      break;
    case Shape::variable:
    case Shape::pair:
    case Shape::none:
      break;  // the repeating ones are written by encode_properties
  }
}

void write_all(const Properties& p, ByteWriter& out) {
  for (uint8_t id = 1; id <= kPropertyLast; id++) {
    auto property = static_cast<Property>(id);
    if (!p.has(property)) continue;
    if (property == Property::subscription_identifier) {
      for (uint32_t subscription_id : p.subscription_ids) {
        out.u8(id);
        write_variable_integer(out, subscription_id);
      }
    } else if (property == Property::user_property) {
      for (const auto& [key, value] : p.user) {
        out.u8(id);
        write_binary(out, key);
        write_binary(out, value);
      }
    } else {
      out.u8(id);
      write_value(field_of(property), p, out);
    }
  }
}

}  // namespace

MaybeFault decode_properties(ByteReader& reader, uint64_t allowed, Properties& out) {
  uint32_t size = read_variable_integer(reader);
  ByteReader inside(reader.bytes(size));
  if (!reader.ok()) return malformed("property length beyond the packet");
  while (!inside.at_end()) {
    uint8_t id = inside.u8();
    auto property = static_cast<Property>(id);
    if (id > kPropertyLast || (allowed & property_bit(property)) == 0) {
      return malformed("a property that this packet may not carry");
    }
    // A client may give several user properties, a server several subscription identifiers.
    Field field = field_of(property);
    bool may_repeat = field.shape == Shape::pair || field.shape == Shape::variable;
    if (out.has(property) && !may_repeat) return against_protocol("a property given twice");
    read_value(inside, field, out);
    if (!inside.ok()) return malformed("a property's value is cut short or not valid text");
    if (MaybeFault fault = check_value(property, field, out)) return fault;
    out.mark(property);
  }
  return std::nullopt;
}

void encode_properties(const Properties& properties, ByteWriter& out) {
  if (properties.present == 0) return out.u8(0);
  std::string bytes;
  ByteWriter inside(bytes);
  write_all(properties, inside);
  write_variable_integer(out, static_cast<uint32_t>(bytes.size()));
  out.bytes(bytes);
}

}  // namespace weir::mqtt
