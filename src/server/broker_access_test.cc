#include "server/broker_access.h"

#include <doctest/doctest.h>

#include <condition_variable>
#include <optional>

#include "base/sync.h"
#include "meta/testing.h"

namespace weir::server {
namespace {

struct Fixture : meta::MetaFixture {
  meta::SetUpResult home = set_up_home();
  std::atomic<bool> stopping = false;
  AnonymousPolicy anonymous = AnonymousPolicy::loopback;
  Workers workers{"test", 1, 4};

  Result<mqtt::Identity> connect(std::optional<std::string> user,
                                 std::optional<std::string> password, bool is_loopback = true) {
    Guarded<std::optional<Result<mqtt::Identity>>> answer;
    std::condition_variable changed;
    mqtt::Credentials credentials{
        "client", std::move(user), std::move(password), {"192.0.2.1", 1, is_loopback}};
    broker_authentication(*meta, workers, anonymous, stopping)(
        std::move(credentials), [&](Result<mqtt::Identity> identity) {
          auto locked = answer.lock();
          locked->emplace(std::move(identity));
          changed.notify_all();
        });
    auto locked = answer.lock();
    locked.wait(changed, [&] { return locked->has_value(); });
    return **locked;
  }
  std::string token_with(std::vector<meta::Permission> permissions) {
    auto made = meta->authorizations().create(
        {.org = home.org->id, .user = home.user->id, .permissions = std::move(permissions)});
    REQUIRE(made.ok());
    return made->token;
  }
  meta::Permission on_bucket(meta::Action action) const {
    return {action, {"buckets", static_cast<uint64_t>(home.bucket->id), home.org->id}};
  }
};

std::string rights(const Result<mqtt::Identity>& identity) {
  if (!identity.ok()) return identity.error().message;
  return identity->user + (identity->may_publish ? " publishes" : "") +
         (identity->may_subscribe ? " subscribes" : "");
}

TEST_CASE("users come with their password or with a token in its place, under any name") {
  Fixture fixture;
  CHECK(rights(fixture.connect("alice", "wonderland")) == "alice publishes subscribes");
  CHECK(rights(fixture.connect("alice", "wonderland")) == "alice publishes subscribes");
  CHECK(rights(fixture.connect("plug1", "operator-token")) == "alice publishes subscribes");
  CHECK(rights(fixture.connect(std::nullopt, "operator-token")) == "alice publishes subscribes");
  CHECK(rights(fixture.connect("alice", "wrong-password")) == "unauthorized access");
  CHECK(rights(fixture.connect("alice", std::nullopt)) == "unauthorized access");
  CHECK(rights(fixture.connect("bob", "wonderland")) == "unauthorized access");
}

TEST_CASE("a token publishes and subscribes as far as it may write and read the bucket") {
  Fixture fixture;
  const auto read = fixture.on_bucket(meta::Action::read);
  const auto write = fixture.on_bucket(meta::Action::write);
  CHECK(rights(fixture.connect("x", fixture.token_with({read}))) == "alice subscribes");
  CHECK(rights(fixture.connect("x", fixture.token_with({write}))) == "alice publishes");
  CHECK(rights(fixture.connect("x", fixture.token_with({read, write}))) ==
        "alice publishes subscribes");
  CHECK(rights(fixture.connect(
            "x", fixture.token_with({{meta::Action::write, {"tasks", {}, {}}}}))) == "alice");
}

TEST_CASE("a client without a name is admitted as the policy says") {
  Fixture fixture;
  CHECK(fixture.connect({}, {}, true).ok());
  CHECK(rights(fixture.connect({}, {}, false)) ==
        "192.0.2.1:1 gave no user name, and mqtt.allow_anonymous does not admit it");
  fixture.anonymous = AnonymousPolicy::nobody;
  CHECK_FALSE(fixture.connect({}, {}, true).ok());
  fixture.anonymous = AnonymousPolicy::everyone;
  CHECK(rights(fixture.connect({}, {}, false)) == " publishes subscribes");
}

TEST_CASE("passwords are not hashed any more once the server stops") {
  Fixture fixture;
  fixture.stopping = true;
  CHECK(rights(fixture.connect("alice", "wonderland")) == "the server is stopping");
}

}  // namespace
}  // namespace weir::server
