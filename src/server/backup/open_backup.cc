#include "server/backup/open_backup.h"

#include <fmt/core.h>

#include <vector>

#include "meta/bucket_storage.h"

namespace weir::server {

// Nothing is changed, so nothing is passed on.
class OpenBackup::NoStorage final : public meta::BucketStorage {
 public:
  Result<void> create(const meta::Bucket&) override { return {}; }
  Result<void> update(const meta::Bucket&) override { return {}; }
  Result<void> drop(BucketId) override { return {}; }
};

OpenBackup::OpenBackup(BackupManifest manifest, Stage stage)
    : manifest_(std::move(manifest)),
      stage_(std::move(stage)),
      storage_(std::make_unique<NoStorage>()) {}

OpenBackup::~OpenBackup() = default;

Result<std::unique_ptr<OpenBackup>> OpenBackup::open(const std::string& directory) {
  WEIR_TRY(BackupManifest manifest, read_manifest(directory));
  WEIR_TRY(Stage stage, Stage::of_stopped(directory));
  std::unique_ptr<OpenBackup> opened(new OpenBackup(std::move(manifest), std::move(stage)));
  Result<void> parts = opened->open_parts();
  if (!parts.ok()) {
    return std::move(parts).error().with_context("the backup " + directory);
  }
  return opened;
}

Result<void> OpenBackup::open_parts() {
  WEIR_TRY(meta_, meta::Meta::open(stage_.path() + "/weir.sqlite", *storage_, clock_));
  store::EngineOptions options;
  options.directory = stage_.path() + "/store";
  options.durability = {Durability::Mode::none, 0};
  options.background = false;
  WEIR_TRY(store_, store::Engine::open(options, system_file_system(), clock_));
  return {};
}

Result<meta::BucketPtr> OpenBackup::find_bucket(std::string_view organization,
                                                std::string_view name) const {
  std::vector<meta::BucketPtr> found;
  std::string names;
  for (const meta::BucketPtr& bucket : meta_->buckets().list()) {
    const meta::OrganisationPtr org = meta_->organisations().find(bucket->org);
    const std::string_view org_name = org == nullptr ? "" : std::string_view(org->name);
    if (bucket->type == meta::BucketType::user) {
      names += fmt::format("{}{}", names.empty() ? "" : ", ", bucket->name);
    }
    if (bucket->name != name && id_to_text(bucket->id) != name) continue;
    if (organization.empty() || organization == org_name) found.push_back(bucket);
  }
  if (found.size() == 1) return found.front();
  if (found.empty()) {
    return Error{
        Errc::not_found,
        fmt::format("the backup has no bucket {}{}; it has: {}", name,
                    organization.empty() ? "" : fmt::format(" in organization {}", organization),
                    names)};
  }
  return Error{Errc::invalid,
               fmt::format("{} organizations in the backup have a bucket {}: name one with "
                           "--from-org, or the bucket by its id ({})",
                           found.size(), name, id_to_text(found.front()->id))};
}

}  // namespace weir::server
