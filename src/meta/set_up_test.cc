#include "meta/set_up.h"

#include "meta/testing.h"

namespace weir::meta {
namespace {

TEST_CASE("set-up makes a user, an organisation, its buckets and an operator token") {
  MetaFixture fixture;
  REQUIRE(set_up_allowed(*fixture.meta));
  SetUpResult done = fixture.set_up_home();
  CHECK(!set_up_allowed(*fixture.meta));
  CHECK(done.token == "operator-token");
  CHECK(done.bucket->name == "temperature");
  CHECK(done.bucket->retention_ns == 0);
  CHECK(done.bucket->shard_group_ns == 7 * kDayNs);
  REQUIRE(fixture.meta->buckets().find(done.org->id, "_monitoring") != nullptr);
  CHECK(fixture.meta->buckets().find(done.org->id, "_monitoring")->retention_ns == 7 * kDayNs);
  CHECK(fixture.meta->buckets().find(done.org->id, "_tasks")->retention_ns == 3 * kDayNs);
  CHECK(fixture.storage.buckets.size() == 3);
  CHECK(fixture.meta->default_bucket() == done.bucket);
  CHECK(fixture.meta->default_organisation() == done.org);

  Result<Caller> caller = fixture.meta->authorizer().by_token("operator-token");
  REQUIRE(caller.ok());
  CHECK(caller->user->name == "alice");
  CHECK(caller->may(Action::write, *done.bucket));
  CHECK(caller->may(Action::write, Resource{"users", {}, {}}));
}

TEST_CASE("a second set-up is refused, also when everyone was removed meanwhile") {
  MetaFixture fixture;
  SetUpResult done = fixture.set_up_home();
  const SetUpRequest again{.username = "bob", .password = "password", .org = "o", .bucket = "b"};
  Result<SetUpResult> second = set_up(*fixture.meta, again);
  REQUIRE(!second.ok());
  CHECK(second.error().code == Errc::conflict);
  CHECK(second.error().message == "onboarding has already been completed");

  REQUIRE(fixture.meta->users().remove(done.user->id).ok());
  fixture.reopen();
  CHECK(!set_up_allowed(*fixture.meta));
  CHECK(!set_up(*fixture.meta, again).ok());
}

TEST_CASE("set-up refuses empty names and short passwords and then leaves nothing behind") {
  MetaFixture fixture;
  auto code_of = [&](const SetUpRequest& request) {
    Result<SetUpResult> done = set_up(*fixture.meta, request);
    return done.ok() ? "ok" : std::string(to_string(done.error().code));
  };
  CHECK(code_of({.username = "", .password = "password", .org = "o", .bucket = "b"}) ==
        "empty value");
  CHECK(code_of({.username = "u", .password = "password", .org = "", .bucket = "b"}) ==
        "empty value");
  CHECK(code_of({.username = "u", .password = "password", .org = "o", .bucket = ""}) ==
        "empty value");
  CHECK(code_of({.username = "u", .password = "seven77", .org = "o", .bucket = "b"}) == "invalid");
  CHECK(code_of({.username = "u", .password = "password", .org = "o", .bucket = "_b"}) ==
        "invalid");
  CHECK(set_up_allowed(*fixture.meta));
  CHECK(fixture.meta->organisations().list().empty());
  CHECK(fixture.storage.buckets.empty());
}

TEST_CASE("everything set up is there after a restart, and the token only as its hash") {
  MetaFixture fixture;
  SetUpResult done = fixture.set_up_home();
  fixture.reopen();
  CHECK(fixture.meta->authorizer().by_token("operator-token").ok());
  CHECK(!fixture.meta->authorizer().by_token("operator-toke").ok());
  CHECK(fixture.meta->users().verify("alice", "wonderland") != nullptr);
  CHECK(fixture.meta->users().verify("alice", "Wonderland") == nullptr);
  CHECK(fixture.meta->users().verify("nobody", "wonderland") == nullptr);
  REQUIRE(fixture.meta->default_bucket() != nullptr);
  CHECK(fixture.meta->default_bucket()->id == done.bucket->id);
}

TEST_CASE("set-up from the environment happens once and takes what the operator chose") {
  MetaFixture fixture;
  const SetUpRequest request{
      .username = "u", .password = "short", .org = "o", .bucket = "b", .token = "t"};
  Result<std::optional<SetUpResult>> first = set_up_if_empty(*fixture.meta, request);
  REQUIRE(first.ok());
  REQUIRE(first->has_value());
  CHECK(fixture.meta->users().verify("u", "short") != nullptr);
  Result<std::optional<SetUpResult>> second = set_up_if_empty(*fixture.meta, request);
  REQUIRE(second.ok());
  CHECK(!second->has_value());
}

TEST_CASE("a set-up cut off between file and store is completed at the next start") {
  MetaFixture fixture;
  fixture.storage.fail = true;
  Result<SetUpResult> done =
      set_up(*fixture.meta, {.username = "u", .password = "password", .org = "o", .bucket = "b"});
  CHECK(!done.ok());
  fixture.storage.fail = false;
  fixture.reopen();
  REQUIRE(fixture.meta->buckets().reconcile().ok());
  CHECK(fixture.storage.buckets.size() == 3);
}

}  // namespace
}  // namespace weir::meta
