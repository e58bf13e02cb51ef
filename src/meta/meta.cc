#include "meta/meta.h"

#include <sodium.h>

#include "base/log.h"
#include "meta/database.h"

namespace weir::meta {

Meta::Meta(std::unique_ptr<Database> database, BucketStorage& storage, const Clock& clock)
    : database_(std::move(database)),
      settings_(*database_),
      authorizations_(*database_, clock),
      sessions_(*database_, clock),
      buckets_(*database_, storage, clock),
      organisations_(*database_, buckets_, authorizations_, clock),
      users_(*database_, organisations_, authorizations_, sessions_, clock),
      authorizer_(*this) {}

Meta::~Meta() {
  if (Result<void> done = persist_usage(); !done.ok())
    log::warn("meta", "times of last use were not written: {}", done.error().message);
}

Result<std::unique_ptr<Meta>> Meta::open(const std::string& path, BucketStorage& storage,
                                         const Clock& clock) {
  if (sodium_init() < 0) return Error{Errc::internal, "libsodium cannot start"};
  WEIR_TRY(std::unique_ptr<Database> database, Database::open(path));
  std::unique_ptr<Meta> meta(new Meta(std::move(database), storage, clock));
  if (Result<void> done = meta->load(); !done.ok())
    return std::move(done).error().with_context(path);
  return meta;
}

Result<void> Meta::load() {
  WEIR_CHECK(settings_.load());
  WEIR_CHECK(organisations_.load());
  WEIR_CHECK(users_.load());
  WEIR_CHECK(buckets_.load());
  WEIR_CHECK(authorizations_.load());
  return sessions_.load();
}

BucketPtr Meta::default_bucket() const {
  std::optional<std::string> text = settings_.get(kDefaultBucketSetting);
  std::optional<uint64_t> id = id_from_text(text.value_or(""));
  return id.has_value() ? buckets_.find(static_cast<BucketId>(*id)) : nullptr;
}

OrganisationPtr Meta::default_organisation() const {
  std::optional<std::string> text = settings_.get(kDefaultOrgSetting);
  std::optional<uint64_t> id = id_from_text(text.value_or(""));
  return id.has_value() ? organisations_.find(static_cast<OrgId>(*id)) : nullptr;
}

void Meta::set_on_change(std::function<void()> changed) {
  database_->set_on_change(std::move(changed));
}

Result<void> Meta::backup(const std::string& target) { return database_->backup(target); }

Result<void> Meta::persist_usage() {
  WEIR_CHECK(authorizations_.persist_usage());
  return sessions_.persist_usage();
}

}  // namespace weir::meta
