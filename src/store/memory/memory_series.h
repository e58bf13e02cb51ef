// What the memory store holds: plain maps, one row per time.
//
// Owned by MemoryStore under its lock; a scan copies what it needs.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "model/series_key.h"
#include "model/value.h"
#include "store/store.h"

namespace weir::store::memory {

class OwnedValue {
 public:
  explicit OwnedValue(const model::FieldValue& value) : value_(value) {
    if (value.type() == model::FieldType::string) text_ = value.as_string();
  }
  // Views this object's text.
  model::FieldValue view() const {
    return value_.type() == model::FieldType::string ? model::FieldValue::of_string(text_) : value_;
  }

 private:
  model::FieldValue value_;
  std::string text_;
};

using Fields = std::map<std::string, OwnedValue>;
using Rows = std::map<int64_t, Fields>;

struct ShardGroup {
  std::map<model::SeriesKey, Rows> series;                               // without empty ones
  std::map<std::string, std::map<std::string, model::FieldType>> types;  // by measurement, field
};

struct Bucket {
  BucketOptions options;                 // the shard group duration resolved
  std::map<int64_t, ShardGroup> groups;  // by start
  uint64_t values_written = 0;
};

}  // namespace weir::store::memory
