#include "mqtt/publisher.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/clock.h"
#include "mqtt/packet.h"
#include "mqtt/topic.h"

namespace weir::mqtt {
namespace {

constexpr uint32_t kReplyBytesMax = 1024 * 1024;  // a broker answers a publisher with small packets

Error system_error(const std::string& what, int code) {
  return {Errc::io, fmt::format("{}: {}", what, std::generic_category().message(code))};
}

std::string_view refusal_text_311(uint8_t code) {
  switch (code) {
    case 1:
      return "unacceptable protocol version";
    case 2:
      return "identifier rejected";
    case 3:
      return "server unavailable";
    case 4:
      return "bad user name or password";
    case 5:
      return "not authorized";
    default:
      return "an unknown return code";
  }
}

// A connected socket that waits for at most a deadline.
class Socket {
 public:
  Socket(std::string name, int64_t timeout_ms) : name_(std::move(name)), timeout_ms_(timeout_ms) {}
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  Result<void> connect(const std::string& host, uint16_t port) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (int failure = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found)) {
      return Error{Errc::io, fmt::format("{}: {}", name_, ::gai_strerror(failure))};
    }
    Result<void> last = Error{Errc::io, name_ + ": no address"};
    for (addrinfo* at = found; at != nullptr; at = at->ai_next) {
      last = connect_to(*at);
      if (last.ok()) break;
    }
    ::freeaddrinfo(found);
    return last;
  }

  Result<void> write(std::string_view bytes) {
    int64_t deadline = clock_.steady_ms() + timeout_ms_;
    while (!bytes.empty()) {
      ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent > 0) {
        bytes.remove_prefix(static_cast<size_t>(sent));
      } else if (errno == EAGAIN) {
        WEIR_TRY(bool ready, wait(POLLOUT, deadline - clock_.steady_ms()));
        if (!ready) return Error{Errc::unavailable, name_ + ": the broker takes no more bytes"};
      } else if (errno != EINTR) {
        return system_error(name_, errno);
      }
    }
    return {};
  }

  // Appends what has arrived within `for_ms`; false when nothing did.
  Result<bool> read(int64_t for_ms, std::string& in) {
    WEIR_TRY(bool ready, wait(POLLIN, for_ms));
    if (!ready) return false;
    char buffer[4096];
    ssize_t got = ::recv(fd_, buffer, sizeof buffer, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    if (got < 0) return system_error(name_, errno);
    if (got == 0) return Error{Errc::unavailable, name_ + ": the broker closed the connection"};
    in.append(buffer, static_cast<size_t>(got));
    return true;
  }

 private:
  Result<void> connect_to(const addrinfo& address) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = ::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd_ < 0) return system_error(name_, errno);
    int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(fd_, address.ai_addr, address.ai_addrlen) == 0) return {};
    if (errno != EINPROGRESS) return system_error(name_, errno);
    WEIR_TRY(bool ready, wait(POLLOUT, timeout_ms_));
    if (!ready) return Error{Errc::unavailable, name_ + ": no answer in time"};
    int failure = 0;
    socklen_t size = sizeof failure;
    ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &failure, &size);
    if (failure != 0) return system_error(name_, failure);
    return {};
  }

  Result<bool> wait(short events, int64_t for_ms) {
    pollfd one{fd_, events, 0};
    int ready = ::poll(&one, 1, static_cast<int>(std::clamp<int64_t>(for_ms, 0, 1'000'000)));
    if (ready < 0 && errno != EINTR) return system_error(name_, errno);
    return ready > 0;
  }

  SystemClock clock_;
  std::string name_;
  int64_t timeout_ms_;
  int fd_ = -1;
};

class SocketPublisher final : public Publisher {
 public:
  explicit SocketPublisher(const PublisherOptions& options)
      : options_(options),
        name_(fmt::format("{}:{}", options.host, options.port)),
        version_(options.protocol_version == 5 ? Version::v5 : Version::v311),
        socket_(name_, options.timeout_ms) {}
  ~SocketPublisher() override { (void)disconnect(); }

