// Outgoing: one message on its way to its receivers on this thread, encoded once per variant.
//
// Variants differ by protocol version, QoS, retain flag and how the topic is told; packet
// identifier and topic alias are put into them for each receiver. Messages with an expiry interval
// or for receivers with subscription identifiers are encoded for each. The object is reused from
// message to message, so that small ones cost no allocation. One thread per object.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "mqtt/message.h"
#include "mqtt/now.h"
#include "mqtt/packet.h"

namespace weir::mqtt {

// Where a session's packets go: the connection's stream, or a test's string.
class Wire {
 public:
  virtual ~Wire() = default;
  virtual void write(std::string_view bytes) = 0;
  virtual void write_shared(std::shared_ptr<const std::string> bytes) = 0;
  virtual size_t unsent_bytes() const = 0;
  // What is written from now on goes out once this ticket of the journal is durable.
  virtual void hold_until(uint64_t /*ticket*/) {}
};

// How one copy of a message is sent.
struct SendForm {
  Version version = Version::v311;
  uint8_t qos = 0;
  bool retain = false, duplicate = false;
  uint16_t packet_id = 0;
  const std::vector<uint32_t>* ids = nullptr;  // subscription identifiers, or null
  uint16_t topic_alias = 0;                    // 0: none
  bool leaves_topic_out = false;               // the receiver knows the alias
};

// Encodes a copy; the message has not expired. Returns where its packet identifier is.
size_t encode_message(const Message& message, const SendForm& form, Now now, std::string& out);

class Outgoing {
 public:
  // Above this a frame without packet identifier is shared rather than copied per receiver: copying
  // 2 kB costs about what the two atomic counts and the vector entry of a shared block do.
  static constexpr size_t kSharedBytesMin = 2048;

  // `receivers` is a hint: a message to one receiver is not worth sharing. `number`: the journal's,
  // if it waits for a session that is written down.
  void start(MessagePtr message, Now now, size_t receivers, uint64_t number = 0);
  const MessagePtr& message() const { return message_; }
  uint64_t number() const { return number_; }
  void set_number(uint64_t number) { number_ = number; }
  Now now() const { return now_; }

  // Writes a copy unless it is larger than the receiver takes. Returns its size, or 0.
  size_t send(Wire& wire, const SendForm& form, uint32_t packet_bytes_max);

 private:
  struct Variant {
    size_t id_at = 0, alias_at = 0;
    std::string bytes;
    std::shared_ptr<const std::string> shared;  // of a large QoS 0 frame
  };
  static size_t index_of(const SendForm& form);
  Variant& variant_of(const SendForm& form);

  MessagePtr message_;
  uint64_t number_ = 0;
  Now now_;
  size_t receivers_ = 0;
  uint32_t ready_ = 0;                // bits of variants_ that hold this message
  std::array<Variant, 24> variants_;  // by index_of()
  std::string single_;                // a frame made for one receiver
};

}  // namespace weir::mqtt
