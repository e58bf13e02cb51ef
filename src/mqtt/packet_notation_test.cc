#include "mqtt/packet_notation_test.h"

#include <cstdint>
#include <cstdlib>
#include <map>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

namespace weir::mqtt {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

[[noreturn]] void fail(const std::string& why) { throw std::runtime_error(why); }

// "\xNN" and "\\" inside values.
std::string unescape(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); i++) {
    if (text[i] == '\\' && i + 3 < text.size() && text[i + 1] == 'x') {
      out += static_cast<char>(std::stoi(std::string(text.substr(i + 2, 2)), nullptr, 16));
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

// Words separated by blanks; a value may be quoted: payload="two words".
Pairs split(std::string_view line) {
  Pairs pairs;
  size_t i = 0;
  while (i < line.size()) {
    if (line[i] == ' ') {
      i++;
      continue;
    }
    size_t end = line.find_first_of(" =", i);
    std::string key(line.substr(i, end == std::string_view::npos ? end : end - i));
    std::string value;
    i = end == std::string_view::npos ? line.size() : end;
    if (i < line.size() && line[i] == '=') {
      i++;
      if (i < line.size() && line[i] == '"') {
        size_t close = line.find('"', i + 1);
        value = line.substr(i + 1, close - i - 1);
        i = close + 1;
      } else {
        size_t blank = line.find(' ', i);
        value = line.substr(i, blank == std::string_view::npos ? blank : blank - i);
        i = blank == std::string_view::npos ? line.size() : blank;
      }
    }
    pairs.emplace_back(key, unescape(value));
  }
  return pairs;
}

void put_u8(std::string& out, unsigned value) { out += static_cast<char>(value); }
void put_u16(std::string& out, unsigned value) {
  put_u8(out, value >> 8 & 0xFF);
  put_u8(out, value & 0xFF);
}
void put_u32(std::string& out, unsigned value) {
  put_u16(out, value >> 16);
  put_u16(out, value & 0xFFFF);
}
void put_text(std::string& out, std::string_view text) {
  put_u16(out, static_cast<unsigned>(text.size()));
  out += text;
}
void put_length(std::string& out, size_t value) {
  do {
    unsigned low = value % 128;
    value /= 128;
    put_u8(out, value > 0 ? low | 128 : low);
  } while (value > 0);
}

unsigned number(const std::string& text) {
  return static_cast<unsigned>(std::strtoul(text.c_str(), nullptr, 0));
}

// Name, identifier, type: 1, 2, 4 bytes, v(ariable), t(ext or binary), p(air "key:value").
struct PropertyRow {
  unsigned id;
  char type;
};
const std::map<std::string, PropertyRow>& property_table() {
  static const std::map<std::string, PropertyRow> table = {
      {"payload_format", {0x01, '1'}},
      {"message_expiry", {0x02, '4'}},
      {"content_type", {0x03, 't'}},
      {"response_topic", {0x08, 't'}},
      {"correlation", {0x09, 't'}},
      {"subscription_id", {0x0B, 'v'}},
      {"session_expiry", {0x11, '4'}},
      {"assigned_client_id", {0x12, 't'}},
      {"server_keep_alive", {0x13, '2'}},
      {"auth_method", {0x15, 't'}},
      {"auth_data", {0x16, 't'}},
      {"request_problem", {0x17, '1'}},
      {"will_delay", {0x18, '4'}},
      {"request_response", {0x19, '1'}},
      {"response_info", {0x1A, 't'}},
      {"server_reference", {0x1C, 't'}},
      {"reason_string", {0x1F, 't'}},
      {"receive_maximum", {0x21, '2'}},
      {"topic_alias_maximum", {0x22, '2'}},
      {"topic_alias", {0x23, '2'}},
      {"maximum_qos", {0x24, '1'}},
      {"retain_available", {0x25, '1'}},
      {"user", {0x26, 'p'}},
      {"maximum_packet_size", {0x27, '4'}},
      {"wildcard_available", {0x28, '1'}},
      {"ids_available", {0x29, '1'}},
      {"shared_available", {0x2A, '1'}},
  };
  return table;
}

void put_property(std::string& out, const PropertyRow& row, const std::string& value) {
  put_u8(out, row.id);
  switch (row.type) {
    case '1':
      put_u8(out, number(value));
      break;
    case '2':
      put_u16(out, number(value));
      break;
    case '4':
      put_u32(out, number(value));
      break;
    case 'v':
      put_length(out, number(value));
      break;
    case 't':
      put_text(out, value);
      break;
    default: {
      size_t colon = value.find(':');
      put_text(out, value.substr(0, colon));
      put_text(out, value.substr(colon + 1));
    }
  }
}

// The words of a line, taken one after the other by the packet they describe.
class Words {
 public:
  Words(Pairs pairs, int version) : pairs_(std::move(pairs)), version_(version) {}

  std::optional<std::string> take(std::string_view key) {
    for (auto at = pairs_.begin(); at != pairs_.end(); ++at) {
      if (at->first != key) continue;
      std::string value = at->second;
      pairs_.erase(at);
      return value;
    }
    return std::nullopt;
  }
  bool flag(std::string_view key) { return take(key).has_value(); }
  unsigned num(std::string_view key, unsigned otherwise) {
    auto value = take(key);
    return value ? number(*value) : otherwise;
  }
  std::string text(std::string_view key) { return take(key).value_or(""); }

  // Takes every property, with `prefix` before its name, in the order of the line. Nothing
  // in 3.1.1.
  std::string properties(const std::string& prefix = "") {
    std::string inside;
    for (auto at = pairs_.begin(); at != pairs_.end();) {
      auto row = at->first.starts_with(prefix)
                     ? property_table().find(at->first.substr(prefix.size()))
                     : property_table().end();
      if (row == property_table().end()) {
        ++at;
        continue;
      }
      put_property(inside, row->second, at->second);
      at = pairs_.erase(at);
    }
    if (version_ < 5) return "";
    std::string out;
    put_length(out, inside.size());
    return out + inside;
  }
  void must_be_used_up() const {
    if (!pairs_.empty()) fail("not understood: " + pairs_.front().first);
  }
  const Pairs& rest() const { return pairs_; }
  void clear() { pairs_.clear(); }

 private:
  Pairs pairs_;
  int version_;
};

std::string frame(unsigned first_byte, const std::string& body) {
  std::string out;
  put_u8(out, first_byte);
  put_length(out, body.size());
  return out + body;
}

std::string assemble_connect(Words& words, int version) {
  std::string body;
  put_text(body, words.take("protocol").value_or(version == 3 ? "MQIsdp" : "MQTT"));
  put_u8(body, words.num("level", static_cast<unsigned>(version)));
  auto user = words.take("username");
  auto password = words.take("password");
  auto will_topic = words.take("will_topic");
  unsigned flags = words.flag("clean") ? 2 : 0;
  if (will_topic) flags |= 4;
  flags |= words.num("will_qos", 0) << 3;
  if (words.flag("will_retain")) flags |= 0x20;
  if (password) flags |= 0x40;
  if (user) flags |= 0x80;
  put_u8(body, words.num("flags", flags));
  put_u16(body, words.num("keep_alive", 0));
  std::string will_properties = words.properties("will.");
  body += words.properties();
  put_text(body, words.text("client_id"));
  if (will_topic) {
    body += will_properties;
    put_text(body, *will_topic);
    put_text(body, words.text("will_payload"));
  }
  if (user) put_text(body, *user);
  if (password) put_text(body, *password);
  return frame(0x10, body);
}

std::string assemble_connack(Words& words, int version) {
  std::string body;
  unsigned present = words.num("present", 0);
  put_u8(body, version == 3 ? 0 : present);  // 3.1 reserves the byte
  put_u8(body, words.num("code", 0));
  // What weir tells every MQTT 5 client.
  std::string usual;
  if (words.flag("usual") && version == 5) {
    Words told(split("receive_maximum=20 topic_alias_maximum=10 "
                     "maximum_packet_size=1048576"),
               5);
    return frame(0x20, body + told.properties());
  }
  return frame(0x20, body + words.properties());
}

std::string assemble_publish(Words& words) {
  unsigned qos = words.num("qos", 0);
  unsigned first = 0x30 | qos << 1;
  if (words.flag("dup")) first |= 8;
  if (words.flag("retain")) first |= 1;
  std::string body;
  std::string topic = words.text("topic");
  if (auto size = words.take("topic_size")) topic.append(number(*size), 't');
  put_text(body, topic);
  auto id = words.take("id");
  if (id) put_u16(body, number(*id));
  body += words.properties();
  body += words.text("payload");
  if (auto size = words.take("payload_size")) body.append(number(*size), 'x');
  return frame(first, body);
}

// The short form when neither reason nor properties are given.
std::string assemble_ack(Words& words, unsigned first, int version) {
  std::string body;
  put_u16(body, words.num("id", 1));
  auto reason = words.take("reason");
  if (reason && version == 5) put_u8(body, number(*reason));
  if (!words.rest().empty()) body += words.properties();
  return frame(first, body);
}

std::string assemble_subscribe(Words& words, int version) {
  std::string body;
  put_u16(body, words.num("id", 1));
  body += words.properties();
  // filter=a/+ qos=1 nl rap rh=1, and again
  std::string filters;
  std::optional<std::string> filter;
  unsigned options = 0;
  auto finish = [&] {
    if (!filter) return;
    put_text(filters, *filter);
    put_u8(filters, options);
    options = 0;
  };
  for (const auto& [key, value] : words.rest()) {
    if (key == "filter") {
      finish();
      filter = value;
    } else if (key == "qos") {
      options |= number(value);
    } else if (key == "options") {
      options = number(value);
    } else if (version < 5) {
      fail("3.1.1 has no " + key);
    } else if (key == "nl") {
      options |= 4;
    } else if (key == "rap") {
      options |= 8;
    } else if (key == "rh") {
      options |= number(value) << 4;
    } else {
      fail("not understood: " + key);
    }
  }
  finish();
  words.clear();
  return frame(0x82, body + filters);
}

std::string assemble_unsubscribe(Words& words) {
  std::string body;
  put_u16(body, words.num("id", 1));
  body += words.properties();
  while (auto filter = words.take("filter")) put_text(body, *filter);
  return frame(0xA2, body);
}

// SUBACK, UNSUBACK: "codes=0,1,0x80"
std::string assemble_suback(Words& words, unsigned first) {
  std::string body;
  put_u16(body, words.num("id", 1));
  body += words.properties();
  std::string codes = words.text("codes");
  for (size_t at = 0; at < codes.size();) {
    size_t comma = std::min(codes.find(',', at), codes.size());
    put_u8(body, number(codes.substr(at, comma - at)));
    at = comma + 1;
  }
  return frame(first, body);
}

std::string assemble_reason_only(Words& words, unsigned first, int version) {
  std::string body;
  auto reason = words.take("reason");
  if (version == 5) {
    if (reason) put_u8(body, number(*reason));
    if (!words.rest().empty()) body += words.properties();
  }
  return frame(first, body);
}

}  // namespace

std::string assemble_packet(std::string_view line, int version) {
  size_t blank = line.find(' ');
  std::string name(line.substr(0, blank));
  if (name == "hex") return bytes_from_hex(line.substr(blank));
  Words words(split(blank == std::string_view::npos ? "" : line.substr(blank)), version);
  std::string bytes;
  if (name == "CONNECT")
    bytes = assemble_connect(words, version);
  else if (name == "CONNACK")
    bytes = assemble_connack(words, version);
  else if (name == "PUBLISH")
    bytes = assemble_publish(words);
  else if (name == "PUBACK")
    bytes = assemble_ack(words, 0x40, version);
  else if (name == "PUBREC")
    bytes = assemble_ack(words, 0x50, version);
  else if (name == "PUBREL")
    bytes = assemble_ack(words, 0x62, version);
  else if (name == "PUBCOMP")
    bytes = assemble_ack(words, 0x70, version);
  else if (name == "SUBSCRIBE")
    bytes = assemble_subscribe(words, version);
  else if (name == "SUBACK")
    bytes = assemble_suback(words, 0x90);
  else if (name == "UNSUBSCRIBE")
    bytes = assemble_unsubscribe(words);
  else if (name == "UNSUBACK")
    bytes = assemble_suback(words, 0xB0);
  else if (name == "PINGREQ")
    bytes = frame(0xC0, "");
  else if (name == "PINGRESP")
    bytes = frame(0xD0, "");
  else if (name == "DISCONNECT")
    bytes = assemble_reason_only(words, 0xE0, version);
  else if (name == "AUTH")
    bytes = assemble_reason_only(words, 0xF0, version);
  else
    fail("no packet of this name: " + name);
  words.must_be_used_up();
  return bytes;
}

std::string bytes_from_hex(std::string_view hex) {
  std::string bytes, digits;
  for (char c : hex) {
    if (c == ' ') continue;
    digits += c;
    if (digits.size() < 2) continue;
    bytes += static_cast<char>(std::stoi(digits, nullptr, 16));
    digits.clear();
  }
  if (!digits.empty()) fail("an odd number of hex digits");
  return bytes;
}

std::string hex_of(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (char c : bytes) {
    if (!hex.empty()) hex += ' ';
    hex += kDigits[static_cast<unsigned char>(c) >> 4];
    hex += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return hex;
}

std::string show_packet(std::string_view bytes) {
  static constexpr const char* kNames[] = {"reserved",  "CONNECT",  "CONNACK",     "PUBLISH",
                                           "PUBACK",    "PUBREC",   "PUBREL",      "PUBCOMP",
                                           "SUBSCRIBE", "SUBACK",   "UNSUBSCRIBE", "UNSUBACK",
                                           "PINGREQ",   "PINGRESP", "DISCONNECT",  "AUTH"};
  if (bytes.empty()) return "nothing";
  return std::string(kNames[static_cast<unsigned char>(bytes[0]) >> 4]) + ": " +
         hex_of(bytes.substr(0, 200));
}

}  // namespace weir::mqtt
