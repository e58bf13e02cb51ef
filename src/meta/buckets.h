// The buckets of every organisation, and their agreement with the store.
//
// Finding answers from memory and is cheap enough for every request, from any thread. Changes block
// on disk (SQLite, then the store) and take turns. Errors carry InfluxDB's texts: "bucket not
// found", "bucket with name X already exists", "system buckets cannot be deleted".
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/sync.h"
#include "meta/bucket_storage.h"
#include "meta/types.h"

namespace weir::meta {

class Connection;
class Database;

inline constexpr int64_t kSecondNs = 1'000'000'000;
inline constexpr int64_t kHourNs = 3600 * kSecondNs;
inline constexpr int64_t kDayNs = 24 * kHourNs;
inline constexpr int64_t kRetentionNsMin = kHourNs;             // InfluxDB's rule
inline constexpr int64_t kRetentionSecondsMax = 9'000'000'000;  // 285 years, inside int64 ns
inline constexpr int64_t kMonitoringRetentionNs = 7 * kDayNs;   // bucket _monitoring
inline constexpr int64_t kTasksRetentionNs = 3 * kDayNs;        // bucket _tasks

// The shard group duration InfluxDB gives a bucket of this retention.
int64_t default_shard_group_ns(int64_t retention_ns);

struct NewBucket {
  OrgId org{};
  std::string name = {}, description = {};
  int64_t retention_ns = 0;
  int64_t shard_group_ns = 0;  // 0: by retention
};
struct BucketPatch {
  std::optional<std::string> name = {}, description = {};
  std::optional<int64_t> retention_ns = {}, shard_group_ns = {};
};

class Buckets {
 public:
  Buckets(Database& database, BucketStorage& storage, const Clock& clock)
      : database_(database), storage_(storage), clock_(clock) {}
  Result<void> load();

  // Null when there is none.
  BucketPtr find(BucketId id) const;
  BucketPtr find(OrgId org, std::string_view name) const;
  // By 16 hex digits if that names one of the organisation's buckets, else by name.
  BucketPtr find_id_or_name(OrgId org, std::string_view id_or_name) const;
  // In order of creation; of one organisation, or of all.
  std::vector<BucketPtr> list(std::optional<OrgId> org = std::nullopt) const;

  Result<BucketPtr> create(const NewBucket& wanted);
  Result<BucketPtr> update(BucketId id, const BucketPatch& patch);
  Result<void> remove(BucketId id);

  // Brings the store in line with this file: at start, before anything is written.
  Result<void> reconcile();

 private:
  friend class Organisations;
  friend class SetUp;
  // Checks and completes a bucket that is to be made.
  Result<Bucket> prepare(const NewBucket& wanted) const;
  std::vector<Bucket> system_buckets(OrgId org) const;
  static Result<void> insert(Connection& connection, const Bucket& bucket);
  static Result<void> erase(Connection& connection, BucketId id);
  void apply(const Bucket& bucket);
  void forget(BucketId id);
  // Tells the store about buckets that meta has committed.
  Result<void> create_in_store(std::span<const Bucket> buckets);
  Result<void> drop_in_store(BucketId id);

  struct Index {
    std::unordered_map<BucketId, BucketPtr> by_id;
    std::map<std::pair<OrgId, std::string>, BucketPtr, std::less<>> by_name;
  };
  Database& database_;
  BucketStorage& storage_;
  const Clock& clock_;
  std::mutex changes_;  // held over file and store, so that both see changes in one order
  Guarded<Index> index_;
};

}  // namespace weir::meta
