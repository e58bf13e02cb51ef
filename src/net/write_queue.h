// What a stream still has to write: runs of bytes, own or shared, in order.
//
// Small pieces are copied together, so that a batch of small messages becomes a few large runs and
// one writev; large shared pieces are referenced. A queue that is empty holds no memory: the buffer
// of a run that is sent goes to the next queue of the thread that needs one. One thread at a time.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/ring.h"

namespace weir::net {

class WriteQueue {
 public:
  // One writev takes so many pieces; the kernel allows 1024, and gains are gone well before.
  static constexpr size_t kPiecesPerCall = 64;
  // A shared piece below this is copied: cheaper than its share of the iovec and reference count.
  static constexpr size_t kCopyBelowBytes = 1024;
  // An own run grows to this before a new one begins, so that growing never copies much.
  static constexpr size_t kRunBytesMax = 64 * 1024;
  // Buffers a thread keeps for its queues: enough for the receivers of one batch that fans out, 4
  // MiB at most.
  static constexpr size_t kSpareBuffersMax = 64;

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
    ~Run();
    Run() = default;
    explicit Run(std::shared_ptr<const std::string> bytes) : shared(std::move(bytes)) {}
    Run(Run&&) = default;
    Run& operator=(Run&&) = default;
    std::string_view bytes() const { return shared ? std::string_view(*shared) : own; }
  };
  Ring<Run> runs_;
  size_t front_offset_ = 0;  // bytes of the first run that are gone already
  size_t size_bytes_ = 0;
};

}  // namespace weir::net
