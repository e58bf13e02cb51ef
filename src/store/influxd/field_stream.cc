#include "store/influxd/field_stream.h"

namespace weir::store::influxd {

void FieldStream::add_blocks(const TsmFile& file, const IndexedKey& key,
                             std::vector<DeletedRange> deleted) {
  deleted_.push_back(std::move(deleted));
  std::vector<Lane> lanes;
  for (size_t i = 0; i < key.blocks(); i++) {
    const BlockPlace place = key.block(i);
    if (place.time_max_ns < range_.start_ns || place.time_min_ns >= range_.stop_ns) continue;
    // A file's blocks ascend; one that reaches back into those before it was written later.
    size_t lane = 0;
    while (lane < lanes.size() &&
           lanes[lane].blocks.back().place.time_max_ns >= place.time_min_ns) {
      lane++;
    }
    if (lane == lanes.size()) lanes.emplace_back();
    lanes[lane].blocks.push_back({&file, place, deleted_.size() - 1});
  }
  for (Lane& lane : lanes) lanes_.push_back(std::move(lane));
}

void FieldStream::add_column(const Column& column) {
  if (column.times.empty() || column.times.back() < range_.start_ns ||
      column.times.front() >= range_.stop_ns) {
    return;
  }
  lanes_.emplace_back().logged = &column;
}

bool FieldStream::settle(Lane& lane) {
  for (;;) {
    const std::vector<int64_t>& times = lane.column().times;
    while (lane.row < times.size() && times[lane.row] < range_.start_ns) lane.row++;
    if (lane.row < times.size()) return times[lane.row] < range_.stop_ns;
    if (lane.next_block == lane.blocks.size()) return false;
    const Block& block = lane.blocks[lane.next_block++];
    lane.row = 0;
    if (auto read = block.file->read_block(block.place, lane.decoded); !read.ok()) {
      note_(read.error().message);
      lane.decoded.clear();
      continue;
    }
    lane.decoded.sort_keeping_last();
    for (const DeletedRange& range : deleted_[block.deleted]) {
      lane.decoded.remove_range(range.start_ns, range.stop_ns);
    }
  }
}

bool FieldStream::next() {
  if (started_) {
    for (Lane& lane : lanes_) {
      if (lane.time_ns() == time_ns_) lane.row++;
    }
  }
  started_ = true;
  std::erase_if(lanes_, [this](Lane& lane) { return !settle(lane); });
  const Lane* newest = nullptr;
  for (const Lane& lane : lanes_) {
    if (newest == nullptr || lane.time_ns() <= newest->time_ns()) newest = &lane;
  }
  if (newest == nullptr) return false;
  time_ns_ = newest->time_ns();
  value_ = newest->column().value(newest->row);
  return true;
}

}  // namespace weir::store::influxd
