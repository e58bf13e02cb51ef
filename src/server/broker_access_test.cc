#include "server/broker_access.h"

#include <doctest/doctest.h>

#include <condition_variable>
#include <optional>

#include "base/file.h"
#include "base/log.h"
#include "base/sync.h"
#include "meta/testing.h"

namespace weir::server {
namespace {

struct Fixture : meta::MetaFixture {
  meta::SetUpResult home = set_up_home();
  std::atomic<bool> stopping = false;
  AnonymousPolicy anonymous = AnonymousPolicy::loopback;
  Workers workers{"test", 1, 4};
  AccessFiles files;
  std::shared_ptr<const AccessLists> lists = files.open({}).value();

  void open(const std::string& passwords, const std::string& topics) {
    lists = files.open({{passwords, "mqtt.password_file"}, {topics, "mqtt.acl_file"}}).value();
  }

  ManualClock clock;
  LoginGuard guard;
  std::vector<int64_t> delays;  // of refusals

  AccessParts parts() {
    return {.meta = *meta,
            .workers = workers,
            .lists = lists,
            .guard = guard,
            .clock = clock,
            .later =
                [this](int64_t ms, std::function<void()> task) {
                  delays.push_back(ms);
                  task();
                },
            .stopping = stopping};
  }

  Result<mqtt::Identity> connect(std::optional<std::string> user,
                                 std::optional<std::string> password, bool is_loopback = true) {
    Guarded<std::optional<Result<mqtt::Identity>>> answer;
    std::condition_variable changed;
    mqtt::Credentials credentials{
        "client", std::move(user), std::move(password), {"192.0.2.1", 1, is_loopback}};
    broker_authentication(parts(), {anonymous, "mqtt.allow_anonymous"})(
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
  CHECK(
      rights(fixture.connect({}, {}, false)) ==
      "it gave no user name, which mqtt.allow_anonymous admits from this machine alone; give it a "
      "user name and password, or set that to true");
  fixture.anonymous = AnonymousPolicy::nobody;
  CHECK(rights(fixture.connect({}, {}, true)) ==
        "it gave no user name, which mqtt.allow_anonymous admits from nobody; give it a user name "
        "and password, or set that to true or loopback");
  fixture.anonymous = AnonymousPolicy::everyone;
  CHECK(rights(fixture.connect({}, {}, false)) == " publishes subscribes");
}

TEST_CASE("passwords are not hashed any more once the server stops") {
  Fixture fixture;
  fixture.stopping = true;
  CHECK(rights(fixture.connect("alice", "wonderland")) == "the server is stopping");
}

constexpr std::string_view kAlicesFile =  // alice / secret, as mosquitto_passwd writes it
    "alice:$7$101$S8jey+ywg2DWwCAv$TnBP2q6ddv/7nN3HznjOJ1NGSH1Q9I2NdF+AICiYKNJpI0l8hMPKqJYUGOQSb8dM"
    "Lv/slmy/GCJ6gGOJIyspNQ==\n";
constexpr std::string_view kPlugsFile =  // plug / secret
    "plug:$7$101$S8jey+ywg2DWwCAv$TnBP2q6ddv/7nN3HznjOJ1NGSH1Q9I2NdF+AICiYKNJpI0l8hMPKqJYUGOQSb8dM"
    "Lv/slmy/GCJ6gGOJIyspNQ==\n";

void write(const std::string& path, std::string_view text) {
  (void)system_file_system().remove(path);
  auto file = system_file_system().create(path);
  REQUIRE(file.ok());
  REQUIRE((*file)->append(text).ok());
  REQUIRE((*file)->close().ok());
}

// Looks as the server does until the files as they are have been read.
bool look(AccessFiles& files) { return files.refresh(false) || files.refresh(false); }

TEST_CASE("users of the password file come with its passwords, beside weir's own") {
  Fixture fixture;
  meta::TempDirectory directory;
  write(directory.file("pw"), std::string(kAlicesFile) + std::string(kPlugsFile));
  fixture.open(directory.file("pw"), "");
  CHECK(rights(fixture.connect("plug", "secret")) == "plug publishes subscribes");
  CHECK(rights(fixture.connect("plug", "wonderland")) == "unauthorized access");
  CHECK(rights(fixture.connect("plug", std::nullopt)) == "unauthorized access");
  // A name that both know: either password is right.
  CHECK(rights(fixture.connect("alice", "secret")) == "alice publishes subscribes");
  CHECK(rights(fixture.connect("alice", "wonderland")) == "alice publishes subscribes");
  CHECK(rights(fixture.connect("plug", "operator-token")) == "alice publishes subscribes");
}

TEST_CASE("the access list holds for everybody, under the name that was proved") {
  Fixture fixture;
  meta::TempDirectory directory;
  write(directory.file("pw"), kPlugsFile);
  write(directory.file("acl"),
        "topic read public\nuser alice\ntopic readwrite alice/#\nuser plug\ntopic write plug/#\n");
  fixture.open(directory.file("pw"), directory.file("acl"));
  auto plug = fixture.connect("plug", "secret");
  REQUIRE(plug.ok());
  CHECK(mqtt::may_publish(*plug, "plug/1"));
  CHECK_FALSE(mqtt::may_publish(*plug, "alice/1"));
  // The name beside a token says nothing: the token's owner does.
  auto token = fixture.connect("plug", "operator-token");
  REQUIRE(token.ok());
  CHECK(mqtt::may_publish(*token, "alice/1"));
  CHECK_FALSE(mqtt::may_publish(*token, "plug/1"));
  auto anonymous = fixture.connect({}, {}, true);
  REQUIRE(anonymous.ok());
  CHECK(mqtt::may_subscribe(*anonymous, "public"));
  CHECK_FALSE(mqtt::may_publish(*anonymous, "public"));
  // What the list grants is no more than what a token may do.
  auto reader = fixture.connect("x", fixture.token_with({fixture.on_bucket(meta::Action::read)}));
  CHECK_FALSE(mqtt::may_publish(*reader, "alice/1"));
}

TEST_CASE("a file that changes is read again, and one with mistakes keeps what was") {
  log::set_level(log::Level::error);
  Fixture fixture;
  meta::TempDirectory directory;
  write(directory.file("pw"), kPlugsFile);
  write(directory.file("acl"), "pattern readwrite a\n");
  fixture.open(directory.file("pw"), directory.file("acl"));
  auto plug = fixture.connect("plug", "secret");
  REQUIRE(plug.ok());
  REQUIRE(plug->standing);
  CHECK_FALSE(look(fixture.files));

  write(directory.file("acl"), "pattern readwrite bb\n");
  CHECK_FALSE(fixture.files.refresh(false));  // it may still be written
  CHECK(fixture.files.refresh(false));
  auto now = plug->standing->now();
  REQUIRE(now.ok());
  CHECK(mqtt::may_publish(*now, "bb"));
  CHECK_FALSE(mqtt::may_publish(*now, "a"));

  write(directory.file("acl"), "pattern raedwrite ccc\n");
  write(directory.file("pw"), "plug:in plain text\n");
  CHECK_FALSE(look(fixture.files));
  CHECK(mqtt::may_publish(*plug->standing->now(), "bb"));
  CHECK(fixture.connect("plug", "secret").ok());

  (void)system_file_system().remove(directory.file("pw"));
  CHECK_FALSE(look(fixture.files));
  CHECK(plug->standing->now().ok());

  write(directory.file("pw"), kAlicesFile);
  CHECK(look(fixture.files));
  CHECK_FALSE(plug->standing->now().ok());
  CHECK_FALSE(fixture.connect("plug", "secret").ok());
  AccessFiles anew;
  CHECK(anew.open({{directory.file("pw"), "mqtt.password_file"},
                   {directory.file("acl"), "mqtt.acl_file"}})
            .error()
            .message ==
        "mqtt.acl_file: " + directory.file("acl") +
            ":1: got `raedwrite`, wanted read, write, readwrite or deny, then the topic (a topic "
            "with blanks needs one of them before it); did you mean `readwrite`?");
}

TEST_CASE("listeners with files of their own go by those, and share what they have in common") {
  Fixture fixture;
  meta::TempDirectory directory;
  write(directory.file("pw"), kPlugsFile);
  write(directory.file("acl"), "pattern readwrite one\n");
  write(directory.file("acl2"), "pattern readwrite two\n");
  const NamedFile passwords{directory.file("pw"), "mqtt.password_file"};
  auto one = fixture.files.open({passwords, {directory.file("acl"), "mqtt.acl_file"}}).value();
  auto two = fixture.files.open({passwords, {directory.file("acl2"), "listener.acl_file"}}).value();
  auto none = fixture.files.open({{}, {}}).value();
  CHECK(one->current().passwords == two->current().passwords);
  CHECK(none->current().passwords == nullptr);

  fixture.lists = one;
  auto at_one = fixture.connect("plug", "secret");
  fixture.lists = two;
  auto at_two = fixture.connect("plug", "secret");
  fixture.lists = none;
  CHECK_FALSE(fixture.connect("plug", "secret").ok());
  REQUIRE((at_one.ok() && at_two.ok()));
  CHECK((mqtt::may_publish(*at_one, "one") && !mqtt::may_publish(*at_one, "two")));
  CHECK((mqtt::may_publish(*at_two, "two") && !mqtt::may_publish(*at_two, "one")));

  write(directory.file("acl2"), "pattern readwrite three\n");
  CHECK(look(fixture.files));
  CHECK(mqtt::may_publish(*at_one->standing->now(), "one"));
  CHECK(mqtt::may_publish(*at_two->standing->now(), "three"));
  CHECK_FALSE(mqtt::may_publish(*at_two->standing->now(), "two"));
  write(directory.file("pw"), kAlicesFile);
  CHECK(look(fixture.files));
  CHECK_FALSE(at_one->standing->now().ok());
  CHECK_FALSE(at_two->standing->now().ok());
}

TEST_CASE("mistakes of all password files and access lists are told at once, each once") {
  meta::TempDirectory directory;
  write(directory.file("pw"), "plug:in plain text\n");
  write(directory.file("acl"), "pattern raedwrite a\n");
  write(directory.file("acl2"), "topik b\n");
  Config config;
  config.access = {{directory.file("pw"), "mqtt.password_file"},
                   {directory.file("acl"), "mqtt.acl_file"}};
  config.mqtt_listeners.resize(2);
  config.mqtt_listeners[0].access = config.access;
  config.mqtt_listeners[1].access = {config.access.passwords,
                                     {directory.file("acl2"), "listener.acl_file"}};
  AccessFiles files;
  const std::string message = files.open_all(config).error().message;
  CHECK(std::count(message.begin(), message.end(), '\n') == 2);
  for (const char* part : {"mqtt.password_file: ", "mqtt.acl_file: ", "\nlistener.acl_file: "}) {
    CAPTURE(part);
    CHECK(message.find(part) != message.npos);
    CHECK(message.find(part) == message.rfind(part));
  }
}

TEST_CASE("what an identity rests on can end it: a token, a user, a permission") {
  Fixture fixture;
  int changes = 0;
  fixture.meta->set_on_change([&] { changes++; });
  auto made = fixture.meta->authorizations().create(
      {.org = fixture.home.org->id,
       .user = fixture.home.user->id,
       .permissions = {fixture.on_bucket(meta::Action::write)}});
  REQUIRE(made.ok());
  CHECK(changes == 1);
  auto by_token = fixture.connect("x", made->token);
  auto by_password = fixture.connect("alice", "wonderland");
  CHECK(changes == 1);  // checking a password changes nothing
  CHECK(rights(by_token->standing->now()) == "alice publishes");
  REQUIRE(fixture.meta->authorizations().update(made->authorization->id, {.active = false}).ok());
  CHECK(changes == 2);
  CHECK(rights(by_token->standing->now()) == "unauthorized access");
  CHECK(rights(by_password->standing->now()) == "alice publishes subscribes");
  REQUIRE(fixture.meta->users().update(fixture.home.user->id, {.active = false}).ok());
  CHECK(rights(by_password->standing->now()) == "unauthorized access");
  fixture.meta->set_on_change(nullptr);
}

TEST_CASE("who has left a session may publish what its name could at any listener") {
  Fixture fixture;
  const std::string passwords = fixture.directory.file("passwords");
  const std::string topics = fixture.directory.file("topics");
  write(passwords, std::string(kAlicesFile));
  write(topics, "topic write public\nuser carol\ntopic write own/%c\n");
  auto rights = [&](AnonymousPolicy anonymous, bool certificate_as_user) {
    return kept_publish_rights(*fixture.meta, {{fixture.lists, anonymous, certificate_as_user}});
  };
  auto may = rights(AnonymousPolicy::nobody, false);
  CHECK(may("alice", "c", "t"));
  CHECK_FALSE(may("", "c", "t"));
  CHECK_FALSE(may("carol", "c", "t"));
  CHECK(rights(AnonymousPolicy::loopback, false)("", "c", "t"));
  CHECK(rights(AnonymousPolicy::nobody, true)("carol", "c", "t"));
  REQUIRE(fixture.meta->users().update(fixture.home.user->id, {.active = false}).ok());
  CHECK_FALSE(may("alice", "c", "t"));
  CHECK_FALSE(rights(AnonymousPolicy::nobody, true)("alice", "c", "t"));
  // Another listener has a list of its own.
  auto plain = fixture.lists;
  fixture.open(passwords, topics);
  auto by_lists = kept_publish_rights(
      *fixture.meta,
      {{plain, AnonymousPolicy::nobody, false}, {fixture.lists, AnonymousPolicy::everyone, false}});
  CHECK(by_lists("", "c", "public"));
  CHECK_FALSE(by_lists("", "c", "t"));
  CHECK_FALSE(by_lists("alice", "c", "t"));  // in that file, and no line of the list is hers
}

TEST_CASE("why a client may publish nothing is told in the terms of what it brought") {
  Fixture fixture;
  const auto read = fixture.on_bucket(meta::Action::read);
  auto by_token = fixture.connect("x", fixture.token_with({read}));
  REQUIRE(by_token.ok());
  CHECK(mqtt::why_not_publish(*by_token, "t") ==
        "its token may not write bucket temperature, where messages are stored");
}

TEST_CASE("a changed password ends what came in with the old one, and nothing else") {
  Fixture fixture;
  auto before = fixture.connect("alice", "wonderland");
  auto recalled = fixture.connect("alice", "wonderland");
  auto by_token = fixture.connect("alice", "operator-token");
  REQUIRE(before.ok());
  REQUIRE(recalled.ok());
  int changes = 0;
  fixture.meta->set_on_change([&] { changes++; });
  REQUIRE(fixture.meta->users().set_password(fixture.home.user->id, "looking-glass").ok());
  CHECK(changes == 1);
  CHECK(rights(before->standing->now()) == "its user has another password now");
  CHECK(rights(recalled->standing->now()) == "its user has another password now");
  CHECK(rights(by_token->standing->now()) == "alice publishes subscribes");
  auto after = fixture.connect("alice", "looking-glass");
  REQUIRE(after.ok());
  CHECK(rights(after->standing->now()) == "alice publishes subscribes");
  // A new name is no new password.
  REQUIRE(fixture.meta->users().update(fixture.home.user->id, {.name = "alicia"}).ok());
  CHECK(rights(after->standing->now()) == "alicia publishes subscribes");
  REQUIRE(fixture.meta->users().remove(fixture.home.user->id).ok());
  CHECK(rights(after->standing->now()) == "unauthorized access");
  CHECK(rights(by_token->standing->now()) == "unauthorized access");
  fixture.meta->set_on_change(nullptr);
}

TEST_CASE("wrong passwords are answered later and later, then not looked at") {
  log::set_level(log::Level::error);
  Fixture fixture;
  for (int i = 0; i < LoginGuard::kAddressFailuresMax; i++) {
    CHECK(rights(fixture.connect("alice", "guess", false)) == "unauthorized access");
  }
  CHECK(fixture.delays.size() ==
        size_t(LoginGuard::kAddressFailuresMax - LoginGuard::kFreeFailures));
  auto refused = fixture.connect("alice", "wonderland", false);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == Errc::too_many_requests);
  fixture.clock.advance_ms(LoginGuard::kBarMs);
  CHECK(fixture.connect("alice", "wonderland", false).ok());
}

}  // namespace
}  // namespace weir::server
