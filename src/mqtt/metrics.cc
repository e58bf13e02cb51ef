#include "mqtt/metrics.h"

#include <fmt/core.h>

#include <map>
#include <memory>
#include <utility>

#include "base/sync.h"
#include "mqtt/packet_words.h"

namespace weir::mqtt {
namespace {

// One counter for each packet type that this direction has.
class TypeCounters {
 public:
  TypeCounters(std::string_view name, std::string_view help) {
    for (size_t type = 1; type < counters_.size(); type++) {
      std::string label = fmt::format("type=\"{}\"", packet_name(static_cast<PacketType>(type)));
      counters_[type] = std::make_unique<metrics::Counter>(name, help, label);
    }
  }
  void add(const std::array<uint64_t, 16>& counts) {
    for (size_t type = 1; type < counters_.size(); type++) {
      if (counts[type] != 0) counters_[type]->add(counts[type]);
    }
  }
  uint64_t of(PacketType type) const { return counters_[static_cast<size_t>(type)]->value(); }
  uint64_t total() const {
    uint64_t sum = 0;
    for (size_t type = 1; type < counters_.size(); type++) sum += counters_[type]->value();
    return sum;
  }

 private:
  std::array<std::unique_ptr<metrics::Counter>, 16> counters_;
};

TypeCounters packets_received("weir_mqtt_packets_received_total", "Packets received from clients");
TypeCounters packets_sent("weir_mqtt_packets_sent_total", "Packets sent to clients");

Guarded<std::map<Reason, std::unique_ptr<metrics::Counter>>> refusals;
Guarded<std::map<std::pair<std::string, int>, std::unique_ptr<metrics::Gauge>>> client_gauges;

// A label's value as the exposition format wants it.
std::string escaped(std::string_view text) {
  std::string out;
  for (char letter : text) {
    if (letter == '\\' || letter == '"') out += '\\';
    out += letter == '\n' ? ' ' : letter;
  }
  return out;
}

}  // namespace

void PacketTally::count_sent(std::string_view packets) {
  is_empty = false;
  bytes_sent += packets.size();
  while (packets.size() >= 2) {
    sent[static_cast<unsigned char>(packets[0]) >> 4]++;
    size_t length = 0, at = 1;
    for (unsigned shift = 0; at < packets.size() && shift < 28; shift += 7) {
      const auto byte = static_cast<unsigned char>(packets[at++]);
      length |= size_t(byte & 127u) << shift;
      if (byte < 128) break;
    }
    packets.remove_prefix(std::min(packets.size(), at + length));
  }
}

void settle_packet_tally() {
  PacketTally& tally = packet_tally;
  if (tally.is_empty) return;
  packets_received.add(tally.received);
  packets_sent.add(tally.sent);
  messages_received.add(tally.messages_received);
  bytes_sent.add(tally.bytes_sent);
  payload_bytes_received.add(tally.payload_received);
  payload_bytes_sent.add(tally.payload_sent);
  tally = {};
}

PacketTotals packet_totals() {
  PacketTotals totals;
  totals.received = packets_received.total();
  totals.sent = packets_sent.total();
  totals.connects = packets_received.of(PacketType::connect);
  totals.publishes_received = packets_received.of(PacketType::publish);
  totals.publishes_sent = packets_sent.of(PacketType::publish);
  return totals;
}

void count_refusal(Reason reason) {
  auto held = refusals.lock();
  std::unique_ptr<metrics::Counter>& counter = (*held)[reason];
  if (!counter) {
    counter = std::make_unique<metrics::Counter>(
        "weir_mqtt_connects_refused_total", "CONNECT packets answered with a refusal",
        fmt::format("reason=\"{}\"", escaped(to_string(reason))));
  }
  counter->add(1);
}

metrics::Gauge& clients_of(const std::string& listener, int version) {
  auto held = client_gauges.lock();
  std::unique_ptr<metrics::Gauge>& gauge = (*held)[{listener, version}];
  if (!gauge) {
    std::string_view name = version == 5 ? "5" : version == 3 ? "3.1" : "3.1.1";
    gauge = std::make_unique<metrics::Gauge>(
        "weir_mqtt_clients", "Clients connected, by listener and version of the protocol",
        fmt::format("listener=\"{}\",protocol=\"{}\"", escaped(listener), name));
  }
  return *gauge;
}

}  // namespace weir::mqtt
