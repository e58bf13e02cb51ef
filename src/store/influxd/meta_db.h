// InfluxDB 1's meta.db: which retention policies its databases have.
//
// One protobuf message (services/meta/internal/meta.proto): field 5 repeats databases, with name 1
// and retention policies 3; a policy has name 1, duration 2 and shard group duration 3 in
// nanoseconds, duration 0 meaning for ever. Everything else is passed over. Errors name file and
// offset. Pure, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace weir::store::influxd {

struct RetentionPolicy {
  std::string database, name;
  int64_t duration_ns = 0;
};

// `path` names errors.
Result<std::vector<RetentionPolicy>> parse_meta_db(std::string_view bytes, std::string_view path);

}  // namespace weir::store::influxd
