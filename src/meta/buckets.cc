#include "meta/buckets.h"

#include <fmt/core.h>

#include <algorithm>
#include <tuple>

#include "base/log.h"
#include "meta/database.h"

namespace weir::meta {
namespace {

constexpr const char* kColumns =
    "id, org, name, description, type, retention_ns, shard_group_ns, created_ns, updated_ns";

Bucket read_row(const SqlRow& row) {
  Bucket bucket;
  bucket.id = id_from_sql<BucketId>(row.integer(0));
  bucket.org = id_from_sql<OrgId>(row.integer(1));
  bucket.name = row.text(2);
  bucket.description = row.text(3);
  bucket.type = row.text(4) == "system" ? BucketType::system : BucketType::user;
  bucket.retention_ns = row.integer(5);
  bucket.shard_group_ns = row.integer(6);
  bucket.created_ns = row.integer(7);
  bucket.updated_ns = row.integer(8);
  return bucket;
}

Result<void> check_name(std::string_view name, BucketType type) {
  if (name.empty()) return Error{Errc::empty_value, "bucket name is empty"};
  if (name.front() == '_' && type != BucketType::system)
    return Error{Errc::invalid, fmt::format("bucket name {} is invalid. Buckets may not start with"
                                            " underscore",
                                            name)};
  if (name.find('"') != name.npos)
    return Error{Errc::invalid, fmt::format("bucket name {} is invalid. Bucket names may not"
                                            " include quotation marks",
                                            name)};
  return {};
}

Result<void> check_durations(int64_t retention_ns, int64_t shard_group_ns) {
  if (retention_ns < 0) return Error{Errc::unprocessable, "retention must not be negative"};
  if (retention_ns != 0 && retention_ns < kRetentionNsMin)
    return Error{Errc::unprocessable, "retention policy duration must be at least 1h0m0s"};
  if (shard_group_ns < kHourNs)
    return Error{Errc::unprocessable, "shard-group duration must be at least 1h0m0s"};
  if (retention_ns != 0 && shard_group_ns > retention_ns)
    return Error{Errc::unprocessable,
                 "shard-group duration must also be updated to be smaller"
                 " than new retention duration"};
  return {};
}

Error already_exists(std::string_view name) {
  return {Errc::conflict, fmt::format("bucket with name {} already exists", name)};
}

Error not_found() { return {Errc::not_found, "bucket not found"}; }

}  // namespace

int64_t default_shard_group_ns(int64_t retention_ns) {
  if (retention_ns == 0 || retention_ns >= 180 * kDayNs) return 7 * kDayNs;
  return retention_ns >= 2 * kDayNs ? kDayNs : kHourNs;
}

Result<void> Buckets::load() {
  *index_.lock() = {};
  return database_.query(fmt::format("SELECT {} FROM buckets", kColumns),
                         [&](const SqlRow& row) { apply(read_row(row)); });
}

BucketPtr Buckets::find(BucketId id) const {
  auto index = index_.lock();
  auto found = index->by_id.find(id);
  return found == index->by_id.end() ? nullptr : found->second;
}

BucketPtr Buckets::find(OrgId org, std::string_view name) const {
  auto index = index_.lock();
  auto found = index->by_name.find(std::pair(org, std::string(name)));
  return found == index->by_name.end() ? nullptr : found->second;
}

BucketPtr Buckets::find_id_or_name(OrgId org, std::string_view id_or_name) const {
  if (std::optional<uint64_t> id = id_from_text(id_or_name)) {
    BucketPtr bucket = find(static_cast<BucketId>(*id));
    if (bucket != nullptr && bucket->org == org) return bucket;
  }
  return find(org, id_or_name);
}

std::vector<BucketPtr> Buckets::list(std::optional<OrgId> org) const {
  std::vector<BucketPtr> all;
  {
    auto index = index_.lock();
    for (const auto& [id, bucket] : index->by_id) {
      if (!org.has_value() || bucket->org == *org) all.push_back(bucket);
    }
  }
  std::ranges::sort(all, {}, [](const BucketPtr& bucket) {
    return std::tuple(bucket->created_ns, bucket->type, std::string_view(bucket->name));
  });
  return all;
}

Result<Bucket> Buckets::prepare(const NewBucket& wanted) const {
  WEIR_CHECK(check_name(wanted.name, BucketType::user));
  Bucket bucket;
  bucket.id = static_cast<BucketId>(make_random_id());
  bucket.org = wanted.org;
  bucket.name = wanted.name;
  bucket.description = wanted.description;
  bucket.retention_ns = wanted.retention_ns;
  bucket.shard_group_ns = wanted.shard_group_ns != 0 ? wanted.shard_group_ns
                                                     : default_shard_group_ns(wanted.retention_ns);
  bucket.created_ns = bucket.updated_ns = clock_.wall_ns();
  WEIR_CHECK(check_durations(bucket.retention_ns, bucket.shard_group_ns));
  return bucket;
}

std::vector<Bucket> Buckets::system_buckets(OrgId org) const {
  std::vector<Bucket> made;
  for (auto [name, description, retention_ns] :
       {std::tuple("_monitoring", "System bucket for monitoring logs", kMonitoringRetentionNs),
        std::tuple("_tasks", "System bucket for task logs", kTasksRetentionNs)}) {
    Bucket& bucket = made.emplace_back();
    bucket.id = static_cast<BucketId>(make_random_id());
    bucket.org = org;
    bucket.name = name;
    bucket.description = description;
    bucket.type = BucketType::system;
    bucket.retention_ns = retention_ns;
    bucket.shard_group_ns = default_shard_group_ns(retention_ns);
    bucket.created_ns = bucket.updated_ns = clock_.wall_ns();
  }
  return made;
}

Result<void> Buckets::insert(Connection& connection, const Bucket& bucket) {
  Result<void> done = connection.run(
      fmt::format("INSERT INTO buckets ({}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)", kColumns),
      {to_sql(bucket.id), to_sql(bucket.org), bucket.name, bucket.description,
       bucket.type == BucketType::system ? "system" : "user", bucket.retention_ns,
       bucket.shard_group_ns, bucket.created_ns, bucket.updated_ns});
  if (!done.ok() && done.error().code == Errc::conflict) return already_exists(bucket.name);
  return done;
}

Result<void> Buckets::erase(Connection& connection, BucketId id) {
  WEIR_CHECK(connection.run("DELETE FROM buckets WHERE id = ?1", {to_sql(id)}));
  return connection.run("INSERT OR IGNORE INTO dropped_buckets (id) VALUES (?1)", {to_sql(id)});
}

void Buckets::apply(const Bucket& bucket) {
  auto shared = std::make_shared<const Bucket>(bucket);
  auto index = index_.lock();
  BucketPtr& slot = index->by_id[bucket.id];
  if (slot != nullptr) index->by_name.erase(std::pair(slot->org, slot->name));
  slot = shared;
  index->by_name[std::pair(bucket.org, bucket.name)] = shared;
}

void Buckets::forget(BucketId id) {
  auto index = index_.lock();
  auto found = index->by_id.find(id);
  if (found == index->by_id.end()) return;
  index->by_name.erase(std::pair(found->second->org, found->second->name));
  index->by_id.erase(found);
}

Result<void> Buckets::create_in_store(std::span<const Bucket> buckets) {
  for (const Bucket& bucket : buckets) WEIR_CHECK(storage_.create(bucket));
  return {};
}

Result<void> Buckets::drop_in_store(BucketId id) {
  WEIR_CHECK(storage_.drop(id));
  return database_.transact([&](Connection& connection) {
    return connection.run("DELETE FROM dropped_buckets WHERE id = ?1", {to_sql(id)});
  });
}

Result<BucketPtr> Buckets::create(const NewBucket& wanted) {
  WEIR_TRY(Bucket bucket, prepare(wanted));
  std::lock_guard turn(changes_);
  WEIR_CHECK(database_.transact([&](Connection& connection) { return insert(connection, bucket); },
                                [&] { apply(bucket); }));
  if (Result<void> made = create_in_store({&bucket, 1}); !made.ok()) {
    // The client is told it failed, so it must not exist afterwards either.
    (void)database_.transact([&](Connection& connection) { return erase(connection, bucket.id); },
                             [&] { forget(bucket.id); });
    return std::move(made).error();
  }
  return find(bucket.id);
}

Result<BucketPtr> Buckets::update(BucketId id, const BucketPatch& patch) {
  std::lock_guard turn(changes_);
  BucketPtr old = find(id);
  if (old == nullptr) return not_found();
  Bucket bucket = *old;
  if (patch.name.has_value() && *patch.name != bucket.name) {
    if (bucket.type == BucketType::system)
      return Error{Errc::invalid, "system buckets cannot be renamed"};
    WEIR_CHECK(check_name(*patch.name, bucket.type));
    bucket.name = *patch.name;
  }
  bucket.description = patch.description.value_or(bucket.description);
  bucket.retention_ns = patch.retention_ns.value_or(bucket.retention_ns);
  bucket.shard_group_ns = patch.shard_group_ns.value_or(bucket.shard_group_ns);
  if (bucket.shard_group_ns == 0)
    bucket.shard_group_ns = default_shard_group_ns(bucket.retention_ns);
  WEIR_CHECK(check_durations(bucket.retention_ns, bucket.shard_group_ns));
  bucket.updated_ns = clock_.wall_ns();

  auto change = [&](Connection& connection) -> Result<void> {
    Result<void> done = connection.run(
        "UPDATE buckets SET name = ?2, description = ?3, retention_ns = ?4, shard_group_ns = ?5,"
        " updated_ns = ?6 WHERE id = ?1",
        {to_sql(id), bucket.name, bucket.description, bucket.retention_ns, bucket.shard_group_ns,
         bucket.updated_ns});
    if (!done.ok() && done.error().code == Errc::conflict) return already_exists(bucket.name);
    return done;
  };
  WEIR_CHECK(database_.transact(change, [&] { apply(bucket); }));
  WEIR_CHECK(storage_.update(bucket));
  return find(id);
}

Result<void> Buckets::remove(BucketId id) {
  std::lock_guard turn(changes_);
  BucketPtr bucket = find(id);
  if (bucket == nullptr) return not_found();
  if (bucket->type == BucketType::system)
    return Error{Errc::invalid, "system buckets cannot be deleted"};
  WEIR_CHECK(database_.transact([&](Connection& connection) { return erase(connection, id); },
                                [&] { forget(id); }));
  return drop_in_store(id);
}

Result<void> Buckets::reconcile() {
  std::lock_guard turn(changes_);
  std::vector<BucketId> dropped;
  WEIR_CHECK(database_.query("SELECT id FROM dropped_buckets", [&](const SqlRow& row) {
    dropped.push_back(id_from_sql<BucketId>(row.integer(0)));
  }));
  for (BucketId id : dropped) {
    log::info("meta", "finishing the deletion of bucket {}", id_to_text(id));
    WEIR_CHECK(drop_in_store(id));
  }
  for (const BucketPtr& bucket : list()) WEIR_CHECK(storage_.create(*bucket));
  return {};
}

}  // namespace weir::meta
