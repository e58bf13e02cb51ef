#include "meta/buckets.h"

#include "meta/testing.h"

namespace weir::meta {
namespace {

template <class T>
std::string message_of(const Result<T>& result) {
  return result.ok() ? "ok" : result.error().message;
}

TEST_CASE("the shard group duration follows from the retention as in InfluxDB") {
  CHECK(default_shard_group_ns(0) == 7 * kDayNs);
  CHECK(default_shard_group_ns(180 * kDayNs) == 7 * kDayNs);
  CHECK(default_shard_group_ns(180 * kDayNs - 1) == kDayNs);
  CHECK(default_shard_group_ns(2 * kDayNs) == kDayNs);
  CHECK(default_shard_group_ns(2 * kDayNs - 1) == kHourNs);
  CHECK(default_shard_group_ns(kHourNs) == kHourNs);
}

TEST_CASE("buckets are made, found, renamed and removed") {
  MetaFixture fixture;
  const OrgId org = fixture.set_up_home().org->id;
  Buckets& buckets = fixture.meta->buckets();

  Result<BucketPtr> made = buckets.create(
      {.org = org, .name = "humidity", .description = "of the rooms", .retention_ns = kDayNs});
  REQUIRE(made.ok());
  const BucketId id = (*made)->id;
  CHECK(fixture.storage.buckets.at(id).shard_group_ns == kHourNs);
  CHECK(buckets.find(org, "humidity") == *made);
  CHECK(buckets.find_id_or_name(org, id_to_text(id)) == *made);
  CHECK(buckets.find_id_or_name(OrgId{7}, id_to_text(id)) == nullptr);

  Result<BucketPtr> renamed = buckets.update(id, {.name = "rooms", .retention_ns = 3 * kDayNs});
  REQUIRE(renamed.ok());
  CHECK(buckets.find(org, "humidity") == nullptr);
  CHECK(buckets.find(org, "rooms")->retention_ns == 3 * kDayNs);
  CHECK(fixture.storage.buckets.at(id).retention_ns == 3 * kDayNs);

  fixture.reopen();
  Buckets& reopened = fixture.meta->buckets();
  REQUIRE(reopened.find(org, "rooms") != nullptr);
  CHECK(reopened.find(org, "rooms")->description == "of the rooms");
  REQUIRE(reopened.remove(id).ok());
  CHECK(reopened.find(id) == nullptr);
  CHECK(!fixture.storage.buckets.contains(id));
  CHECK(message_of(reopened.remove(id)) == "bucket not found");
}

TEST_CASE("refusals carry InfluxDB's texts") {
  MetaFixture fixture;
  SetUpResult home = fixture.set_up_home();
  const OrgId org = home.org->id;
  Buckets& buckets = fixture.meta->buckets();
  auto create = [&](NewBucket wanted) {
    wanted.org = org;
    return message_of(buckets.create(wanted));
  };
  CHECK(create({.name = "temperature"}) == "bucket with name temperature already exists");
  CHECK(create({.name = "_mine"}) ==
        "bucket name _mine is invalid. Buckets may not start with underscore");
  CHECK(create({.name = ""}) == "bucket name is empty");
  CHECK(create({.name = "b", .retention_ns = kHourNs - 1}) ==
        "retention policy duration must be at least 1h0m0s");
  CHECK(create({.name = "b", .retention_ns = kHourNs, .shard_group_ns = kHourNs + 1}) ==
        "shard-group duration must also be updated to be smaller than new retention duration");
  const BucketId system = buckets.find(org, "_tasks")->id;
  CHECK(message_of(buckets.remove(system)) == "system buckets cannot be deleted");
  CHECK(message_of(buckets.update(system, {.name = "tasks"})) ==
        "system buckets cannot be renamed");
  Result<BucketPtr> other = buckets.create({.org = org, .name = "other"});
  REQUIRE(other.ok());
  CHECK(message_of(buckets.update((*other)->id, {.name = "temperature"})) ==
        "bucket with name temperature already exists");
  CHECK(buckets.find(org, "other") != nullptr);
}

TEST_CASE("a bucket the store could not make does not exist afterwards") {
  MetaFixture fixture;
  const OrgId org = fixture.set_up_home().org->id;
  fixture.storage.fail = true;
  Result<BucketPtr> made = fixture.meta->buckets().create({.org = org, .name = "b"});
  REQUIRE(!made.ok());
  CHECK(made.error().code == Errc::io);
  CHECK(fixture.meta->buckets().find(org, "b") == nullptr);
  fixture.storage.fail = false;
  CHECK(fixture.meta->buckets().create({.org = org, .name = "b"}).ok());
}

TEST_CASE("a deletion cut off before the store heard of it is finished at the next start") {
  MetaFixture fixture;
  const BucketId id = fixture.set_up_home().bucket->id;
  fixture.storage.fail = true;
  CHECK(!fixture.meta->buckets().remove(id).ok());
  CHECK(fixture.meta->buckets().find(id) == nullptr);
  fixture.storage.fail = false;
  fixture.reopen();
  CHECK(fixture.storage.buckets.contains(id));
  REQUIRE(fixture.meta->buckets().reconcile().ok());
  CHECK(!fixture.storage.buckets.contains(id));
  CHECK(fixture.storage.buckets.size() == 2);
}

TEST_CASE("removing an organisation removes its buckets and authorizations") {
  MetaFixture fixture;
  SetUpResult home = fixture.set_up_home();
  Result<OrganisationPtr> other = fixture.meta->organisations().create("other", "", home.user->id);
  REQUIRE(other.ok());
  Result<CreatedAuthorization> token = fixture.meta->authorizations().create(
      {.org = (*other)->id,
       .user = home.user->id,
       .description = "t",
       .active = true,
       .permissions = {{Action::read, {"buckets", {}, (*other)->id}}},
       .token = {}});
  REQUIRE(token.ok());
  CHECK(fixture.storage.buckets.size() == 5);
  REQUIRE(fixture.meta->organisations().remove((*other)->id).ok());
  CHECK(fixture.storage.buckets.size() == 3);
  CHECK(!fixture.meta->authorizer().by_token(token->token).ok());
  fixture.reopen();
  CHECK(fixture.meta->organisations().find("other") == nullptr);
  CHECK(fixture.meta->organisations().find("home") != nullptr);
  CHECK(!fixture.meta->authorizer().by_token(token->token).ok());
  CHECK(fixture.meta->organisations().memberships(home.user->id).size() == 1);
}

}  // namespace
}  // namespace weir::meta
