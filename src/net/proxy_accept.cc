#include "net/proxy_accept.h"

#include <sys/socket.h>

#include <cerrno>
#include <string>

#include "base/log.h"
#include "base/log_limit.h"
#include "base/metrics.h"
#include "net/proxy_protocol.h"
#include "net/system_reason.h"

namespace weir::net {
namespace {

metrics::Counter headers_refused{"weir_net_proxy_headers_refused_total",
                                 "Connections closed for want of a valid PROXY header"};

// The loop holds it while it waits for bytes or for the time-out.
class HeaderReader final : public LoopClient, public std::enable_shared_from_this<HeaderReader> {
 public:
  HeaderReader(LoopThread& loop, int fd, Peer connected, std::function<void(int, Peer)> done)
      : loop_(loop),
        watch_(loop, fd, *this),
        connected_(std::move(connected)),
        done_(std::move(done)) {}

  void start() {
    if (!watch_.is_open()) return;
    timer_ = loop_.after_ms(kProxyHeaderMsMax, [self = shared_from_this()] {
      self->timer_ = 0;
      self->refuse("it takes too long to send one");
    });
    watch_.wait_readable(shared_from_this());
  }
  void on_readable() override;
  void on_writable() override {}
  void drop() override { close(); }

 private:
  void close() {
    if (timer_ != 0) loop_.cancel(std::exchange(timer_, 0));
    watch_.close();
  }
  void refuse(std::string_view why) {
    headers_refused.add(1);
    static log::Limit refusals{"net", "connections without a PROXY header"};
    if (refusals.admits()) {
      log::warn("net", "connection from {} closed, this listener wants a PROXY header: {}",
                connected_.text(), log::shown(why, 256));
    }
    close();
  }

  LoopThread& loop_;
  FdWatch watch_;
  const Peer connected_;
  const std::function<void(int, Peer)> done_;
  std::string header_;  // what has been read of it
  IoThread::TimerId timer_ = 0;
};

// Bytes are looked at first, and taken only when they are the header's for sure: what follows is
// the stream's.
void HeaderReader::on_readable() {
  auto self = shared_from_this();
  if (!watch_.is_open()) return;
  char* buffer = loop_.read_buffer();
  const ssize_t seen = ::recv(watch_.fd(), buffer, kProxyHeaderBytesMax, MSG_PEEK);
  if (seen < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
    return watch_.wait_readable(self);
  if (seen < 0) return refuse(system_reason(errno));
  if (seen == 0) return refuse("it has left without one");
  const size_t before = header_.size();
  header_.append(buffer, static_cast<size_t>(seen));
  ProxyHeader parsed = parse_proxy_header(header_, connected_);
  if (parsed.status == ProxyHeader::Status::malformed) return refuse(parsed.problem);
  header_.resize(parsed.size_bytes);
  (void)::recv(watch_.fd(), buffer, parsed.size_bytes - before, 0);
  if (parsed.status == ProxyHeader::Status::incomplete) return watch_.wait_readable(self);
  if (timer_ != 0) loop_.cancel(std::exchange(timer_, 0));
  done_(watch_.release(), std::move(parsed.peer));
}

}  // namespace

void read_proxy_header(LoopThread& loop, int fd, Peer connected,
                       std::function<void(int, Peer)> done) {
  std::make_shared<HeaderReader>(loop, fd, std::move(connected), std::move(done))->start();
}

}  // namespace weir::net
