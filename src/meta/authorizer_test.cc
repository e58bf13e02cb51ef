#include "meta/authorizer.h"

#include "base/json.h"
#include "meta/permissions.h"
#include "meta/testing.h"

namespace weir::meta {
namespace {

TEST_CASE("a permission covers what it names and nothing else") {
  const OrgId home{1}, away{2};
  const Resource bucket{"buckets", 10, home};
  auto covers = [&](const Resource& granted, const Resource& wanted) {
    return allows(std::vector<Permission>{{Action::read, granted}}, Action::read, wanted);
  };
  CHECK(covers({"buckets", {}, {}}, bucket));
  CHECK(covers({"buckets", {}, home}, bucket));
  CHECK(!covers({"buckets", {}, away}, bucket));
  CHECK(covers({"buckets", 10, {}}, bucket));
  CHECK(!covers({"buckets", 11, {}}, bucket));
  CHECK(!covers({"buckets", 10, away}, bucket));
  CHECK(!covers({"orgs", {}, {}}, bucket));
  CHECK(!covers({"buckets", 10, home}, {"buckets", {}, home}));  // all buckets are not one bucket
  CHECK(
      !allows(std::vector<Permission>{{Action::read, {"buckets", {}, {}}}}, Action::write, bucket));
}

TEST_CASE("permissions survive their JSON form; what is not one is named") {
  const std::vector<Permission> all = owner_permissions(OrgId{77});
  Result<Json> text = parse_json(dump_json(permissions_to_json(all)));
  REQUIRE(text.ok());
  Result<std::vector<Permission>> back = permissions_from_json(*text);
  REQUIRE(back.ok());
  REQUIRE(back->size() == all.size());
  CHECK(dump_json(permissions_to_json(*back)) == dump_json(permissions_to_json(all)));

  for (const char* bad :
       {R"({})", R"([1])", R"([{"action":"read"}])", R"([{"action":"eat","resource":{}}])",
        R"([{"action":"read","resource":{"type":"cakes"}}])",
        R"([{"action":"read","resource":{"type":7}}])",
        R"([{"action":"read","resource":{"type":"buckets","id":"x"}}])",
        R"([{"action":"read","resource":{"type":"buckets","orgID":5}}])"}) {
    Result<Json> parsed = parse_json(bad);
    REQUIRE(parsed.ok());
    CHECK_MESSAGE(!permissions_from_json(*parsed).ok(), bad);
  }
}

TEST_CASE("a token is as good as its authorization, its user and nothing more") {
  MetaFixture fixture;
  SetUpResult home = fixture.set_up_home();
  Meta& meta = *fixture.meta;
  Result<CreatedAuthorization> made = meta.authorizations().create(
      {.org = home.org->id,
       .user = home.user->id,
       .description = "reader",
       .active = true,
       .permissions = {{Action::read,
                        {"buckets", static_cast<uint64_t>(home.bucket->id), home.org->id}}},
       .token = {}});
  REQUIRE(made.ok());
  CHECK(made->token.size() >= 43);
  Result<Caller> caller = meta.authorizer().by_token(made->token);
  REQUIRE(caller.ok());
  CHECK(caller->may(Action::read, *home.bucket));
  CHECK(!caller->may(Action::write, *home.bucket));
  CHECK(meta.authorizations().last_used_ns(made->authorization->id) == kTestNowNs);

  REQUIRE(meta.authorizations().update(made->authorization->id, {.active = false}).ok());
  CHECK(!meta.authorizer().by_token(made->token).ok());
  fixture.reopen();
  CHECK(!fixture.meta->authorizer().by_token(made->token).ok());
  CHECK(fixture.meta->authorizations().last_used_ns(made->authorization->id) == kTestNowNs);
  REQUIRE(fixture.meta->authorizations().update(made->authorization->id, {.active = true}).ok());
  CHECK(fixture.meta->authorizer().by_token(made->token).ok());
  REQUIRE(fixture.meta->users().update(home.user->id, {.active = false}).ok());
  CHECK(!fixture.meta->authorizer().by_token(made->token).ok());
}

TEST_CASE("the same token cannot be made twice") {
  MetaFixture fixture;
  SetUpResult home = fixture.set_up_home();
  Result<CreatedAuthorization> made = fixture.meta->authorizations().create(
      {.org = home.org->id, .user = home.user->id, .token = "operator-token"});
  REQUIRE(!made.ok());
  CHECK(made.error().code == Errc::conflict);
}

TEST_CASE("a user may do what the user's organisations allow") {
  MetaFixture fixture;
  SetUpResult home = fixture.set_up_home();
  Meta& meta = *fixture.meta;
  Result<UserPtr> bob = meta.users().create("bob");
  REQUIRE(bob.ok());
  CHECK(!meta.authorizer().by_password("bob", "").ok());
  REQUIRE(meta.users().set_password((*bob)->id, "builder!").ok());

  auto bob_now = [&] {
    Result<Caller> caller = meta.authorizer().by_password("bob", "builder!");
    REQUIRE(caller.ok());
    return *caller;
  };
  CHECK(!bob_now().may(Action::read, *home.bucket));
  REQUIRE(meta.organisations().add_member(home.org->id, (*bob)->id, Role::member).ok());
  CHECK(bob_now().may(Action::read, *home.bucket));
  CHECK(!bob_now().may(Action::write, *home.bucket));
  REQUIRE(meta.organisations().add_member(home.org->id, (*bob)->id, Role::owner).ok());
  CHECK(bob_now().may(Action::write, *home.bucket));
  CHECK(!bob_now().may(Action::write, Resource{"users", {}, {}}));
  REQUIRE(meta.organisations().remove_member(home.org->id, (*bob)->id).ok());
  CHECK(!bob_now().may(Action::read, *home.bucket));
}

TEST_CASE("a password that was right is recalled until it changes") {
  MetaFixture fixture;
  SetUpResult home = fixture.set_up_home();
  const Authorizer& authorizer = fixture.meta->authorizer();
  CHECK(!authorizer.recall_password("alice", "wonderland").ok());
  REQUIRE(authorizer.by_password("alice", "wonderland").ok());
  CHECK(authorizer.recall_password("alice", "wonderland").ok());
  CHECK(!authorizer.recall_password("alice", "wonderlan").ok());
  CHECK(authorizer.recall_password("anyone", "operator-token").ok());
  REQUIRE(fixture.meta->users().set_password(home.user->id, "looking-glass").ok());
  CHECK(!authorizer.recall_password("alice", "wonderland").ok());
  CHECK(!authorizer.by_password("alice", "wonderland").ok());
  CHECK(authorizer.by_password("alice", "looking-glass").ok());
}

TEST_CASE("a session lasts an hour from its last use and ends with a new password") {
  MetaFixture fixture;
  SetUpResult home = fixture.set_up_home();
  Result<NewSession> session = fixture.meta->sessions().begin(home.user->id);
  REQUIRE(session.ok());
  auto valid = [&] { return fixture.meta->authorizer().by_session(session->key).ok(); };
  CHECK(valid());
  fixture.clock.advance_ms(kSessionMs - 1);
  CHECK(valid());
  fixture.clock.advance_ms(kSessionMs - 1);
  CHECK(valid());
  fixture.reopen();
  CHECK(valid());
  fixture.clock.advance_ms(kSessionMs);
  CHECK(!valid());

  session = fixture.meta->sessions().begin(home.user->id);
  REQUIRE(session.ok());
  REQUIRE(fixture.meta->sessions().end(session->key).ok());
  CHECK(!valid());
  CHECK(!fixture.meta->sessions().end(session->key).ok());

  session = fixture.meta->sessions().begin(home.user->id);
  REQUIRE(session.ok());
  REQUIRE(fixture.meta->users().set_password(home.user->id, "looking-glass").ok());
  CHECK(!valid());
  fixture.reopen();
  CHECK(!valid());
}

}  // namespace
}  // namespace weir::meta
