#include "mqtt/acl_file.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

#include "mqtt/topic.h"

namespace weir::mqtt {
namespace {

std::shared_ptr<const AclFile> list_of(std::string_view text) {
  auto list = AclFile::parse(text, "acl");
  REQUIRE_MESSAGE(list.ok(), (list.ok() ? std::string() : list.error().message));
  return std::move(list).value();
}
std::string mistakes_of(std::string_view text) {
  auto list = AclFile::parse(text, "acl");
  return list.ok() ? "none" : list.error().message;
}

// "r", "w", "rw" or "-".
std::string rights(const std::shared_ptr<const AclFile>& list, std::string_view user,
                   std::string_view client_id, std::string_view topic) {
  auto access = list->access_of(user, client_id);
  std::string may = access->may_receive(topic) ? "r" : "";
  if (access->may_publish(topic)) may += "w";
  return may.empty() ? "-" : may;
}

// A line for each question: user|client|topic|rights.
void check_rights(const std::shared_ptr<const AclFile>& list, const std::string& table) {
  std::istringstream lines(table);
  std::string user, client_id, topic, may;
  ptrdiff_t asked = 0;
  while (std::getline(std::getline(std::getline(lines, user, '|'), client_id, '|'), topic, '|') &&
         std::getline(lines, may)) {
    CAPTURE(user);
    CAPTURE(client_id);
    CAPTURE(topic);
    CHECK(rights(list, user, client_id, topic) == may);
    asked++;
  }
  REQUIRE(asked == std::count(table.begin(), table.end(), '\n'));
  REQUIRE(asked > 0);
}

TEST_CASE("lines before any user are of clients without a name, those behind one are the user's") {
  auto list = list_of(
      "# greenhouse\n\ntopic read public/#\ntopic write in/+\n\n"
      "user alice\ntopic readwrite alice/#\r\n  topic shared \n"
      "user bob\ntopic deny bob/secret\ntopic bob/#\n"
      "user alice\ntopic read more\n");
  check_rights(list,
               "|c|public/a/b|r\n"
               "|c|in/1|w\n"
               "|c|in/1/2|-\n"
               "|c|alice/x|-\n"
               "alice|c|alice/x|rw\n"
               "alice|c|alice|rw\n"
               "alice|c|shared|rw\n"
               "alice|c|more|r\n"
               "alice|c|public/a|-\n"
               "bob|c|bob/x|rw\n"
               "bob|c|bob/secret|-\n"
               "carol|c|public/a|-\n");
}

TEST_CASE("a deny wins over every grant, wherever it stands") {
  auto list = list_of(
      "pattern readwrite all/#\npattern deny all/%c/secret\nuser a\ntopic readwrite x/#\n"
      "topic deny x/y\ntopic readwrite x/y\ntopic readwrite all/c/secret\n");
  check_rights(list,
               "a|c|x/y|-\n"
               "a|c|x/z|rw\n"
               "a|c|all/c/secret|-\n"
               "a|d|all/c/secret|rw\n");
}

TEST_CASE("topics may hold blanks, and a blank line or comment means nothing") {
  auto list = list_of(
      "  # note\n\t\ntopic read living room/the lamp\nuser the gardener\n"
      "topic readwrite the garden/#\n");
  check_rights(list,
               "|c|living room/the lamp|r\n"
               "the gardener|c|the garden/x|rw\n");
}

TEST_CASE("patterns take the client's user and identifier") {
  auto list = list_of(
      "pattern read $SYS/broker/%c/state\npattern write devices/%c/up\npattern users/%u/#\n"
      "pattern read both/%u/%c\npattern read fleet/dev-%c/x\npattern read news\n");
  check_rights(list,
               "u|c1|devices/c1/up|w\n"
               "u|c2|devices/c1/up|-\n"
               "|c1|devices/c1/up|w\n"
               "u|c1|users/u/any|rw\n"
               "|c1|users//any|-\n"
               "u|c1|both/u/c1|r\n"
               "u|c1|fleet/dev-c1/x|r\n"
               "|c1|news|r\n"
               "u|c1|$SYS/broker/c1/state|r\n");
  // A name is put in as it is, not read as a pattern in turn.
  check_rights(list,
               "%c|c1|users/%c/any|rw\n"
               "%c|c1|users/c1/any|-\n");
}

TEST_CASE("a name with a wildcard or a slash gains nothing by a pattern that uses it") {
  auto list = list_of(
      "pattern readwrite u/%u/#\npattern readwrite c/%c/#\npattern readwrite %c/own\n"
      "pattern read news\n");
  for (std::string_view name : {"+", "#", "a/b", "a+", "/", "x#"}) {
    CAPTURE(name);
    for (std::string_view topic : {"u/a/b", "u/victim", "u/a/b/c"}) {
      CHECK(rights(list, name, "c", topic) == "-");
    }
    for (std::string_view topic : {"c/a/b", "c/victim", "victim/own", "a/b/own"}) {
      CHECK(rights(list, "u", name, topic) == "-");
    }
    CHECK(rights(list, "u", name, "u/u/x") == "rw");  // what does not use the name stands
    CHECK(rights(list, name, "c", "c/c/x") == "rw");
    CHECK(rights(list, name, name, "news") == "r");
  }
  CHECK(rights(list, "u", "$SYS", "$SYS/own") == "-");
}

TEST_CASE("a name that does not fit into a deny does not escape it") {
  auto list = list_of("pattern readwrite d/#\npattern deny d/%c/admin\n");
  check_rights(list,
               "u|a|d/a/admin|-\n"
               "u|a|d/b/admin|rw\n"
               "u|a/b|d/a/b/admin|-\n");
}

TEST_CASE("wildcards do not reach the server's topics; naming them does") {
  auto list = list_of("topic read #\nuser monitor\ntopic read $SYS/#\n");
  check_rights(list,
               "|c|$SYS/broker/uptime|-\n"
               "|c|any/thing|r\n"
               "monitor|c|$SYS/broker/uptime|r\n");
}

TEST_CASE("a subscription is refused when nothing of it could be received") {
  auto list = list_of(
      "topic read a/+/c\ntopic write w/#\ntopic read s/#\ntopic deny s/private/#\n"
      "topic read exact\npattern read c/%c/#\n");
  auto access = list->access_of("", "me");
  for (std::string_view filter : {"#", "a/b/c", "a/#", "+/b/c", "+/+/+", "s/#", "s/+", "s/public",
                                  "exact", "exact/#", "c/me", "c/+/x", "c/#"}) {
    CAPTURE(filter);
    CHECK(access->may_subscribe(filter));
  }
  for (std::string_view filter : {"a/b", "a/b/d", "w/#", "w", "s/private", "s/private/#",
                                  "s/private/+", "exact/x", "c/you/#", "$SYS/#", "b/#"}) {
    CAPTURE(filter);
    CHECK_FALSE(access->may_subscribe(filter));
  }
  CHECK_FALSE(list_of("")->access_of("u", "c")->may_subscribe("#"));
}

TEST_CASE("mistakes name file, line, what was got and the remedy, all at once") {
  CHECK(mistakes_of("topic raed a\ntopic a b/c\ntopics x\nuser\ntopic read\ntopic read a/#/b\n"
                    "pattern\ntopic read ok\n") ==
        "acl:1: got `raed`, wanted read, write, readwrite or deny, then the topic (a topic with "
        "blanks needs one of them before it); did you mean `read`?\n"
        "acl:2: got `a`, wanted read, write, readwrite or deny, then the topic (a topic with "
        "blanks needs one of them before it)\n"
        "acl:3: got `topics`, wanted topic, pattern or user; did you mean `topic`?\n"
        "acl:4: `user` is followed by no name; topics before any `user` are anonymous\n"
        "acl:5: `topic` names no topic\n"
        "acl:6: `a/#/b` is no topic filter: `+` stands for one whole level, `#` for the rest and "
        "comes last, at most 200 levels\n"
        "acl:7: `pattern` names no topic");
  CHECK(mistakes_of(std::string_view("topic a\0b", 9)).starts_with("acl:1: `a"));
  CHECK(mistakes_of("user \xff\n").starts_with("acl:1: the user's name"));
  std::string many;
  for (int i = 0; i < 100; i++) many += "nonsense\n";
  std::string told = mistakes_of(many);
  CHECK(std::count(told.begin(), told.end(), '\n') == 19);
  CHECK(mistakes_of(std::string(AclFile::kBytesMax, '\n')) == "none");
  CHECK(mistakes_of(std::string(AclFile::kBytesMax + 1, '\n')).find("wanted at most") !=
        std::string::npos);
}

TEST_CASE("why a publish is refused names the file, and the deny if it was one") {
  auto list = list_of(
      "topic write in/+\ntopic deny in/safe\nuser u\ntopic write a/#\ntopic deny a/b/#\n"
      "pattern deny d/%c/#\n");
  auto why = [&](std::string_view user, std::string_view topic) {
    auto access = list->access_of(user, "me");
    CHECK_FALSE(access->may_publish(topic));
    return access->why_not_publish(topic);
  };
  CHECK(why("", "in/safe") == "acl denies it `in/safe`");
  CHECK(why("u", "a/b/c") == "acl denies it `a/b/#`");
  CHECK(why("u", "d/me/x") == "acl denies it `d/me/#`");
  CHECK(why("u", "in/x") == "no line of acl lets it write there");
  CHECK(why("stranger", "a/x") == "no line of acl lets it write there");
}

TEST_CASE("a list lives as long as a client's access to it") {
  auto access = list_of("user u\ntopic read a\n")->access_of("u", "c");
  CHECK(access->may_receive("a"));
}

// All texts of up to three levels from these, in which `#` comes last only.
std::vector<std::string> texts_of(const std::vector<std::string>& levels) {
  std::vector<std::string> all, last{""};
  for (int depth = 0; depth < 3; depth++) {
    std::vector<std::string> next;
    for (const std::string& prefix : last) {
      if (prefix.ends_with('#')) continue;
      for (const std::string& level : levels) {
        next.push_back(depth == 0 ? level : prefix + "/" + level);
      }
    }
    all.insert(all.end(), next.begin(), next.end());
    last = std::move(next);
  }
  return all;
}

TEST_CASE("what filters have in common, and what one covers, agrees with the names they match") {
  const auto filters = texts_of({"a", "$b", "+", "#"});
  // "x" stands for every level that no filter names.
  const auto names = texts_of({"a", "$b", "x"});
  for (const std::string& one : filters) {
    for (const std::string& other : filters) {
      auto common = common_filter(one, other);
      bool covered = true, any = false;
      for (const std::string& name : names) {
        bool by_one = topic_matches(one, name), by_other = topic_matches(other, name);
        any |= by_one && by_other;
        if (by_other && !by_one) covered = false;
        bool by_common = common && topic_matches(*common, name);
        if (by_common != (by_one && by_other)) {
          FAIL_CHECK(one, " and ", other, ": ", common.value_or("none"), " for ", name);
        }
      }
      if (common.has_value() != any) FAIL_CHECK(one, " and ", other, " have nothing in common");
      // Names of four levels tell "+/+/+" from "#".
      if (!other.ends_with('#') && covers(one, other) != covered) FAIL_CHECK(one, " ", other);
      if (other.ends_with('#') && covers(one, other) && !covered) FAIL_CHECK(one, " ", other);
    }
  }
}

TEST_CASE("any text cut anywhere, or with a byte changed, is read or refused") {
  const std::string text =
      "# c\ntopic read a/+\nuser u\ntopic deny a/b\npattern readwrite %u/%c/#\n";
  for (size_t size = 0; size <= text.size(); size++) {
    (void)AclFile::parse(std::string_view(text).substr(0, size), "acl");
  }
  for (size_t at = 0; at < text.size(); at++) {
    for (char byte : {'\0', '\n', '#', '%', '\xff'}) {
      std::string changed = text;
      changed[at] = byte;
      if (auto list = AclFile::parse(changed, "acl"); list.ok()) {
        (void)rights(*list, "u", "c", "a/b");
      }
    }
  }
}

}  // namespace
}  // namespace weir::mqtt
