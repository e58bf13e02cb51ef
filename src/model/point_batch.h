// PointBatch: points on their way into a store, whatever they came from.
//
// Shape: points[i] owns fields[fields_begin, fields_begin + fields_count). A point's series key is
// the *raw* key: `measurement[,tag=value...]` in line protocol's escaping, tags in any order, as it
// was sent; the store maps raw keys to series by hash and canonicalises (model/series_key.h) only
// keys it has not seen. Field keys and string values are unescaped.
//
// Memory: keys and strings are views into memory that the batch keeps alive: text it was given
// (hold()) or copies it made (copy()). A batch is built by one thread and then moved.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/value.h"

namespace weir::model {

struct BatchField {
  std::string_view key;
  FieldValue value;
};

struct BatchPoint {
  std::string_view raw_series_key;
  int64_t time_ns;
  uint32_t fields_begin;
  uint32_t fields_count;
};

class PointBatch {
 public:
  std::vector<BatchPoint> points;
  std::vector<BatchField> fields;

  bool empty() const { return points.empty(); }

  // Keeps `text` alive as long as the batch, and returns a view of it.
  std::string_view hold(std::shared_ptr<const std::string> text) {
    held_.push_back(std::move(text));
    return *held_.back();
  }
  // Copies `text` into memory of the batch.
  std::string_view copy(std::string_view text);

  // Starts a point; follow with add_field() for each of its fields.
  void add_point(std::string_view raw_series_key, int64_t time_ns) {
    points.push_back({raw_series_key, time_ns, static_cast<uint32_t>(fields.size()), 0});
  }
  void add_field(std::string_view key, FieldValue value) {
    fields.push_back({key, value});
    points.back().fields_count++;
  }

 private:
  // Blocks double from the first size, enough for one message, to the last.
  static constexpr size_t kFirstBlockBytes = 256;
  static constexpr size_t kLastBlockBytes = 64 * 1024;
  std::vector<std::shared_ptr<const std::string>> held_;
  std::vector<std::unique_ptr<char[]>> blocks_;
  size_t block_size_ = 0;  // of the last block
  size_t block_used_ = 0;
};

}  // namespace weir::model
