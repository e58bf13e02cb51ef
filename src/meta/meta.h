// Meta: identity and what belongs to it, in one SQLite file: organisations, users, buckets,
// authorizations, sessions, settings. Opened by server/ at start; used by api/, ingest's bucket
// lookup and the broker's authentication. Every class inside says what blocks.
//
//   WEIR_TRY(auto meta, meta::Meta::open(path, storage, clock));
//   WEIR_CHECK(meta->buckets().reconcile());   // before the store takes writes
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "meta/authorizations.h"
#include "meta/authorizer.h"
#include "meta/buckets.h"
#include "meta/organisations.h"
#include "meta/sessions.h"
#include "meta/settings.h"
#include "meta/users.h"

namespace weir::meta {

class Database;

class Meta {
 public:
  // `storage` and `clock` outlive it. Errors name the file.
  static Result<std::unique_ptr<Meta>> open(const std::string& path, BucketStorage& storage,
                                            const Clock& clock);
  ~Meta();  // persists usage

  Organisations& organisations() { return organisations_; }
  const Organisations& organisations() const { return organisations_; }
  Users& users() { return users_; }
  const Users& users() const { return users_; }
  Buckets& buckets() { return buckets_; }
  const Buckets& buckets() const { return buckets_; }
  Authorizations& authorizations() { return authorizations_; }
  const Authorizations& authorizations() const { return authorizations_; }
  Sessions& sessions() { return sessions_; }
  Settings& settings() { return settings_; }
  const Settings& settings() const { return settings_; }
  const Authorizer& authorizer() const { return authorizer_; }

  // What the set-up made, as long as it exists: where messages without a bucket of their own go.
  BucketPtr default_bucket() const;
  OrganisationPtr default_organisation() const;

  // Whoever holds on to what somebody may do learns here that it may have changed: called after
  // every change, on the thread that made it; it must not block or change anything. Null: no more.
  void set_on_change(std::function<void()> changed);

  // Makes `target`, a copy of the file as it is now. Changes wait meanwhile; blocks.
  Result<void> backup(const std::string& target);

  // Times of last use and extended sessions go to the file. Call every few minutes on a worker.
  Result<void> persist_usage();

 private:
  friend class SetUp;
  Meta(std::unique_ptr<Database> database, BucketStorage& storage, const Clock& clock);
  Result<void> load();
  Database& database() { return *database_; }

  std::unique_ptr<Database> database_;
  Settings settings_;
  Authorizations authorizations_;
  Sessions sessions_;
  Buckets buckets_;
  Organisations organisations_;
  Users users_;
  Authorizer authorizer_;
};

// The same of a file that no process writes to.
Result<void> backup_database(const std::string& path, const std::string& target);

}  // namespace weir::meta