  Result<void> open();
  Result<void> publish(std::string_view topic, std::string_view payload, uint8_t qos,
                       bool retain) override;
  Result<void> idle(int64_t for_ms) override;
  Result<void> disconnect() override;

 private:
  // Reads until a whole frame is there or `deadline_ms` has passed. The frame is valid until the
  // next call.
  Result<bool> next_frame(int64_t deadline_ms, Frame& out);
  Result<void> expect_connack();
  Result<void> expect_puback(uint16_t packet_id);
  // What may come at any time: PINGRESP, DISCONNECT.
  Result<void> handle_other(const Frame& frame);
  Result<void> write(std::string_view bytes);
  Error broken(std::string_view what) const {
    return {Errc::invalid, fmt::format("{}: {}", name_, what)};
  }

  PublisherOptions options_;
  std::string name_;
  Version version_;
  SystemClock clock_;
  Socket socket_;
  std::string in_;
  size_t used_ = 0;  // bytes of in_ that the last frame took
  int64_t written_ms_ = 0;
  int64_t keep_alive_ms_ = 0;
  int64_t ping_sent_ms_ = 0;  // 0: no answer awaited
  uint16_t last_packet_id_ = 0;
  bool open_ = false;
};

Result<void> SocketPublisher::open() {
  if (options_.protocol_version != 4 && options_.protocol_version != 5) {
    return Error{Errc::invalid, fmt::format("MQTT protocol version: got {}, wanted 4 (3.1.1) or 5",
                                            options_.protocol_version)};
  }
  WEIR_CHECK(socket_.connect(options_.host, options_.port));
  Connect packet;
  packet.version = version_;
  packet.client_id = options_.client_id;
  packet.keep_alive_s = options_.keep_alive_s;
  if (options_.user) packet.user = *options_.user;
  if (options_.password) packet.password = *options_.password;
  keep_alive_ms_ = int64_t(options_.keep_alive_s) * 1000;
  std::string bytes;
  encode_connect(packet, bytes);
  WEIR_CHECK(write(bytes));
  WEIR_CHECK(expect_connack());
  open_ = true;
  return {};
}

Result<void> SocketPublisher::expect_connack() {
  Frame frame;
  WEIR_TRY(bool got, next_frame(clock_.steady_ms() + options_.timeout_ms, frame));
  if (!got) return Error{Errc::unavailable, name_ + ": no CONNACK in time"};
  Connack answer;
  if (frame.type != PacketType::connack || decode_connack(frame, version_, answer)) {
    return broken("the answer to CONNECT is no CONNACK; is this an MQTT broker?");
  }
  if (answer.reason != Reason::success) {
    std::string_view why =
        version_ == Version::v5 ? to_string(answer.reason) : refusal_text_311(answer.code_311);
    return Error{Errc::unauthorized, fmt::format("{}: the broker refused: {}", name_, why)};
  }
  if (answer.properties.has(Property::server_keep_alive)) {
    keep_alive_ms_ = int64_t(answer.properties.server_keep_alive) * 1000;
  }
  return {};
}

Result<void> SocketPublisher::publish(std::string_view topic, std::string_view payload, uint8_t qos,
                                      bool retain) {
  if (!open_) return broken("not connected");
  if (!is_valid_topic_name(topic)) {
    return Error{Errc::invalid, fmt::format("topic: got '{}', wanted a topic name", topic)};
  }
  if (qos > 1) return Error{Errc::invalid, fmt::format("QoS: got {}, wanted 0 or 1", qos)};
  Publish packet;
  packet.topic = topic;
  packet.payload = payload;
  packet.qos = qos;
  packet.retain = retain;
  if (qos > 0) {
    last_packet_id_ = static_cast<uint16_t>(last_packet_id_ % 65535 + 1);
    packet.packet_id = last_packet_id_;
  }
  std::string bytes;
  encode_publish(packet, version_, bytes);
  WEIR_CHECK(write(bytes));
  if (qos > 0) return expect_puback(packet.packet_id);
  return idle(0);
}

