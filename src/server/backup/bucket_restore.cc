#include "server/backup/bucket_restore.h"

#include <fmt/core.h>

#include <chrono>
#include <set>
#include <thread>

#include "base/json.h"
#include "model/point_runs.h"
#include "server/commands/server_call.h"
#include "server/transfer/target_buckets.h"
#include "store/group_scan.h"

namespace weir::server {
namespace {

// A request: some 60,000 values, which the server stores at one sync.
constexpr size_t kBodyBytes = 1024 * 1024;
// How long a server that is busy or restarting is asked again, and how often.
constexpr auto kRetryFor = std::chrono::minutes(10);
constexpr auto kRetryPause = std::chrono::milliseconds(500);

class ServerTarget final : public RestoreTarget {
 public:
  explicit ServerTarget(ServerAccess access) : access_(std::move(access)) {}

  std::string describe() const override { return access_.url; }
  Result<std::set<std::string>> names() override {
    WEIR_TRY(const std::vector<TargetBucket> listed, list_buckets(access_));
    std::set<std::string> names;
    for (const TargetBucket& bucket : listed) names.insert(bucket.name);
    return names;
  }
  Result<void> create(const TargetBucket& bucket) override {
    WEIR_CHECK(create_bucket(access_, bucket));
    request_.method = "POST";
    request_.url = fmt::format("{}/api/v2/weir/points?org={}&bucket={}", access_.url,
                               percent_encode(access_.organization), percent_encode(bucket.name));
    request_.headers.set("Content-Type", "application/octet-stream");
    if (!access_.token.empty()) request_.headers.set("Authorization", "Token " + access_.token);
    return {};
  }
  Result<RestoreCounts> store(std::string runs) override {
    request_.body = std::move(runs);
    WEIR_TRY(const http::ClientResponse response, send());
    WEIR_TRY(const Json answer, parse_json(response.body));
    return RestoreCounts{answer.value("points", uint64_t{0}), answer.value("dropped", uint64_t{0}),
                         answer.value("reason", "")};
  }
  Result<void> finish() override { return {}; }

 private:
  Result<http::ClientResponse> send() const {
    const auto give_up = std::chrono::steady_clock::now() + kRetryFor;
    while (true) {
      Result<http::ClientResponse> response = http::call(request_);
      const bool is_away = !response.ok() && response.error().code == Errc::unavailable;
      const bool is_busy = response.ok() && (response->status == 503 || response->status == 429);
      if ((is_away || is_busy) && std::chrono::steady_clock::now() < give_up) {
        std::this_thread::sleep_for(kRetryPause);
        continue;
      }
      if (!response.ok() || response->status / 100 == 2) return response;
      return explain_refusal(access_, response->status, response->body);
    }
  }

  ServerAccess access_;
  http::ClientRequest request_;
};

// Gathers runs until they are worth a write.
class Sender {
 public:
  explicit Sender(RestoreTarget& target) : target_(target) {}

  Result<void> add(const std::string& series, const std::string& field,
                   const model::ColumnChunk& chunk) {
    model::append_run(runs_, series, field, chunk);
    return runs_.size() < kBodyBytes ? Result<void>() : flush();
  }
  Result<void> flush() {
    if (runs_.empty()) return {};
    WEIR_TRY(RestoreCounts counts, target_.store(std::exchange(runs_, {})));
    counts_.stored += counts.stored;
    counts_.dropped += counts.dropped;
    if (counts_.reason.empty()) counts_.reason = std::move(counts.reason);
    return {};
  }
  const RestoreCounts& counts() const { return counts_; }

 private:
  RestoreTarget& target_;
  std::string runs_;
  RestoreCounts counts_;
};

Result<std::string> free_name(RestoreTarget& target, const BucketRestoreWanted& wanted,
                              const std::string& original) {
  WEIR_TRY(const std::set<std::string> taken, target.names());
  if (!wanted.target.empty()) {
    if (!taken.contains(wanted.target)) return wanted.target;
    return Error{Errc::conflict,
                 fmt::format("{} has a bucket {} already: give another name with --as, or delete "
                             "it first",
                             target.describe(), wanted.target)};
  }
  std::string name = original;
  for (int n = 1; taken.contains(name); n++) {
    name = original + "-restored" + (n == 1 ? "" : fmt::format("-{}", n));
  }
  return name;
}

}  // namespace

std::unique_ptr<RestoreTarget> make_server_target(ServerAccess access) {
  return std::make_unique<ServerTarget>(std::move(access));
}

Result<BucketRestored> restore_bucket(OpenBackup& backup, const BucketRestoreWanted& wanted,
                                      RestoreTarget& to, const RestoreProgress& progress) {
  WEIR_TRY(const meta::BucketPtr bucket,
           backup.find_bucket(wanted.from_organization, wanted.bucket));
  WEIR_TRY(const store::BucketStatistics bounds, backup.store().statistics(bucket->id));
  WEIR_TRY(const std::string target, free_name(to, wanted, bucket->name));
  WEIR_CHECK(to.create({target, bucket->retention_ns, bucket->shard_group_ns}));

  const auto first = static_cast<double>(bounds.first_time_ns.value_or(0));
  const double span = static_cast<double>(bounds.last_time_ns.value_or(0)) - first;
  Sender sender(to);
  Result<void> sent;
  store::GroupScan scan;
  scan.bucket = bucket->id;
  scan.shard_group_ns = bucket->shard_group_ns;
  Result<void> scanned = store::scan_by_group(
      backup.store(), scan, [&](const store::ScanSeries& series, const model::ColumnChunk& chunk) {
        sent = sender.add(series.key.canonical(), series.field, chunk);
        const double here = static_cast<double>(chunk.times.back()) - first;
        progress(sender.counts().stored, span <= 0 ? -1 : here / span);
        return sent.ok();
      });
  if (sent.ok() && scanned.ok()) sent = sender.flush();
  if (sent.ok() && scanned.ok()) sent = to.finish();
  Result<void> done = sent.ok() ? std::move(scanned) : std::move(sent);
  if (!done.ok()) {
    Error error = std::move(done).error();
    error.message += fmt::format("; the bucket {} holds a part: delete it", target);
    return error;
  }
  const RestoreCounts& counts = sender.counts();
  return BucketRestored{target, counts.stored, counts.dropped, counts.reason};
}

}  // namespace weir::server
