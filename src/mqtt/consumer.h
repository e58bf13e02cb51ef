// Consumer: weir reads what another broker publishes into its own sinks: the mapping to points, the
// live view.
//
// A QoS 1 or 2 message is acknowledged upstream when every sink has stored it; when one cannot, the
// connection is ended and the broker sends it again on the next. While sinks are congested, or too
// much waits to be stored, the broker is read no further and keeps the rest in its session for
// weir. Made by server/; lives on one io thread.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "mqtt/client.h"
#include "mqtt/sink.h"

namespace weir::mqtt {

class Consumer final : private ClientOwner, public std::enable_shared_from_this<Consumer> {
 public:
  // 3.1.1 has no receive maximum: beyond so many messages waiting for the sinks reading rests.
  static constexpr size_t kUnacknowledgedMax = 10'000;
  // How often congested sinks are asked: a few group commits.
  static constexpr int64_t kReliefMs = 5;

  // Called with the filters the broker's session holds, to be kept for the next start.
  using Remember = std::function<void(const std::set<std::string>& held)>;

  // `thread`, `clock` and the sinks outlive it, or its stop().
  static std::shared_ptr<Consumer> make(net::IoThread& thread, const Clock& clock,
                                        ClientSettings settings, std::vector<PublishSink*> sinks,
                                        Remember remember);
  Consumer(net::IoThread& thread, std::vector<PublishSink*> sinks, Remember remember);
  ~Consumer() override;

  void start() { client_->start(); }
  void stop() { client_->stop(); }  // not from an io thread
  ClientStatus status() const { return client_->status(); }
  Client& client() { return *client_; }

 private:
  struct Batch;

  void on_connected(bool session_present) override;
  void on_subscribed(const std::set<std::string>& held) override;
  void on_messages(std::vector<ReceivedEvent> messages) override;
  void settle(const Batch& batch);
  bool is_full() const;
  void rest_if_needed();

  net::IoThread& thread_;
  const std::vector<PublishSink*> sinks_;
  const Remember remember_;
  std::shared_ptr<Client> client_;
  uint64_t connection_ = 0;  // counts them
  bool resting_ = false;
};

}  // namespace weir::mqtt
