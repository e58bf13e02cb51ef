// What a stopped InfluxDB left on disk: its buckets and where their shards are.
//
//   InfluxDB 1   PATH/data/DATABASE/POLICY/SHARD, PATH/wal/..., PATH/meta/meta.db
//   InfluxDB 2   PATH/engine/data/BUCKET-ID/autogen/SHARD, PATH/engine/wal/..., PATH/influxd.bolt
//
// PATH may name the engine directory of InfluxDB 2 itself. Names and retention come from meta.db
// or influxd.bolt; without them a note says what was assumed. InfluxDB's own buckets (_internal,
// _monitoring, _tasks) are left out. Errors: Errc::not_found with what was looked for. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/influxd/shard.h"

namespace weir::store::influxd {

struct SourceShard {
  uint64_t id = 0;
  ShardPaths paths;
};

struct SourceBucket {
  std::string name;                 // "DATABASE/POLICY", or the bucket's name
  std::string organization;         // InfluxDB 2; empty if not known
  int64_t retention_ns = 0;         // 0: for ever
  std::vector<SourceShard> shards;  // by id, which is by age
};

struct Directory {
  int version = 1;                    // of InfluxDB: 1 or 2
  std::vector<SourceBucket> buckets;  // by name
  std::vector<std::string> notes;
};

Result<Directory> look_into(const std::string& path);

}  // namespace weir::store::influxd
