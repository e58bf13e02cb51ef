// The values of one field of one series in time order, merged from every file that holds some.
//
// A field's blocks come in lanes: within a lane blocks ascend and do not overlap, and a later lane
// wins where two have a value of the same time. Holds one decoded block a lane. A block that is
// damaged is noted and left out. One thread; views the shard's files and log.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "model/value.h"
#include "store/influxd/tombstones.h"
#include "store/influxd/tsm_file.h"

namespace weir::store::influxd {

struct TimeRange {
  int64_t start_ns, stop_ns;  // [start, stop)
};

using Note = std::function<void(std::string)>;

class FieldStream {
 public:
  FieldStream(std::string field, TimeRange range, const Note& note)
      : field_(std::move(field)), range_(range), note_(note) {}

  // The field's blocks in one file, later files last; then what the log holds.
  void add_blocks(const TsmFile& file, const IndexedKey& key, std::vector<DeletedRange> deleted);
  void add_column(const Column& column);

  const std::string& field() const { return field_; }
  // Moves to the next value; false at the end.
  bool next();
  int64_t time_ns() const { return time_ns_; }
  // Valid until the next call of next().
  model::FieldValue value() const { return value_; }

 private:
  struct Block {
    const TsmFile* file;
    BlockPlace place;
    size_t deleted;  // which of deleted_
  };
  struct Lane {
    std::vector<Block> blocks;  // ascending
    size_t next_block = 0;
    Column decoded;
    const Column* logged = nullptr;  // what the log holds, instead of blocks
    size_t row = 0;

    const Column& column() const { return logged != nullptr ? *logged : decoded; }
    int64_t time_ns() const { return column().times[row]; }
  };
  // Puts the lane at a row in range, decoding as needed; false when it has none left.
  bool settle(Lane& lane);

  std::string field_;
  TimeRange range_;
  const Note& note_;
  std::deque<Lane> lanes_;
  std::vector<std::vector<DeletedRange>> deleted_;
  int64_t time_ns_ = 0;
  model::FieldValue value_ = model::FieldValue::of_bool(false);
  bool started_ = false;
};

}  // namespace weir::store::influxd
