// The buckets of a running server, for what is brought in and taken out.
//
// Errors are those of call_server(). One thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "server/commands/commands.h"

namespace weir::server {

struct TargetBucket {
  std::string name;
  int64_t retention_ns = 0;    // 0: for ever
  int64_t shard_group_ns = 0;  // 0: as the server chooses
};

// All but InfluxDB's own (_monitoring, _tasks).
Result<std::vector<TargetBucket>> list_buckets(const ServerAccess& access);
Result<void> create_bucket(const ServerAccess& access, const TargetBucket& bucket);

}  // namespace weir::server
