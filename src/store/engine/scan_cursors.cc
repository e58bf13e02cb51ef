#include "store/engine/scan_cursors.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>

namespace weir::store {
namespace {

// The plan's series, cut up. Any thread.
class Blocks {
 public:
  explicit Blocks(ScanPlanPtr plan) : plan_(std::move(plan)) {
    size_t series = plan_->series.size();
    bool is_small = series <= kFrozenSeriesMax;
    // Small enough that both threads are busy to the end, large enough to be worth handing over.
    block_series_ = is_small ? std::clamp<size_t>(series / kBlocksOfSmallScan, 1, kBlockSeriesMax)
                             : kBlockSeriesMax;
    if (is_small) frozen_ = freeze(0, series);
  }
  size_t count() const { return (plan_->series.size() + block_series_ - 1) / block_series_; }
  std::unique_ptr<SeriesScanner> open(size_t block) const {
    size_t begin = block * block_series_;
    size_t end = std::min(begin + block_series_, plan_->series.size());
    return std::make_unique<SeriesScanner>(plan_, frozen_ ? frozen_ : freeze(begin, end), begin,
                                           end);
  }

 private:
  static constexpr size_t kBlocksOfSmallScan = 16;
  static constexpr size_t kBlockSeriesMax = 1024;

  FrozenSeriesPtr freeze(size_t begin, size_t end) const {
    std::lock_guard lock(plan_->bucket->head.mutex());
    return freeze_series(*plan_, begin, end);
  }

  ScanPlanPtr plan_;
  size_t block_series_ = 1;
  FrozenSeriesPtr frozen_;  // if all of it is
};

class SequentialCursor final : public ScanCursor {
 public:
  explicit SequentialCursor(Blocks blocks) : blocks_(std::move(blocks)) {}

  Result<const ScanSeries*> next_series() override {
    while (true) {
      if (scanner_ != nullptr) {
        WEIR_TRY(const ScanSeries* series, scanner_->next_series());
        if (series != nullptr) return series;
      }
      if (next_block_ == blocks_.count()) return static_cast<const ScanSeries*>(nullptr);
      scanner_ = blocks_.open(next_block_++);
    }
  }
  Result<bool> next_chunk(model::ColumnChunk& chunk) override {
    return scanner_->next_chunk(chunk);
  }

 private:
  Blocks blocks_;
  size_t next_block_ = 0;
  std::unique_ptr<SeriesScanner> scanner_;
};

class ParallelCursor final : public ScanCursor {
 public:
  ParallelCursor(Blocks blocks, std::atomic<int>& threads_in_use)
      : blocks_(std::move(blocks)), threads_in_use_(threads_in_use), lanes_(blocks_.count()) {}
  ~ParallelCursor() override {
    {
      std::lock_guard lock(mutex_);
      cancelled_ = true;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
    threads_in_use_ -= static_cast<int>(threads_.size());
  }

  // False if there is no thread to be had.
  bool start() {
    while (threads_.size() < kScanThreadsMax) {
      if (threads_in_use_.fetch_add(1) >= kScanThreadsMax) {
        threads_in_use_--;
        break;
      }
      try {
        threads_.emplace_back([this] { run(); });
      } catch (const std::system_error&) {  // the system has no more of them
        threads_in_use_--;
        break;
      }
    }
    return !threads_.empty();
  }

  Result<const ScanSeries*> next_series() override {
    while (true) {
      WEIR_TRY(Item * item, next_item());
      if (item == nullptr) return static_cast<const ScanSeries*>(nullptr);
      if (!item->series) {  // the rest of a series that was not read to its end
        taken_at_++;
        continue;
      }
      current_ = std::move(*item->series);
      item->series.reset();
      return static_cast<const ScanSeries*>(&current_);
    }
  }

  Result<bool> next_chunk(model::ColumnChunk& chunk) override {
    WEIR_TRY(Item * item, next_item());
    if (item == nullptr || item->series) return false;
    std::swap(chunk, item->chunk);
    taken_at_++;
    return true;
  }

 private:
  static constexpr size_t kHandOverBytes = 64 * 1024;   // at a time
  static constexpr size_t kLaneBytesMax = 1024 * 1024;  // that wait in a block
  static constexpr size_t kBlocksAheadMax = 8;          // of the one that is being taken

  // Rows, with the series and field if they are its first; or what ended the scan.
  struct Item {
    std::optional<ScanSeries> series;
    model::ColumnChunk chunk;
    std::optional<Error> error;
  };
  struct Lane {
    std::vector<Item> items;
    size_t bytes = 0;
    bool is_done = false;
  };

  static size_t bytes_of(const Item& item) {
    size_t bytes = sizeof(Item) + item.chunk.rows() * 3 * sizeof(uint64_t);
    for (const std::string& text : item.chunk.strings) bytes += sizeof text + text.size();
    return bytes;
  }

  void run() {
    while (true) {
      size_t block = next_block_.fetch_add(1);
      if (block >= lanes_.size()) return;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return cancelled_ || block < taken_block_ + kBlocksAheadMax; });
        if (cancelled_) return;
      }
      if (!read(block)) return;
    }
  }

