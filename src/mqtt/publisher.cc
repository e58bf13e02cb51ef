#include "mqtt/publisher.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/clock.h"
#include "mqtt/client_session.h"
#include "mqtt/topic.h"
#include "net/blocking_connection.h"

namespace weir::mqtt {
namespace {

ClientOptions client_options(const PublisherOptions& options) {
  ClientOptions client;
  client.version = options.protocol_version == 5 ? Version::v5 : Version::v311;
  client.client_id = options.client_id;
  client.user = options.user;
  client.password = options.password;
  client.clean_start = true;
  client.keep_alive_s = options.keep_alive_s;
  client.answer_ms_max = options.timeout_ms;
  return client;
}

// The client's session on a socket that is waited for.
class SocketPublisher final : public Publisher {
 public:
  SocketPublisher(const PublisherOptions& options, net::BlockingConnection socket)
      : name_(options.host.starts_with("unix:") ? options.host
                                                : fmt::format("{}:{}", options.host, options.port)),
        timeout_ms_(options.timeout_ms),
        socket_(std::move(socket)),
        session_(client_options(options)) {}
  ~SocketPublisher() override { (void)disconnect(); }

  Result<void> open() {
    session_.connect(now(), out_);
    WEIR_CHECK(flush());
    return wait_until([&] { return session_.is_connected(); }, "no CONNACK in time");
  }

  Result<void> publish(std::string_view topic, std::string_view payload, uint8_t qos,
                       bool retain) override {
    if (!session_.is_connected()) return broken("not connected");
    if (!is_valid_topic_name(topic)) {
      return Error{Errc::invalid, fmt::format("topic: got '{}', wanted a topic name", topic)};
    }
    if (qos > 2) return Error{Errc::invalid, fmt::format("QoS: got {}, wanted 0, 1 or 2", qos)};
    auto message = std::make_shared<Message>();
    message->topic = topic;
    message->payload = payload;
    if (qos == 0) {
      if (!session_.publish_unacknowledged(*message, retain, now(), out_)) {
        return refused(Reason::packet_too_large);
      }
      WEIR_CHECK(flush());
      return idle(0);
    }
    answer_.reset();
    session_.publish(std::move(message), qos, retain, now(), out_);
    WEIR_CHECK(flush());
    WEIR_CHECK(wait_until([&] { return answer_.has_value(); }, "no acknowledgement in time"));
    if (*answer_ >= Reason::unspecified_error) return refused(*answer_);
    return {};
  }

  Result<void> idle(int64_t for_ms) override {
    if (!session_.is_connected()) return broken("not connected");
    const int64_t until = clock_.steady_ms() + for_ms;
    do {
      WEIR_CHECK(step(until));
    } while (clock_.steady_ms() < until);
    return {};
  }

  Result<void> disconnect() override {
    if (!session_.is_connected()) return {};
    session_.disconnect(true, out_);
    return flush();
  }

 private:
  Now now() const { return {clock_.steady_ms(), clock_.wall_ns()}; }
  Error broken(std::string_view what) const {
    return {Errc::unavailable, fmt::format("{}: {}", name_, what)};
  }
  Error refused(Reason reason) const {
    return {Errc::unprocessable,
            fmt::format("{}: the broker refused a message: {}", name_, to_string(reason))};
  }

  template <class Reached>
  Result<void> wait_until(Reached reached, std::string_view missed) {
    const int64_t deadline = clock_.steady_ms() + timeout_ms_;
    while (!reached()) {
      if (clock_.steady_ms() >= deadline) return broken(missed);
      WEIR_CHECK(step(deadline));
    }
    return {};
  }

  // Reads what has come, or comes before `until_ms`, and does what is due on time.
  Result<void> step(int64_t until_ms) {
    const int64_t wake_ms = std::min(until_ms, session_.deadline_ms());
    const int64_t wait_ms = std::clamp<int64_t>(wake_ms - clock_.steady_ms(), 0, 1'000'000);
    WEIR_TRY(const bool has_bytes, socket_.wait_readable(wait_ms));
    if (has_bytes) {
      in_.clear();
      auto received = socket_.receive(in_, timeout_ms_);
      if (!received.ok() || *received == 0) {
        session_.connection_lost();
        if (!received.ok()) return std::move(received).error();
        return broken("the broker closed the connection");
      }
      session_.consume(in_, now(), out_);
    }
    session_.on_time(now(), out_);
    return flush();
  }

  // Writes what the session says, and takes note of what it tells.
  Result<void> flush() {
    Result<void> outcome;
    for (const ClientEvent& event : out_.events) {
      if (auto* published = std::get_if<PublishedEvent>(&event)) answer_ = published->reason;
      if (auto* ended = std::get_if<EndedEvent>(&event)) {
        outcome = Error{ended->refused ? Errc::unauthorized : Errc::unavailable,
                        fmt::format("{}: {}", name_, ended->why)};
      }
    }
    out_.events.clear();
    auto written = socket_.send_all(std::exchange(out_.bytes, {}), timeout_ms_);
    if (!outcome.ok()) return outcome;
    if (!written.ok()) session_.connection_lost();
    return written;
  }

  const std::string name_;
  const int64_t timeout_ms_;
  SystemClock clock_;
  net::BlockingConnection socket_;
  ClientSession session_;
  ClientOutput out_;
  std::string in_;
  std::optional<Reason> answer_;  // to the publish under way
};

}  // namespace

Result<std::unique_ptr<Publisher>> Publisher::connect(const PublisherOptions& options) {
  if (options.protocol_version != 4 && options.protocol_version != 5) {
    return Error{Errc::invalid, fmt::format("MQTT protocol version: got {}, wanted 4 (3.1.1) or 5",
                                            options.protocol_version)};
  }
  WEIR_TRY(auto socket,
           net::BlockingConnection::open(options.host, options.port, options.timeout_ms,
                                         options.tls, options.check));
  auto publisher = std::make_unique<SocketPublisher>(options, std::move(socket));
  WEIR_CHECK(publisher->open());
  return std::unique_ptr<Publisher>(std::move(publisher));
}

}  // namespace weir::mqtt
