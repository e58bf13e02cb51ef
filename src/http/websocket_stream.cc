#include "http/websocket_stream.h"

#include "http/error_response.h"
#include "http/text.h"
#include "http/websocket_codec.h"

namespace weir::http {
namespace {

// A buffer beyond this is not kept for the next batch: most connections are idle.
constexpr size_t kKeptBufferBytes = 4 * 1024;

// Shared by the Stream its user holds, the socket's events, and a flush that is due.
class Bridge final : public std::enable_shared_from_this<Bridge> {
 public:
  Bridge(std::shared_ptr<WebSocket> socket, std::shared_ptr<const MessageCut> cut,
         bool is_from_elsewhere)
      : socket_(std::move(socket)), cut_(std::move(cut)), peer_(socket_->peer()) {
    if (is_from_elsewhere) peer_.is_loopback = false;
  }

  void start(net::StreamReader& reader) {
    reader_ = &reader;
    hand_on_later();
  }
  void pause_reading() {
    is_paused_ = true;
    socket_->pause_reading();
  }
  void resume_reading() {
    is_paused_ = false;
    socket_->resume_reading();
    hand_on_later();
  }
  void write(std::string_view bytes) {
    if (is_closed_) return;
    out_.append(bytes);
    if (std::exchange(is_flush_due_, true)) return;
    socket_->io_thread().at_end_of_batch([self = shared_from_this()] { self->flush(); });
  }
  size_t unsent_bytes() const { return out_.size() + socket_->unsent_bytes(); }
  void close() {
    if (std::exchange(is_closed_, true)) return;
    reader_ = nullptr;
    flush();
    socket_->close(close_code::kNormal, {});
  }
  const net::Peer& peer() const { return peer_; }
  net::IoThread& io_thread() { return socket_->io_thread(); }

  WebSocketEvents events() {
    auto self = shared_from_this();
    WebSocketEvents events;
    events.on_message = [self](std::string_view bytes, bool is_text) {
      if (is_text) return self->end(close_code::kUnsupportedData, "wanted binary messages");
      self->receive(bytes);
    };
    events.on_closed = [self] { self->end(close_code::kNormal, {}); };
    events.on_drained = [self] {
      if (self->reader_ != nullptr) self->reader_->on_drained();
    };
    return events;
  }

 private:
  void receive(std::string_view bytes) {
    if (reader_ != nullptr && waiting_.empty() && !is_paused_) return reader_->on_bytes(bytes);
    if (!is_closed_) waiting_.append(bytes);
  }
  void hand_on_later() {
    if (waiting_.empty()) return;
    socket_->io_thread().post([self = shared_from_this()] {
      if (self->reader_ == nullptr || self->is_paused_ || self->waiting_.empty()) return;
      self->reader_->on_bytes(std::exchange(self->waiting_, {}));
    });
  }
  void flush() {
    is_flush_due_ = false;
    if (out_.empty()) return;
    for (std::string_view rest = out_; !rest.empty();) {
      const size_t size = (*cut_)(rest);
      socket_->send_binary(rest.substr(0, size));
      rest.remove_prefix(size);
    }
    out_.clear();
    if (out_.capacity() > kKeptBufferBytes) out_ = {};
  }
  void end(uint16_t code, std::string_view reason) {
    if (std::exchange(is_closed_, true)) return;
    socket_->close(code, reason);
    net::StreamReader* reader = std::exchange(reader_, nullptr);
    if (reader != nullptr) reader->on_end({});
  }

  const std::shared_ptr<WebSocket> socket_;
  const std::shared_ptr<const MessageCut> cut_;
  net::Peer peer_;
  net::StreamReader* reader_ = nullptr;
  std::string waiting_;  // arrived before the stream was started, or while reading was paused
  std::string out_;
  bool is_paused_ = false;
  bool is_flush_due_ = false;
  bool is_closed_ = false;
};

class WebSocketStream final : public net::Stream {
 public:
  explicit WebSocketStream(std::shared_ptr<Bridge> bridge) : bridge_(std::move(bridge)) {}
  ~WebSocketStream() override { bridge_->close(); }
  void start(net::StreamReader& reader) override { bridge_->start(reader); }
  void pause_reading() override { bridge_->pause_reading(); }
  void resume_reading() override { bridge_->resume_reading(); }
  void write(std::string_view bytes) override { bridge_->write(bytes); }
  void write_shared(std::shared_ptr<const std::string> bytes) override { bridge_->write(*bytes); }
  size_t unsent_bytes() const override { return bridge_->unsent_bytes(); }
  void close_gracefully() override { bridge_->close(); }
  void close() override { bridge_->close(); }
  const net::Peer& peer() const override { return bridge_->peer(); }
  net::IoThread& io_thread() override { return bridge_->io_thread(); }

 private:
  const std::shared_ptr<Bridge> bridge_;
};

// "http://127.0.0.1:8086" and the like. A name that resolves to this machine may be anybody's.
bool is_origin_on_this_machine(std::string_view origin) {
  const size_t scheme = origin.find("://");
  if (scheme == std::string_view::npos) return false;  // "null": a file, a sandbox
  std::string_view host = origin.substr(scheme + 3);
  if (host.starts_with('[')) return host.substr(0, host.find(']') + 1) == "[::1]";
  host = host.substr(0, host.find(':'));
  if (equal_ignoring_case(host, "localhost")) return true;
  return host.starts_with("127.") && host.find_first_not_of("0123456789.") == host.npos;
}

WebSocketAnswer refusal_for_want_of(const std::vector<std::string>& subprotocols) {
  std::string wanted;
  for (const std::string& one : subprotocols)
    wanted += (wanted.empty() ? "\"" : " or \"") + one + "\"";
  ErrorResponse refusal =
      error_response(Error{Errc::invalid, "Sec-WebSocket-Protocol: wanted " + wanted});
  WebSocketAnswer answer;
  answer.refuse_status = refusal.status;
  answer.refuse_headers = std::move(refusal.headers);
  answer.refuse_body = std::move(refusal.body);
  return answer;
}

}  // namespace

WebSocketHandler websocket_stream_handler(
    std::vector<std::string> subprotocols, MessageCut cut,
    std::function<void(std::unique_ptr<net::Stream>)> accept) {
  return [subprotocols = std::move(subprotocols),
          cut = std::make_shared<const MessageCut>(std::move(cut)),
          accept = std::move(accept)](const Request& request) {
    const std::string_view asked = request.headers.get("Sec-WebSocket-Protocol");
    WebSocketAnswer answer;
    for (const std::string& offered : subprotocols) {
      if (answer.subprotocol.empty() && list_has_token(asked, offered))
        answer.subprotocol = offered;
    }
    if (answer.subprotocol.empty()) return refusal_for_want_of(subprotocols);
    answer.binary_in_pieces = true;
    const std::string_view origin = trimmed(request.headers.get("Origin"));
    const bool is_from_elsewhere = !origin.empty() && !is_origin_on_this_machine(origin);
    answer.opened = [accept, cut, is_from_elsewhere](std::shared_ptr<WebSocket> socket) {
      auto bridge = std::make_shared<Bridge>(std::move(socket), cut, is_from_elsewhere);
      accept(std::make_unique<WebSocketStream>(bridge));
      return bridge->events();
    };
    return answer;
  };
}

}  // namespace weir::http
