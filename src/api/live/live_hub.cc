#include "api/live/live_hub.h"

#include "api/live/live_reader.h"
#include "base/metrics.h"

namespace weir::api {
namespace {

metrics::Gauge watchers_open{"weir_live_watchers", "Readers of the live view"};

constexpr uint16_t kPolicyViolation = 1008;  // RFC 6455 §7.4.1
constexpr size_t kCommandsRefusedMax = 10;   // then the reader is not one of ours

}  // namespace

// What one WebSocket is sent. Lives on the socket's io thread; the timer's task and the socket's
// events own it, so it goes when both have let go.
class LiveHub::Watcher : public std::enable_shared_from_this<Watcher> {
 public:
  Watcher(std::shared_ptr<LiveTopics> topics, std::shared_ptr<std::atomic<int>> watchers,
          const std::shared_ptr<http::WebSocket>& socket, std::function<bool()> may_still_watch)
      : topics_(std::move(topics)),
        reader_(*topics_),
        watchers_(std::move(watchers)),
        socket_(socket),
        io_thread_(socket->io_thread()),
        may_still_watch_(std::move(may_still_watch)) {
    ++*watchers_;
    watchers_open.add(1);
  }
  ~Watcher() {
    --*watchers_;
    watchers_open.add(-1);
  }

  void begin() {
    if (auto socket = socket_.lock()) socket->send_text(reader_.snapshot());
    schedule();
  }
  void command(std::string_view text, bool is_text) {
    if (is_text && reader_.take_command(text)) return;
    auto socket = socket_.lock();
    if (socket == nullptr || ++commands_refused_ < kCommandsRefusedMax) return;
    socket->close(kPolicyViolation, "wanted {\"filter\":\"...\"}");
  }
  void end() {
    if (!open_) return;
    open_ = false;
    io_thread_.cancel(timer_);
  }

 private:
  void schedule() {
    timer_ = io_thread_.after_ms(kFrameMs, [self = shared_from_this()] { self->tick(); });
  }
  void tick() {
    auto socket = socket_.lock();
    if (!open_ || socket == nullptr) return;
    if (!may_still_watch_()) return socket->close(kPolicyViolation, "signed out");
    if (socket->unsent_bytes() <= kUnsentBytesMax) {
      if (const std::string frame = reader_.next_frame(); !frame.empty()) socket->send_text(frame);
    }
    schedule();
  }

  std::shared_ptr<LiveTopics> topics_;
  LiveReader reader_;
  std::shared_ptr<std::atomic<int>> watchers_;
  std::weak_ptr<http::WebSocket> socket_;  // which owns this, through its events
  net::IoThread& io_thread_;
  bool open_ = true;
  std::function<bool()> may_still_watch_;
  net::IoThread::TimerId timer_ = 0;
  size_t commands_refused_ = 0;
};

LiveHub::LiveHub()
    : topics_(std::make_shared<LiveTopics>()), watchers_(std::make_shared<std::atomic<int>>(0)) {}
LiveHub::~LiveHub() = default;

void LiveHub::accept(std::span<const mqtt::MessagePtr> messages, Stored stored) {
  topics_->add(messages);
  stored({});
}

bool LiveHub::has_room() const { return *watchers_ < kWatchersMax; }

http::WebSocketEvents LiveHub::open(std::shared_ptr<http::WebSocket> socket,
                                    std::function<bool()> may_still_watch) {
  auto watcher =
      std::make_shared<Watcher>(topics_, watchers_, std::move(socket), std::move(may_still_watch));
  watcher->begin();
  http::WebSocketEvents events;
  events.on_message = [watcher](std::string_view text, bool is_text) {
    watcher->command(text, is_text);
  };
  events.on_closed = [watcher] { watcher->end(); };
  return events;
}

}  // namespace weir::api
