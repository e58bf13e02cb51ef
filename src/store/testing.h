// What store tests share: points and scans as text, so that cases read like line protocol.
//
// Used by *_test.cc and benchmarks only. A store is anything behind store/store.h.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "store/store.h"

namespace weir::store::testing {

// Builds batches from points given one by one.
class BatchBuilder {
 public:
  // `fields` as line protocol writes them: `f=1.5,i=3i,u=3u,b=true,s="text"` (no escapes).
  BatchBuilder& add(std::string_view series_key, std::string_view fields, int64_t time_ns);
  model::PointBatch take() { return std::move(batch_); }

 private:
  model::PointBatch batch_;
};

// "1.5", "3i", "3u", "true", "\"text\"".
std::string value_text(const model::FieldValue& value);

// A scan's whole answer: one line per series and row, "m,host=a f 10 1.5", with " @window" after
// it for windowed scans and " xcount" for parts; or "error: ..." as its last line.
std::vector<std::string> scan_lines(Store& store, const ScanSpec& spec);

// A fresh directory under the system's temporary directory, removed at the end.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace weir::store::testing
