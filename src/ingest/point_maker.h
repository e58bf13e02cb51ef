// PointMaker: builds the points of one message in a batch, field by field.
//
// begin() starts a point, add() its fields, end() keeps it if it has any. Keys and texts are copied
// into the batch. Lives for one message on one thread.
#pragma once

#include <string>
#include <string_view>

#include "ingest/leaf.h"
#include "ingest/message_mapper.h"

namespace weir::ingest {

class PointMaker {
 public:
  PointMaker(const TopicMapping& mapping, const MessageView& message, model::PointBatch& batch,
             MapNotes* notes)
      : mapping_(mapping), message_(message), batch_(batch), notes_(notes) {}

  // The time of a point that has none of its own (arrival.h).
  int64_t arrival_ns() const;

  void begin(std::string_view series_key, int64_t time_ns);
  // Drops what the rule drops, converts the rest. `path` is the value's place in the payload.
  void add(std::string_view path, std::string_view key, const Leaf& leaf);
  void end();
  // Takes over a whole point of another batch.
  void add_copy(const model::PointBatch& from, const model::BatchPoint& point);

  bool is_dropped(std::string_view key) const;
  void warn(std::string text);
  MapNotes* notes() { return notes_; }
  size_t points() const { return points_; }
  bool too_many_fields() const { return too_many_fields_; }
  const std::string& dropped_fields() const { return dropped_fields_; }

 private:
  void keep_last_of_equal_keys();

  const TopicMapping& mapping_;
  const MessageView& message_;
  model::PointBatch& batch_;
  MapNotes* notes_;
  size_t points_ = 0;
  bool too_many_fields_ = false;
  std::string dropped_fields_, scratch_, key_scratch_;
};

}  // namespace weir::ingest