Result<void> SocketPublisher::expect_puback(uint16_t packet_id) {
  int64_t deadline = clock_.steady_ms() + options_.timeout_ms;
  while (true) {
    Frame frame;
    WEIR_TRY(bool got, next_frame(deadline, frame));
    if (!got) return Error{Errc::unavailable, name_ + ": no PUBACK in time"};
    if (frame.type != PacketType::puback) {
      WEIR_CHECK(handle_other(frame));
      continue;
    }
    Ack ack;
    if (decode_ack(frame, version_, ack)) return broken("a malformed PUBACK");
    if (ack.packet_id != packet_id) continue;
    if (ack.reason >= Reason::unspecified_error) {
      return Error{Errc::unprocessable, fmt::format("{}: the broker refused a message: {}", name_,
                                                    to_string(ack.reason))};
    }
    return {};
  }
}

Result<void> SocketPublisher::idle(int64_t for_ms) {
  if (!open_) return broken("not connected");
  int64_t until = clock_.steady_ms() + for_ms;
  while (true) {
    int64_t now = clock_.steady_ms();
    // Half the interval: a ping that is late by the length of one idle() is still in time.
    if (keep_alive_ms_ > 0 && ping_sent_ms_ == 0 && now - written_ms_ >= keep_alive_ms_ / 2) {
      std::string ping;
      encode_ping(PacketType::pingreq, ping);
      WEIR_CHECK(write(ping));
      ping_sent_ms_ = now;
    }
    if (ping_sent_ms_ != 0 && now - ping_sent_ms_ > options_.timeout_ms) {
      return Error{Errc::unavailable, name_ + ": the broker does not answer a ping"};
    }
    int64_t slice = keep_alive_ms_ > 0 ? std::max<int64_t>(keep_alive_ms_ / 4, 1) : for_ms;
    Frame frame;
    WEIR_TRY(bool got, next_frame(std::min(until, now + slice), frame));
    if (got) WEIR_CHECK(handle_other(frame));
    if (!got && clock_.steady_ms() >= until) return {};
  }
}

Result<void> SocketPublisher::handle_other(const Frame& frame) {
  if (frame.type == PacketType::pingresp) ping_sent_ms_ = 0;
  if (frame.type != PacketType::disconnect) return {};
  open_ = false;
  // The first byte is the reason; a server's reasons are not all a client's, so it is read here.
  auto reason = frame.body.empty() ? Reason::success : static_cast<Reason>(frame.body[0]);
  return Error{Errc::unavailable,
               fmt::format("{}: the broker disconnected: {}", name_, to_string(reason))};
}

Result<void> SocketPublisher::disconnect() {
  if (!open_) return {};
  std::string bytes;
  encode_disconnect({}, version_, bytes);
  Result<void> written = write(bytes);
  open_ = false;
  return written;
}

Result<bool> SocketPublisher::next_frame(int64_t deadline_ms, Frame& out) {
  in_.erase(0, used_);
  used_ = 0;
  while (true) {
    Cut cut = cut_frame(in_, kReplyBytesMax, out);
    if (cut == Cut::complete) {
      used_ = out.size_bytes;
      return true;
    }
    if (cut != Cut::incomplete) return broken("bytes that are not MQTT");
    int64_t left_ms = deadline_ms - clock_.steady_ms();
    auto got = socket_.read(std::max<int64_t>(0, left_ms), in_);
    if (!got.ok()) {
      open_ = false;
      return std::move(got).error();
    }
    if (!*got && clock_.steady_ms() >= deadline_ms) return false;
  }
}

Result<void> SocketPublisher::write(std::string_view bytes) {
  written_ms_ = clock_.steady_ms();
  Result<void> written = socket_.write(bytes);
  if (!written.ok()) open_ = false;
  return written;
}

}  // namespace

Result<std::unique_ptr<Publisher>> Publisher::connect(const PublisherOptions& options) {
  auto publisher = std::make_unique<SocketPublisher>(options);
  WEIR_CHECK(publisher->open());
  return std::unique_ptr<Publisher>(std::move(publisher));
}

}  // namespace weir::mqtt
