// A backup opened for reading: its buckets, and a store with their points.
//
// It works on a copy (links, but for what is small) within the backup, which is removed with the
// object; the backup stays as it is. Blocks; one thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "meta/meta.h"
#include "server/backup/manifest.h"
#include "server/backup/stage.h"
#include "store/engine/engine.h"

namespace weir::server {

class OpenBackup {
 public:
  // Errors as read_manifest(), Stage::of_stopped(), and of what does not open.
  static Result<std::unique_ptr<OpenBackup>> open(const std::string& directory);
  ~OpenBackup();

  const BackupManifest& manifest() const { return manifest_; }
  store::Store& store() { return *store_; }
  // By name or id. The organization is needed where several have a bucket of that name;
  // Errc::not_found lists the buckets there are.
  Result<meta::BucketPtr> find_bucket(std::string_view organization, std::string_view name) const;

 private:
  class NoStorage;
  OpenBackup(BackupManifest manifest, Stage stage);
  Result<void> open_parts();

  BackupManifest manifest_;
  Stage stage_;
  SystemClock clock_;
  std::unique_ptr<NoStorage> storage_;
  std::unique_ptr<meta::Meta> meta_;
  std::unique_ptr<store::Engine> store_;
};

}  // namespace weir::server
