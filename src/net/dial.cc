#if defined(__SANITIZE_THREAD__)
// Asio's fences order reference counts only; ThreadSanitizer does without them.
#pragma GCC diagnostic ignored "-Wtsan"
#endif
#include <fmt/core.h>
#include <netinet/in.h>

#include <boost/asio/basic_socket.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/basic_resolver.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstring>

#include "net/listener.h"
#include "net/system_reason.h"
#include "net/tcp_stream.h"

namespace weir::net {
namespace {

namespace asio = boost::asio;
using Executor = asio::io_context::executor_type;
using Tcp = asio::ip::tcp;
using Done = std::function<void(Result<std::unique_ptr<Stream>>)>;

std::string system_reason_of(const boost::system::error_code& error) {
  if (error.category() == boost::system::system_category()) return system_reason(error.value());
  return error.message();
}

// One attempt to connect. The pending operation holds it; the timer only refers to it.
class Dial : public std::enable_shared_from_this<Dial> {
 public:
  Dial(LoopThread& loop, std::string host, uint16_t port, Done done)
      : loop_(loop),
        host_(std::move(host)),
        port_(port),
        done_(std::move(done)),
        resolver_(loop.context()),
        socket_(loop.context()) {}

  void start(int64_t timeout_ms) {
    timer_ = loop_.after_ms(timeout_ms, [weak = weak_from_this()] {
      auto self = weak.lock();
      if (!self) return;
      self->timer_ = 0;
      self->fail("timed out");
    });
    // The resolver works on a thread of its own.
    resolver_.async_resolve(host_, std::to_string(port_),
                            [self = shared_from_this()](const boost::system::error_code& error,
                                                        const Tcp::resolver::results_type& found) {
                              if (error) return self->fail(system_reason_of(error));
                              self->connect(found);
                            });
  }

 private:
  void connect(const Tcp::resolver::results_type& found) {
    if (!done_) return;
    asio::async_connect(socket_, found,
                        [self = shared_from_this()](const boost::system::error_code& error,
                                                    const Tcp::endpoint& endpoint) {
                          if (error) return self->fail(system_reason_of(error));
                          self->succeed(endpoint);
                        });
  }
  void succeed(const Tcp::endpoint& endpoint) {
    if (!done_) return;
    boost::system::error_code error;
    socket_.native_non_blocking(true, error);
    const int fd = error ? -1 : socket_.release(error);
    if (error) return fail(system_reason_of(error));
    sockaddr_storage address{};
    std::memcpy(&address, endpoint.data(), endpoint.size());
    finish(make_tcp_stream(loop_, fd, peer_of(address)));
  }
  void fail(const std::string& reason) {
    if (!done_) return;
    finish(Error{Errc::unavailable, fmt::format("{}:{}: {}", host_, port_, reason)});
  }
  void finish(Result<std::unique_ptr<Stream>> result) {
    if (timer_ != 0) loop_.cancel(std::exchange(timer_, 0));
    boost::system::error_code ignored;
    resolver_.cancel();
    socket_.close(ignored);
    std::exchange(done_, nullptr)(std::move(result));
  }

  LoopThread& loop_;
  const std::string host_;
  const uint16_t port_;
  Done done_;
  IoThread::TimerId timer_ = 0;
  asio::ip::basic_resolver<Tcp, Executor> resolver_;
  asio::basic_stream_socket<Tcp, Executor> socket_;
};

}  // namespace

void dial(IoThread& thread, const std::string& host, uint16_t port, int64_t timeout_ms,
          std::function<void(Result<std::unique_ptr<Stream>>)> done) {
  auto& loop = static_cast<LoopThread&>(thread);
  loop.post([&loop, host, port, timeout_ms, done = std::move(done)]() mutable {
    std::make_shared<Dial>(loop, host, port, std::move(done))->start(timeout_ms);
  });
}

}  // namespace weir::net
