// Bridge: copies topics between the own broker and another one, both ways.
//
// Two clients on one io thread: one towards the other broker, one towards the own, whose persistent
// session is the durable queue of what is still to go out. A QoS 1 or 2 message is acknowledged at
// one side when the other side has acknowledged its copy, so none is lost when either side, or the
// bridge, goes away; it may be repeated. QoS 0 messages are dropped while the other side is away or
// does not keep up.
//
// Loops: neither side gives a bridge back what it published (MQTT 5's no local, the bridge bit of
// 3.1.1); against longer ways round MQTT 5 messages carry the bridges they have passed. Towards a
// plain 3.1.1 broker, which knows neither, the bridge remembers for a while what it has published
// and leaves out what comes back.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "mqtt/bridge_topics.h"
#include "mqtt/client.h"

namespace weir::mqtt {

struct BridgeSettings {
  std::string name;
  std::string own_id;  // of this weir, in the marks of messages
  BridgeTopics topics;
  ClientSettings local, remote;  // without subscriptions
  // Retained "1" or "0" at the own broker, as the connection stands or not.
  std::function<void(bool connected)> tell_status;
  std::string remote_status_topic;  // the same at the other broker; empty: not told
  // The own broker's retained message of a topic, or null.
  std::function<MessagePtr(std::string_view topic)> retained;
  // Called with the filters that the other broker's session holds.
  std::function<void(const std::set<std::string>& held)> remember;
};

class Bridge final : public std::enable_shared_from_this<Bridge> {
 public:
  // A user property of the copies: the bridging brokers passed, ids with commas between.
  static constexpr std::string_view kPathProperty = "weir-bridge-path";
  static constexpr size_t kPathBytesMax = 400;  // some twenty brokers: no sane way is longer
  // A refusal that may pass (storage full, busy) is tried again after this.
  static constexpr int64_t kRetryMs = 1000;
  // Towards a broker that gives back what it is sent: how much and how long is remembered.
  static constexpr size_t kEchoesMax = 10'000;
  static constexpr int64_t kEchoMsMax = 60'000;
  // Retained copies come right after subscribing.
  static constexpr int64_t kReplayMs = 10'000;
  // QoS 0 beyond so much unsent is dropped.
  static constexpr size_t kUnsentBytesMax = 4 * 1024 * 1024;
  // 3.1.1 has no receive maximum: beyond so many copies on their way reading rests.
  static constexpr size_t kCopiesMax = 1000;

  static std::shared_ptr<Bridge> make(net::IoThread& thread, const Clock& clock,
                                      BridgeSettings settings);
  Bridge(net::IoThread& thread, const Clock& clock, BridgeSettings settings);
  ~Bridge();

  void start();                 // any thread
  void stop();                  // any thread but an io thread
  void close();                 // the io thread
  ClientStatus status() const;  // of the connection to the other broker; any thread

 private:
  class Side;
  struct Copy {
    MessagePtr message;
    std::optional<uint64_t> origin;  // ticket at the side it came from
  };
  struct Echo {
    size_t hash = 0;
    int64_t until_ms = 0;
  };
  struct Metrics;

  void on_messages(Side& from, std::vector<ReceivedEvent> messages);
  std::optional<std::string> target_of(const Side& from, const Message& message) const;
  void copy(Side& to, Copy copy);
  void on_published(Side& at, uint64_t ticket, Reason reason);
  void remote_connected(bool session_present);
  void remote_disconnected();
  bool is_replay(const Message& message, std::string_view local_topic) const;
  bool gives_back() const;
  void remember_echo(const Message& message);
  bool is_echo(const Message& message);
  void rest_if_needed();
  MessagePtr make_copy(const Message& message, std::string topic) const;
  Side& other(const Side& side);

  net::IoThread& thread_;
  const Clock& clock_;
  const BridgeSettings settings_;
  std::unique_ptr<Side> local_, remote_;
  std::deque<Echo> echoes_;
  std::unordered_map<size_t, size_t> echo_counts_;  // by hash
  int64_t replay_until_ms_ = 0;
  bool closed_ = false;
  std::unique_ptr<Metrics> metrics_;
};

}  // namespace weir::mqtt
