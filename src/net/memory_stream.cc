#include "net/memory_stream.h"

#include <algorithm>

namespace weir::net {
namespace {

// Handed over at once, as one read of a socket would.
constexpr size_t kTurnBytes = 256 * 1024;

// One end, shared by its handle, the other end and tasks under way.
class End final : public std::enable_shared_from_this<End> {
 public:
  End(IoThread& thread, Peer peer) : thread_(thread), peer_(std::move(peer)) {}
  void join(std::shared_ptr<End> other) { other_ = std::move(other); }

  void start(StreamReader& reader) {
    reader_ = &reader;
    deliver_later();
  }
  void pause() { is_paused_ = true; }
  void resume() {
    is_paused_ = false;
    deliver_later();
  }
  void write(std::string_view bytes) {
    if (is_closed_ || !other_ || other_->is_closed_ || bytes.empty()) return;
    other_->arrived_.append(bytes);
    if (unsent_bytes() > kStreamLowWaterBytes) is_above_low_water_ = true;
    other_->deliver_later();
  }
  size_t unsent_bytes() const { return other_ ? other_->arrived_.size() : 0; }
  void close() {
    if (std::exchange(is_closed_, true)) return;
    reader_ = nullptr;
    arrived_.clear();
    if (auto other = std::exchange(other_, nullptr)) {
      other->is_ended_ = true;
      other->deliver_later();
    }
  }
  const Peer& peer() const { return peer_; }
  IoThread& thread() { return thread_; }

 private:
  void deliver_later() {
    if (is_closed_ || reader_ == nullptr || is_paused_ || (arrived_.empty() && !is_ended_)) return;
    if (std::exchange(is_due_, true)) return;
    thread_.post([self = shared_from_this()] {
      self->is_due_ = false;
      self->deliver();
    });
  }
  void deliver() {
    if (is_closed_ || reader_ == nullptr || is_paused_) return;
    if (!arrived_.empty()) {
      std::string turn = std::exchange(arrived_, {});
      if (turn.size() > kTurnBytes) {
        arrived_ = turn.substr(kTurnBytes);
        turn.resize(kTurnBytes);
      }
      reader_->on_bytes(turn);
      if (arrived_.empty() && other_) other_->tell_drained();
    }
    if (is_closed_ || reader_ == nullptr) return;
    if (arrived_.empty() && is_ended_) {
      other_.reset();
      std::exchange(reader_, nullptr)->on_end({});
      return;
    }
    deliver_later();
  }
  void tell_drained() {
    if (!std::exchange(is_above_low_water_, false)) return;
    thread_.post([self = shared_from_this()] {
      if (self->reader_ != nullptr) self->reader_->on_drained();
    });
  }

  IoThread& thread_;
  const Peer peer_;
  std::shared_ptr<End> other_;  // until either closes
  StreamReader* reader_ = nullptr;
  std::string arrived_;  // and not read
  bool is_paused_ = false, is_closed_ = false;
  bool is_ended_ = false;  // the other end is closed
  bool is_due_ = false, is_above_low_water_ = false;
};

class MemoryStream final : public Stream {
 public:
  explicit MemoryStream(std::shared_ptr<End> end) : end_(std::move(end)) {}
  ~MemoryStream() override { end_->close(); }
  void start(StreamReader& reader) override { end_->start(reader); }
  void pause_reading() override { end_->pause(); }
  void resume_reading() override { end_->resume(); }
  void write(std::string_view bytes) override { end_->write(bytes); }
  void write_shared(std::shared_ptr<const std::string> bytes) override { end_->write(*bytes); }
  size_t unsent_bytes() const override { return end_->unsent_bytes(); }
  void close_gracefully() override { end_->close(); }
  void close() override { end_->close(); }
  const Peer& peer() const override { return end_->peer(); }
  IoThread& io_thread() override { return end_->thread(); }

 private:
  const std::shared_ptr<End> end_;
};

}  // namespace

std::pair<std::unique_ptr<Stream>, std::unique_ptr<Stream>> make_memory_streams(
    IoThread& thread, const std::string& name) {
  Peer peer;
  peer.address = name;
  peer.is_loopback = true;
  auto one = std::make_shared<End>(thread, peer);
  auto two = std::make_shared<End>(thread, peer);
  one->join(two);
  two->join(one);
  return {std::make_unique<MemoryStream>(one), std::make_unique<MemoryStream>(two)};
}

}  // namespace weir::net
