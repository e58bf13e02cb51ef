// What a stream still has to write: runs of bytes, own or shared, in order.
//
// Small pieces are copied together, so that a batch of small messages becomes a few large runs and
// one writev; large shared pieces are referenced. Used on one thread.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

namespace weir::net {

class WriteQueue {
 public:
  // One writev takes so many pieces; the kernel allows 1024, and gains are gone well before.
  static constexpr size_t kPiecesPerCall = 64;
  // A shared piece below this is copied: cheaper than its share of the iovec and reference count.
  static constexpr size_t kCopyBelowBytes = 1024;
  // An own run grows to this before a new one begins, so that growing never copies much.
  static constexpr size_t kRunBytesMax = 64 * 1024;

  bool empty() const { return size_bytes_ == 0; }
  size_t size_bytes() const { return size_bytes_; }

  void add(std::string_view bytes);
  void add_shared(std::shared_ptr<const std::string> bytes);
  // Describes the front of the queue; returns the count of pieces.
  size_t fill(iovec (&pieces)[kPiecesPerCall]) const;
  void remove(size_t bytes);
  void clear();

 private:
  struct Run {
    std::string own;
    std::shared_ptr<const std::string> shared;  // if set, instead of `own`
    std::string_view bytes() const { return shared ? std::string_view(*shared) : own; }
  };
  std::deque<Run> runs_;
  size_t front_offset_ = 0;  // bytes of the first run that are gone already
  size_t size_bytes_ = 0;
};

}  // namespace weir::net
