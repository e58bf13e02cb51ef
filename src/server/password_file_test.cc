#include "server/password_file.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace weir::server {
namespace {

// Written by mosquitto_passwd 2.0.11: alice / secret, bob / "p:w d", old / secret.
constexpr std::string_view kFile =
    "alice:$7$101$S8jey+ywg2DWwCAv$TnBP2q6ddv/7nN3HznjOJ1NGSH1Q9I2NdF+AICiYKNJpI0l8hMPKqJYUGOQSb8dM"
    "Lv/slmy/GCJ6gGOJIyspNQ==\n"
    "bob:$7$101$L7XqKqlIycJWbjuY$"
    "X52NC07Rfq81x7fYRKOYn1fhlvxDu5MyDod4RFJIlk7Hlk4zhBgIP58vPgogl7fchb8"
    "baNhGXcwktXRW7u5wMg==\r\n"
    "\n# from the last century\n"
    "old:$6$dWuXYe/"
    "x9Mh48YDj$EMjWX88GYydwSJp32Elultan4lCgKcwcpD7wsMFl8QC6rU0HtD+PxGnu6oQjfGVFlpt7izfQ5"
    "z6TmhRR+NrgAQ==\n";

std::string mistakes_of(std::string_view text) {
  auto file = PasswordFile::parse(text, "pw");
  return file.ok() ? "none" : file.error().message;
}

TEST_CASE("the passwords that mosquitto_passwd hashed are right, and no others") {
  auto file = PasswordFile::parse(kFile, "pw");
  REQUIRE(file.ok());
  CHECK((*file)->verify("alice", "secret"));
  CHECK((*file)->verify("bob", "p:w d"));
  CHECK((*file)->verify("old", "secret"));
  for (auto [user, password] :
       {std::pair("alice", "Secret"), std::pair("alice", ""), std::pair("old", "secret "),
        std::pair("carol", "secret"), std::pair("", "secret"), std::pair("alice:", "secret")}) {
    CAPTURE(user);
    CHECK_FALSE((*file)->verify(user, password));
  }
  CHECK((*file)->contains("bob"));
  CHECK_FALSE((*file)->contains("carol"));
  CHECK((*file)->mark_of("alice") != (*file)->mark_of("bob"));
  CHECK((*file)->mark_of("carol").empty());
}

TEST_CASE("an empty file admits nobody") {
  auto file = PasswordFile::parse("", "pw");
  REQUIRE(file.ok());
  CHECK_FALSE((*file)->verify("alice", "secret"));
}

TEST_CASE("mistakes name file, line and user, never what may be a password") {
  CHECK(mistakes_of("alice:secret\nnothing\n:$6$x$y\nb:$7$0$c2FsdA==$aGFzaA==\n"
                    "c:$7$10000001$c2FsdA==$aGFzaA==\nd:$7$101$c2FsdA==$aGFzaA==\n"
                    "e:$6$!$aGFzaA==\nf:$7$101\n") ==
        "pw:1: user `alice`: no hash of the forms $7$ or $6$; `mosquitto_passwd -U FILE` makes "
        "them\n"
        "pw:2: wanted NAME:HASH, as mosquitto_passwd writes it\n"
        "pw:3: no user name before the colon\n"
        "pw:4: user `b`: wanted 1 to 10000000 iterations behind $7$\n"
        "pw:5: user `c`: wanted 1 to 10000000 iterations behind $7$\n"
        "pw:6: user `d`: the hash is not 64 bytes of base64\n"
        "pw:7: user `e`: the salt is no base64\n"
        "pw:8: user `f`: the salt is no base64");
  std::string twice = std::string(kFile) + std::string(kFile.substr(0, kFile.find('\n')));
  CHECK(mistakes_of(twice) == "pw:6: user `alice` is there twice; keep one line");
  CHECK(mistakes_of(std::string(PasswordFile::kBytesMax, '\n')) == "none");
  CHECK(mistakes_of(std::string(PasswordFile::kBytesMax + 1, '\n')) != "none");
}

TEST_CASE("a file cut anywhere or with a byte changed is read or refused, and admits no stranger") {
  for (size_t size = 0; size <= kFile.size(); size++) {
    (void)PasswordFile::parse(kFile.substr(0, size), "pw");
  }
  const std::string line(kFile.substr(0, kFile.find('\n')));
  for (size_t at = 0; at < line.size(); at++) {
    for (char byte : {'\0', '$', ':', '\xff', 'A'}) {
      if (line[at] == byte) continue;
      std::string changed = line;
      changed[at] = byte;
      auto file = PasswordFile::parse(changed, "pw");
      if (file.ok()) CHECK_FALSE((*file)->verify("alice", "secret"));
    }
  }
}

}  // namespace
}  // namespace weir::server
