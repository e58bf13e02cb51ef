#include "meta/meta.h"

#include <atomic>
#include <thread>
#include <vector>

#include "meta/database.h"
#include "meta/schema.h"
#include "meta/testing.h"

namespace weir::meta {
namespace {

TEST_CASE("a file of a newer weir is refused with the reason") {
  MetaFixture fixture;
  fixture.meta.reset();
  const std::string path = fixture.directory.file("meta.db");
  {
    Result<std::unique_ptr<Database>> database = Database::open(path);
    REQUIRE(database.ok());
    REQUIRE((*database)
                ->transact([](Connection& connection) {
                  return connection.run("PRAGMA user_version = 1000");
                })
                .ok());
  }
  Result<std::unique_ptr<Meta>> opened = Meta::open(path, fixture.storage, fixture.clock);
  REQUIRE(!opened.ok());
  CHECK(opened.error().message.find("newer weir") != std::string::npos);
  CHECK(opened.error().message.find(path) != std::string::npos);
}

TEST_CASE(
    "a file that is not SQLite, or a directory that is not there, is an error with its name") {
  MetaFixture fixture;
  const std::string path = fixture.directory.file("other.db");
  FILE* file = fopen(path.c_str(), "w");
  REQUIRE(file != nullptr);
  fputs(std::string(8192, 'x').c_str(), file);
  fclose(file);
  Result<std::unique_ptr<Meta>> opened = Meta::open(path, fixture.storage, fixture.clock);
  REQUIRE(!opened.ok());
  CHECK(opened.error().message.find(path) != std::string::npos);
  CHECK(!Meta::open(fixture.directory.file("no/meta.db"), fixture.storage, fixture.clock).ok());
}

TEST_CASE("a change that fails in the middle leaves nothing behind") {
  MetaFixture fixture;
  Result<std::unique_ptr<Database>> database = Database::open(fixture.directory.file("other.db"));
  REQUIRE(database.ok());
  bool committed = false;
  Result<void> done = (*database)->transact(
      [](Connection& connection) -> Result<void> {
        WEIR_CHECK(connection.run("INSERT INTO settings (key, value) VALUES ('a', 'b')"));
        return connection.run("INSERT INTO settings (key, value) VALUES ('a', 'c')");
      },
      [&] { committed = true; });
  REQUIRE(!done.ok());
  CHECK(done.error().code == Errc::conflict);
  CHECK(!committed);
  size_t rows = 0;
  REQUIRE((*database)->query("SELECT * FROM settings", [&](const SqlRow&) { rows++; }).ok());
  CHECK(rows == 0);
}

TEST_CASE("settings are kept") {
  MetaFixture fixture;
  CHECK(!fixture.meta->settings().get("a").has_value());
  REQUIRE(fixture.meta->settings().set("a", "1").ok());
  REQUIRE(fixture.meta->settings().set("a", "2").ok());
  fixture.reopen();
  CHECK(fixture.meta->settings().get("a") == "2");
}

TEST_CASE("many threads may look up and change at once") {
  MetaFixture fixture;
  SetUpResult home = fixture.set_up_home();
  Meta& meta = *fixture.meta;
  constexpr int kThreads = 4, kRounds = 20;
  std::atomic<bool> done = false;
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int reader = 0; reader < 2; reader++) {
    threads.emplace_back([&] {
      while (!done) {
        Result<Caller> caller = meta.authorizer().by_token("operator-token");
        if (!caller.ok() || !caller->may(Action::write, *home.bucket)) wrong++;
        if (meta.buckets().find(home.org->id, "temperature") == nullptr) wrong++;
        meta.buckets().list(home.org->id);
        meta.authorizations().list();
      }
    });
  }
  std::vector<std::thread> writers;
  for (int writer = 0; writer < kThreads; writer++) {
    writers.emplace_back([&, writer] {
      for (int round = 0; round < kRounds; round++) {
        const std::string name = "b" + std::to_string(writer) + "-" + std::to_string(round);
        Result<BucketPtr> made = meta.buckets().create({.org = home.org->id, .name = name});
        if (!made.ok()) wrong++;
        Result<CreatedAuthorization> token = meta.authorizations().create(
            {.org = home.org->id, .user = home.user->id, .permissions = {}, .token = {}});
        if (!token.ok() || !meta.authorizer().by_token(token->token).ok()) wrong++;
        if (!meta.sessions().begin(home.user->id).ok()) wrong++;
        if (!meta.persist_usage().ok()) wrong++;
        if (made.ok() && round % 2 == 0 && !meta.buckets().remove((*made)->id).ok()) wrong++;
      }
    });
  }
  // All of them want the same name: exactly one gets it.
  std::atomic<int> winners = 0;
  for (int writer = 0; writer < kThreads; writer++) {
    writers.emplace_back([&] {
      if (meta.buckets().create({.org = home.org->id, .name = "one"}).ok()) winners++;
    });
  }
  for (std::thread& thread : writers) thread.join();
  done = true;
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
  CHECK(winners == 1);
  const size_t expected = 3 + 1 + kThreads * kRounds / 2;
  CHECK(meta.buckets().list().size() == expected);
  CHECK(fixture.storage.buckets.size() == expected);
  fixture.reopen();
  CHECK(fixture.meta->buckets().list().size() == expected);
}

TEST_CASE("of two set-ups at once one wins") {
  MetaFixture fixture;
  std::atomic<int> winners = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; i++) {
    threads.emplace_back([&, i] {
      const std::string name = "user" + std::to_string(i);
      if (set_up(*fixture.meta,
                 {.username = name, .password = "password", .org = name, .bucket = "b"})
              .ok())
        winners++;
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(winners == 1);
  CHECK(fixture.meta->users().list().size() == 1);
}

}  // namespace
}  // namespace weir::meta
