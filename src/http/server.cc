#include "http/server.h"

#include <condition_variable>
#include <mutex>
#include <unordered_set>
#include <vector>

#include "base/log.h"
#include "base/metrics.h"
#include "base/sync.h"
#include "http/connection.h"

namespace weir::http {
namespace {

metrics::Gauge connections_open{"weir_http_connections", "Open HTTP connections"};
metrics::Counter connections_refused{"weir_http_connections_refused_total",
                                     "Connections refused because there were too many"};

SystemClock system_clock;

// The connections, each set touched by its io thread only, and their total for all.
class TcpServer final : public Server {
 public:
  TcpServer(net::IoThreads& threads, const Router& router, ServerOptions options)
      : threads_(threads),
        context_{router, options,
                 std::make_shared<AnswerContext>(router.common_headers(), system_clock)},
        connections_(threads.count()) {}
  ~TcpServer() override { stop(0); }

  Result<void> listen(const net::ListenAddress& address) {
    WEIR_TRY(listener_,
             net::Listener::open(
                 threads_, address,
                 [this](std::unique_ptr<net::Stream> stream) { accept(std::move(stream)); },
                 context_.options.listen));
    return {};
  }
  uint16_t port() const override { return listener_->port(); }
  std::string address() const override { return listener_->address(); }
  void stop(int64_t grace_ms) override;

 private:
  using ConnectionSet = std::unordered_set<std::shared_ptr<Connection>>;

  void accept(std::unique_ptr<net::Stream> stream);
  // Runs on every io thread, over a copy of its connections.
  void for_each_connection(void (*visit)(Connection&));

  net::IoThreads& threads_;
  ConnectionContext context_;
  std::vector<ConnectionSet> connections_;
  Guarded<size_t> count_{0u};
  std::condition_variable count_changed_;
  std::unique_ptr<net::Listener> listener_;
  bool is_stopped_ = false;
};

void TcpServer::accept(std::unique_ptr<net::Stream> stream) {
  ConnectionSet& set = connections_[stream->io_thread().index()];
  auto ended = [this, &set](Connection& connection) {
    set.erase(connection.shared_from_this());
    connections_open.add(-1);
    // Under the lock: after it the server may be gone.
    auto count = count_.lock();
    --*count;
    count_changed_.notify_all();
  };
  auto connection = std::make_shared<Connection>(context_, std::move(stream), ended);
  set.insert(connection);
  connections_open.add(1);
  size_t count = 0;
  {
    auto locked = count_.lock();
    count = ++*locked;
  }
  if (count > context_.options.connections_max) {
    connections_refused.add(1);
    return connection->refuse();
  }
  connection->start();
}

void TcpServer::for_each_connection(void (*visit)(Connection&)) {
  for (size_t i = 0; i < threads_.count(); ++i) {
    auto visit_all = [this, i, visit] {
      const std::vector<std::shared_ptr<Connection>> all(connections_[i].begin(),
                                                         connections_[i].end());
      for (const auto& connection : all) visit(*connection);
    };
    // The task refers to the server, which waits for its end.
    std::mutex mutex;
    std::condition_variable changed;
    bool is_done = false;
    if (threads_.at(i).is_this_thread()) {
      visit_all();
      continue;
    }
    threads_.at(i).post([&] {
      visit_all();
      std::lock_guard lock(mutex);
      is_done = true;
      changed.notify_all();
    });
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return is_done; });
  }
}

void TcpServer::stop(int64_t grace_ms) {
  if (is_stopped_) return;
  is_stopped_ = true;
  context_.answers->is_stopping = true;
  listener_.reset();  // no connection arrives from here on
  for_each_connection([](Connection& connection) { connection.finish_soon(); });
  {
    auto count = count_.lock();
    count.wait_for(count_changed_, std::chrono::milliseconds(grace_ms),
                   [&] { return *count == 0; });
  }
  for_each_connection([](Connection& connection) { connection.close_now(); });
  log::debug("http", "server stopped");
}

}  // namespace

Result<std::unique_ptr<Server>> Server::open(net::IoThreads& threads,
                                             const net::ListenAddress& address,
                                             const Router& router, ServerOptions options) {
  auto server = std::make_unique<TcpServer>(threads, router, options);
  WEIR_CHECK(server->listen(address));
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace weir::http