  // False if nobody wants more.
  bool read(size_t block) {
    std::unique_ptr<SeriesScanner> scanner = blocks_.open(block);
    std::vector<Item> items;
    size_t bytes = 0;
    auto fail = [&](Error error) {
      items.push_back({std::nullopt, {}, std::move(error)});
      hand_over(block, items, bytes, true);
      return false;
    };
    while (true) {
      auto series = scanner->next_series();
      if (!series.ok()) return fail(std::move(series).error());
      if (*series == nullptr) return hand_over(block, items, bytes, true);
      for (bool is_first = true;; is_first = false) {
        Item item;
        auto more = scanner->next_chunk(item.chunk);
        if (!more.ok()) return fail(std::move(more).error());
        if (!*more) break;
        if (is_first) item.series = **series;
        bytes += bytes_of(item);
        items.push_back(std::move(item));
        if (bytes >= kHandOverBytes && !hand_over(block, items, bytes, false)) return false;
      }
    }
  }

  bool hand_over(size_t block, std::vector<Item>& items, size_t& bytes, bool is_done) {
    std::unique_lock lock(mutex_);
    Lane& lane = lanes_[block];
    changed_.wait(lock, [&] { return cancelled_ || lane.bytes < kLaneBytesMax; });
    if (cancelled_) return false;
    if (lane.items.empty()) {
      lane.items.swap(items);
    } else {
      std::move(items.begin(), items.end(), std::back_inserter(lane.items));
    }
    items.clear();
    lane.bytes += std::exchange(bytes, 0);
    lane.is_done = is_done;
    if (block == taken_block_) changed_.notify_all();
    return true;
  }

  // The next item, which stays the next until taken_at_ moves; null at the end.
  Result<Item*> next_item() {
    while (taken_at_ == taken_.size()) {
      taken_.clear();
      taken_at_ = 0;
      std::unique_lock lock(mutex_);
      if (taken_block_ == lanes_.size()) return static_cast<Item*>(nullptr);
      Lane& lane = lanes_[taken_block_];
      changed_.wait(lock, [&] { return !lane.items.empty() || lane.is_done; });
      taken_.swap(lane.items);
      lane.bytes = 0;
      if (lane.is_done) taken_block_++;
      changed_.notify_all();
    }
    Item& item = taken_[taken_at_];
    if (item.error) return *item.error;
    return &item;
  }

  const Blocks blocks_;
  std::atomic<int>& threads_in_use_;
  std::atomic<size_t> next_block_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Lane> lanes_;  // by block
  size_t taken_block_ = 0;   // whose items are taken now
  bool cancelled_ = false;
  // Of the caller's thread alone.
  std::vector<Item> taken_;
  size_t taken_at_ = 0;
  ScanSeries current_;
  std::vector<std::thread> threads_;
};

}  // namespace

std::unique_ptr<ScanCursor> scan_plan(ScanPlanPtr plan, std::atomic<int>& threads_in_use) {
  size_t series = plan->series.size();
  bool is_large =
      series >= kParallelSeriesMin && !(plan->is_in_memory && series <= kFrozenSeriesMax);
  Blocks blocks(std::move(plan));
  if (is_large) {
    auto cursor = std::make_unique<ParallelCursor>(blocks, threads_in_use);
    if (cursor->start()) return cursor;
  }
  return std::make_unique<SequentialCursor>(std::move(blocks));
}

}  // namespace weir::store
