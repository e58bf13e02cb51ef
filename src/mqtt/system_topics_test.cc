#include "mqtt/system_topics.h"

#include <doctest/doctest.h>

#include <map>

#include "base/log.h"
#include "mqtt/broker_thread.h"
#include "mqtt/connection.h"
#include "mqtt/fake_net.h"
#include "mqtt/hub.h"
#include "mqtt/metrics.h"
#include "mqtt/packet_notation_test.h"

namespace weir::mqtt {
namespace {

std::map<std::string, std::string> as_map(const SystemTopics::Told& told) {
  return {told.begin(), told.end()};
}

TEST_CASE("system topics are told once, and again when they change") {
  SystemTopics topics;
  SystemFigures figures;
  figures.version = "weir version 0.1.0";
  figures.clients_connected = 2;
  figures.clients_total = 5;
  auto told = as_map(topics.changes(figures, 1000));
  CHECK(told.size() == 55);
  CHECK(told["$SYS/broker/version"] == "weir version 0.1.0");
  CHECK(told["$SYS/broker/uptime"] == "0 seconds");
  CHECK(told["$SYS/broker/clients/disconnected"] == "3");
  CHECK(told["$SYS/broker/load/sockets/15min"] == "0.00");
  CHECK(topics.changes(figures, 2000).empty());
  figures.uptime_s = 10;
  figures.retained_messages = 7;
  told = as_map(topics.changes(figures, 3000));
  CHECK(told.size() == 2);
  CHECK(told["$SYS/broker/uptime"] == "10 seconds");
  CHECK(told["$SYS/broker/retained messages/count"] == "7");
}

TEST_CASE("loads are averages of what happens in a minute and settle at it") {
  SystemTopics topics;
  SystemFigures figures;
  (void)topics.changes(figures, 0);
  std::map<std::string, std::string> seen;
  // Ten publishes a second for an hour: every average settles at 600 a minute.
  for (int64_t at_s = 10; at_s <= 3600; at_s += 10) {
    figures.publishes_received += 100;
    for (auto& [topic, value] : topics.changes(figures, at_s * 1000)) seen[topic] = value;
    if (at_s == 60) {
      // After one time constant 1 - 1/e of it.
      CHECK(std::stod(seen["$SYS/broker/load/publish/received/1min"]) ==
            doctest::Approx(379.27).epsilon(0.001));
      CHECK(std::stod(seen["$SYS/broker/load/publish/received/15min"]) < 50);
    }
  }
  CHECK(seen["$SYS/broker/load/publish/received/1min"] == "600.00");
  CHECK(std::stod(seen["$SYS/broker/load/publish/received/5min"]) ==
        doctest::Approx(600).epsilon(0.001));
}

TEST_CASE("messages count every packet, publishes those alone, and bytes their payload") {
  log::set_level(log::Level::warn);
  FakeLoops loops(1);
  BrokerOptions options;
  options.version = "9.9";
  options.system_topics_ms = 5000;
  auto hub = std::make_shared<Hub>(loops.clock, options, std::vector<PublishSink*>{});
  hub->add_threads(loops.all());
  settle_packet_tally();  // of other cases on this thread
  const PacketTotals before = packet_totals();
  const uint64_t payload_in = payload_bytes_received.value(), out = bytes_sent.value();
  const uint64_t payload_out = payload_bytes_sent.value();
  auto policy = std::make_shared<ListenerPolicy>("count \"me\"");
  FakePeer peer(*loops.threads[0]);
  hub->threads[0]->adopt(peer.make_stream(), policy);
  std::string bytes = assemble_packet("CONNECT client_id=a clean", 4) +
                      assemble_packet("SUBSCRIBE id=1 filter=t qos=1", 4) +
                      assemble_packet("PUBLISH topic=t payload=12345", 4) +
                      assemble_packet("PUBLISH topic=t qos=1 id=1 payload=123", 4) +
                      assemble_packet("PINGREQ", 4);
  peer.send(bytes);
  loops.run();
  settle_packet_tally();
  const PacketTotals after = packet_totals();
  CHECK(after.received - before.received == 5);
  CHECK(after.connects - before.connects == 1);
  CHECK(after.publishes_received - before.publishes_received == 2);
  // CONNACK, SUBACK, two PUBLISH, PUBACK, PINGRESP.
  CHECK(after.sent - before.sent == 6);
  CHECK(after.publishes_sent - before.publishes_sent == 2);
  CHECK(payload_bytes_received.value() - payload_in == 8);
  CHECK(payload_bytes_sent.value() - payload_out == 8);
  CHECK(bytes_sent.value() - out == peer.received().size());
  const std::string exposed = metrics::exposition_text();
  CHECK(exposed.find(R"(weir_mqtt_clients{listener="count \"me\"",protocol="3.1.1"} 1)") !=
        std::string::npos);
  CHECK(exposed.find("weir_mqtt_subscriptions 1\n") != std::string::npos);

  peer.received().clear();
  peer.send(assemble_packet("SUBSCRIBE id=2 filter=$SYS/broker/version", 4));
  hub->threads[0]->start_system_topics();
  loops.run();
  CHECK(peer.received().find("weir version 9.9") != std::string::npos);
  peer.received().clear();
  loops.advance_ms(20'000);
  CHECK(peer.received().empty());  // it did not change
  peer.vanish();
  loops.run();
  CHECK(hub->clients_connected == 0);
  CHECK(hub->clients_connected_most == 1);
}

}  // namespace
}  // namespace weir::mqtt
