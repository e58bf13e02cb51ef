// Where an import comes from: it yields batches of lines, and can go on from an earlier place.
//
// Sources: files of line protocol, annotated CSV, and the directory of a stopped InfluxDB. A
// batch's position is what resume() of the same source takes; a source that cannot go on there
// begins anew (writing a point twice writes the same point). Errors name file, line, column and
// remedy. One thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "server/transfer/line_batch.h"
#include "server/transfer/line_check.h"
#include "server/transfer/rejects.h"

namespace weir::server {

class ImportSource {
 public:
  virtual ~ImportSource() = default;
  virtual Result<void> resume(const std::string& position) = 0;
  // Fills `batch`; false at the end.
  virtual Result<bool> next(LineBatch& batch) = 0;
  // How much was read, 0 to 1; negative if the whole is not known.
  virtual double progress() const = 0;
};

// `path` "-" is standard input. gzip is recognised by its first bytes.
Result<std::unique_ptr<ImportSource>> open_line_file(const std::string& path,
                                                     const std::string& bucket,
                                                     model::Precision precision);
Result<std::unique_ptr<ImportSource>> open_csv_file(const std::string& path,
                                                    const std::string& bucket, Rejects& rejects);

struct InfluxdSelection {
  std::vector<std::string> from;  // names of buckets to take; empty: all
  std::string bucket;             // put them here instead of a bucket of the same name
};
struct InfluxdBucket {
  std::string source, target;
  int64_t retention_ns = 0;
  size_t shards = 0;
};
struct InfluxdSource {
  std::unique_ptr<ImportSource> source;
  int version = 1;
  std::vector<InfluxdBucket> buckets;
};
// What is damaged or was assumed is told to `note`.
Result<InfluxdSource> open_influxd(const std::string& path, const InfluxdSelection& selection,
                                   ImportRange range, std::function<void(std::string)> note,
                                   Rejects& rejects);

}  // namespace weir::server
