// A bucket of a backup into the data directory of a weir that is stopped: through store and
// metadata as the server opens them.
#include <fmt/core.h>

#include <chrono>
#include <thread>

#include "api/store_buckets.h"
#include "base/file.h"
#include "meta/meta.h"
#include "model/point_runs.h"
#include "server/backup/bucket_restore.h"
#include "server/backup/restore_directory.h"
#include "store/engine/engine.h"

namespace weir::server {
namespace {

// How often a store is asked that is busy writing chunks of what it was given.
constexpr auto kRoomPause = std::chrono::milliseconds(5);

class StoppedTarget final : public RestoreTarget {
 public:
  static Result<std::unique_ptr<RestoreTarget>> open(const std::string& data_dir,
                                                     const std::string& organization,
                                                     const Clock& clock) {
    auto target = std::make_unique<StoppedTarget>();
    target->data_dir_ = data_dir;
    store::EngineOptions options;
    options.directory = data_dir + "/store";
    options.durability = {Durability::Mode::none, 0};  // finish() syncs all of it
    Result<std::unique_ptr<store::Engine>> opened =
        store::Engine::open(options, system_file_system(), clock);
    if (!opened.ok() && opened.error().code == Errc::unavailable) {
      return Error{
          Errc::unavailable,
          fmt::format("a running weir uses {}: restore into it without --data-dir", data_dir)};
    }
    WEIR_TRY(target->store_, std::move(opened));
    target->storage_ = std::make_unique<api::StoreBuckets>(*target->store_);
    WEIR_TRY(target->meta_, meta::Meta::open(data_dir + "/weir.sqlite", *target->storage_, clock));
    WEIR_CHECK(target->meta_->buckets().reconcile());
    WEIR_TRY(target->organization_, target->choose(organization));
    return std::unique_ptr<RestoreTarget>(std::move(target));
  }

  std::string describe() const override { return data_dir_; }
  Result<std::set<std::string>> names() override {
    std::set<std::string> names;
    for (const meta::BucketPtr& bucket : meta_->buckets().list(organization_)) {
      names.insert(bucket->name);
    }
    return names;
  }
  Result<void> create(const TargetBucket& bucket) override {
    WEIR_TRY(const meta::BucketPtr made,
             meta_->buckets().create({.org = organization_,
                                      .name = bucket.name,
                                      .retention_ns = bucket.retention_ns,
                                      .shard_group_ns = bucket.shard_group_ns}));
    bucket_ = made->id;
    return {};
  }
  Result<RestoreCounts> store(std::string runs) override {
    WEIR_TRY(model::PointBatch batch,
             model::decode_runs(std::make_shared<const std::string>(std::move(runs))));
    const size_t points = batch.points.size();
    while (store_->congested()) {
      WEIR_CHECK(store_->health());
      std::this_thread::sleep_for(kRoomPause);
    }
    WEIR_TRY(store::WriteOutcome outcome,
             store::write_and_wait(*store_, bucket_, std::move(batch)));
    return RestoreCounts{points - outcome.dropped_points, outcome.dropped_points,
                         std::move(outcome.partial)};
  }
  Result<void> finish() override {
    WEIR_CHECK(store_->seal_all());
    return store_->close();
  }

 private:
  Result<OrgId> choose(const std::string& name) const {
    std::string names;
    std::vector<meta::OrganisationPtr> all = meta_->organisations().list();
    for (const meta::OrganisationPtr& one : all) {
      if (one->name == name || id_to_text(one->id) == name) return one->id;
      names += (names.empty() ? "" : ", ") + one->name;
    }
    if (name.empty() && all.size() == 1) return all.front()->id;
    if (all.empty()) return Error{Errc::not_found, data_dir_ + " has not been set up"};
    return Error{
        Errc::not_found,
        fmt::format("wanted with --org one of the organizations of {}: {}", data_dir_, names)};
  }

  std::string data_dir_;
  std::unique_ptr<store::Engine> store_;
  std::unique_ptr<api::StoreBuckets> storage_;
  std::unique_ptr<meta::Meta> meta_;
  OrgId organization_{};
  BucketId bucket_{};
};

}  // namespace

Result<std::unique_ptr<RestoreTarget>> open_stopped_target(const std::string& data_dir,
                                                           const std::string& organization,
                                                           const Clock& clock) {
  WEIR_CHECK(check_not_restoring(data_dir));
  if (!system_file_system().exists(data_dir + "/weir.sqlite")) {
    return Error{Errc::not_found,
                 fmt::format("{} is no data directory of weir: it has no weir.sqlite; without "
                             "--bucket everything is restored",
                             data_dir)};
  }
  return StoppedTarget::open(data_dir, organization, clock);
}

}  // namespace weir::server
