#include "net/write_queue.h"

#include <vector>

#include "base/assert.h"

namespace weir::net {
namespace {

thread_local std::vector<std::string> spare_buffers;

}  // namespace

WriteQueue::Run::~Run() {
  // What fits a small string inside itself has no buffer to keep.
  const bool is_buffer = own.capacity() > std::string().capacity();
  if (!is_buffer || own.capacity() > kRunBytesMax) return;
  if (spare_buffers.size() >= kSpareBuffersMax) return;
  own.clear();
  spare_buffers.push_back(std::move(own));
}

void WriteQueue::add(std::string_view bytes) {
  if (bytes.empty()) return;
  const bool joins_last = !runs_.empty() && !runs_.back().shared &&
                          runs_.back().own.size() + bytes.size() <= kRunBytesMax;
  if (!joins_last) {
    Run& run = runs_.emplace_back();
    if (!spare_buffers.empty()) {
      run.own = std::move(spare_buffers.back());
      spare_buffers.pop_back();
    }
  }
  runs_.back().own.append(bytes);
  size_bytes_ += bytes.size();
}

void WriteQueue::add_shared(std::shared_ptr<const std::string> bytes) {
  if (bytes->size() < kCopyBelowBytes) return add(*bytes);
  size_bytes_ += bytes->size();
  runs_.emplace_back(std::move(bytes));
}

size_t WriteQueue::fill(iovec (&pieces)[kPiecesPerCall]) const {
  size_t count = 0;
  size_t skip = front_offset_;
  for (const Run& run : runs_) {
    if (count == kPiecesPerCall) break;
    const std::string_view rest = run.bytes().substr(skip);
    skip = 0;
    pieces[count++] = {const_cast<char*>(rest.data()), rest.size()};
  }
  return count;
}

void WriteQueue::remove(size_t bytes) {
  WEIR_ASSERT(bytes <= size_bytes_, "no more is written than is queued");
  size_bytes_ -= bytes;
  front_offset_ += bytes;
  while (!runs_.empty() && front_offset_ >= runs_.front().bytes().size()) {
    front_offset_ -= runs_.front().bytes().size();
    runs_.pop_front();
  }
}

void WriteQueue::clear() {
  runs_.clear();
  front_offset_ = 0;
  size_bytes_ = 0;
}

}  // namespace weir::net
