// OtherBrokers: weir's connections to other brokers: the one it consumes ([broker]) and the
// bridges.
//
// Made by App once the sinks and the own broker stand; their sessions are kept under
// `data_dir`/brokers. status() from any thread; stop() before the sinks and the workers stop.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/workers.h"
#include "mqtt/bridge.h"
#include "mqtt/broker.h"
#include "mqtt/client_status.h"
#include "mqtt/consumer.h"
#include "net/io_threads.h"
#include "server/config.h"
#include "server/link_state.h"

namespace weir::server {

class OtherBrokers {
 public:
  struct Parts {
    net::IoThreads& threads;
    const Clock& clock;
    Workers& workers;
    std::vector<mqtt::PublishSink*> sinks;
    mqtt::Broker& broker;
  };
  // Errors: files that cannot be used. A broker that cannot be reached is none: it is tried again.
  static Result<std::unique_ptr<OtherBrokers>> start(const Config& config, const Parts& parts);
  ~OtherBrokers() { stop(); }

  std::vector<mqtt::ClientStatus> status() const;
  void stop();  // not from an io thread

 private:
  explicit OtherBrokers(const Parts& parts) : parts_(parts) {}
  Result<void> start_consumer(const Config& config);
  // Bridges of an earlier configuration: what still waits for them goes with their sessions.
  Result<void> forget_removed_bridges(const Config& config);
  Result<void> start_bridge(const BridgeConfig& bridge, const Config& config);
  mqtt::ClientSettings own_side(const BridgeConfig& bridge, const LinkState& state) const;
  static std::string own_client_id(std::string_view bridge, const LinkState& state);
  void tell_status(const std::string& topic, bool connected) const;
  // The client's settings but for what it subscribes to; its session is kept in `state`.
  Result<mqtt::ClientSettings> settings_of(const BrokerLink& link, const Config& config,
                                           std::shared_ptr<LinkState>& state);
  mqtt::Consumer::Remember remember_in(std::shared_ptr<LinkState> state);

  const Parts parts_;
  bool stopped_ = false;
  std::shared_ptr<mqtt::Consumer> consumer_;
  std::vector<std::shared_ptr<mqtt::Bridge>> bridges_;
};

}  // namespace weir::server
