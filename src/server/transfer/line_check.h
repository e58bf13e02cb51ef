// Looks through a batch before it is sent: bad lines to the rejects, lines out of range away.
//
// A server of InfluxDB's kind refuses a whole request for one bad line; so none is sent. Counts
// points and distinct series (16 bytes of memory each). One thread.
#pragma once

#include <absl/container/flat_hash_set.h>

#include <cstdint>
#include <limits>

#include "server/transfer/line_batch.h"
#include "server/transfer/rejects.h"

namespace weir::server {

struct ImportRange {
  int64_t start_ns = std::numeric_limits<int64_t>::min();  // inclusive
  int64_t stop_ns = std::numeric_limits<int64_t>::max();   // exclusive
  bool is_everything() const { return *this == ImportRange(); }
  friend bool operator==(const ImportRange&, const ImportRange&) = default;
};

class LineCheck {
 public:
  // `now_ns` is the time of lines without one.
  LineCheck(ImportRange range, int64_t now_ns, Rejects& rejects)
      : range_(range), now_ns_(now_ns), rejects_(rejects) {}

  void run(LineBatch& batch);
  uint64_t series() const { return series_.size(); }
  int64_t first_time_ns() const { return first_time_ns_; }
  int64_t last_time_ns() const { return last_time_ns_; }

 private:
  void count(const model::PointBatch& points);
  void filter(LineBatch& batch);

  ImportRange range_;
  int64_t now_ns_;
  Rejects& rejects_;
  absl::flat_hash_set<uint64_t> series_;  // hashes of raw keys
  int64_t first_time_ns_ = std::numeric_limits<int64_t>::max();
  int64_t last_time_ns_ = std::numeric_limits<int64_t>::min();
};

}  // namespace weir::server
