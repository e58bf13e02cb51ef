#include "mqtt/topic.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "mqtt/match_cache.h"
#include "mqtt/receiver.h"
#include "mqtt/text.h"
#include "mqtt/topic_tree.h"

namespace weir::mqtt {
namespace {

TEST_CASE("what no topic name may hold is found at every place of names of every length") {
  for (size_t size = 1; size <= 25; size++) {
    const std::string name(size, 'n');
    CHECK(is_valid_topic_name(name));
    for (size_t at = 0; at < size; at++) {
      auto with = [&](char letter) {
        std::string changed = name;
        changed[at] = letter;
        return changed;
      };
      for (char bad : {'+', '#', '\0', '\x1f', '\x7f', '\xff'}) {
        CHECK_FALSE(is_valid_topic_name(with(bad)));
      }
      for (char good : {'/', ' ', '*', ',', '"', '$', '.', '0', '~'}) {
        CHECK(is_valid_topic_name(with(good)));
      }
    }
  }
  CHECK(is_valid_topic_name(std::string(kTopicLevelsMax - 1, '/')));
  CHECK_FALSE(is_valid_topic_name(std::string(kTopicLevelsMax, '/')));
}

TEST_CASE("text is UTF-8 without U+0000, surrogates, controls and non-characters") {
  CHECK(is_valid_text(""));
  CHECK(is_valid_text("plain text of more than sixteen bytes"));
  CHECK(
      is_valid_text("Gr\xc3\xb6\xc3\x9f"
                    "e \xe2\x82\xac \xf0\x9f\x8c\x8a"));
  CHECK_FALSE(is_valid_text(std::string_view("a\0b", 3)));
  CHECK_FALSE(
      is_valid_text("12345678\x1f"
                    "2345678"));
  CHECK_FALSE(is_valid_text("1234567\x7f"));
  CHECK_FALSE(is_valid_text("\xc2\x80"));          // a control character
  CHECK_FALSE(is_valid_text("\xc0\xaf"));          // overlong
  CHECK_FALSE(is_valid_text("\xe0\x80\xaf"));      // overlong
  CHECK_FALSE(is_valid_text("\xed\xa0\x80"));      // a surrogate
  CHECK_FALSE(is_valid_text("\xef\xbf\xbf"));      // U+FFFF
  CHECK_FALSE(is_valid_text("\xf4\x90\x80\x80"));  // above U+10FFFF
  CHECK_FALSE(is_valid_text("\xe2\x82"));          // cut short
  CHECK_FALSE(is_valid_text("\x80"));
  CHECK_FALSE(is_valid_text("\xff"));
}

TEST_CASE("every byte in every place of a word is judged as it is alone") {
  for (int byte = 0; byte < 256; byte++) {
    bool alone = is_valid_text(std::string(1, static_cast<char>(byte)));
    CHECK(alone == (byte >= 0x20 && byte < 0x7f));
    for (size_t place = 0; place < 8; place++) {
      std::string word(8, 'a');
      word[place] = static_cast<char>(byte);
      CHECK(is_valid_text(word) == alone);
    }
  }
}

TEST_CASE("topic names have no wildcards and a bounded number of levels") {
  CHECK(is_valid_topic_name("a"));
  CHECK(is_valid_topic_name("/"));
  CHECK(is_valid_topic_name("a b/\xc3\xa4"));
  CHECK_FALSE(is_valid_topic_name(""));
  CHECK_FALSE(is_valid_topic_name("a/+"));
  CHECK_FALSE(is_valid_topic_name("a#"));
  CHECK(is_valid_topic_name(std::string(kTopicLevelsMax - 1, '/')));
  CHECK_FALSE(is_valid_topic_name(std::string(kTopicLevelsMax, '/')));
}

TEST_CASE("topic filters hold wildcards alone in their level, hash at the end") {
  for (const char* good : {"#", "+", "a/#", "+/+/#", "/+", "a//b", "$SYS/#"}) {
    CHECK_MESSAGE(is_valid_topic_filter(good), good);
  }
  for (const char* bad : {"", "#/a", "a#", "a/b#", "a+", "+a/b", "a/#/b", "##", "++"}) {
    CHECK_MESSAGE(!is_valid_topic_filter(bad), bad);
  }
}

TEST_CASE("filters match as section 4.7 says") {
  CHECK(topic_matches("sport/tennis/player1/#", "sport/tennis/player1"));
  CHECK(topic_matches("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon"));
  CHECK(topic_matches("sport/#", "sport"));
  CHECK(topic_matches("sport/tennis/+", "sport/tennis/player1"));
  CHECK_FALSE(topic_matches("sport/tennis/+", "sport/tennis/player1/ranking"));
  CHECK_FALSE(topic_matches("sport/+", "sport"));
  CHECK(topic_matches("sport/+", "sport/"));
  CHECK(topic_matches("+/+", "/finance"));
  CHECK(topic_matches("/+", "/finance"));
  CHECK_FALSE(topic_matches("+", "/finance"));
  CHECK_FALSE(topic_matches("#", "$SYS/x"));
  CHECK_FALSE(topic_matches("+/monitor/Clients", "$SYS/monitor/Clients"));
  CHECK(topic_matches("$SYS/#", "$SYS/x"));
  CHECK_FALSE(topic_matches("ACCOUNTS", "Accounts"));
}

std::string random_topic(std::mt19937& random, bool is_filter) {
  std::string topic;
  size_t levels = 1 + random() % 4;
  for (size_t i = 0; i < levels; i++) {
    if (i > 0) topic += '/';
    unsigned kind = random() % 8;
    if (is_filter && kind == 0) {
      topic += '+';
    } else if (is_filter && kind == 1 && i + 1 == levels) {
      topic += '#';
    } else if (kind == 2 && i == 0) {
      topic += "$s";
    } else if (kind != 3) {
      topic += static_cast<char>('a' + random() % 3);
    }
  }
  return topic.empty() ? "a" : topic;
}

struct Held {
  std::string filter;
  size_t who;
  auto operator<=>(const Held&) const = default;
};

// What the tree should find, by trying every filter: receivers with their QoS, groups with their
// members.
struct Expected {
  std::map<std::string, uint8_t> receivers;
  std::map<std::string, std::set<std::string>> groups;
  bool operator==(const Expected&) const = default;
};

TEST_CASE("the tree finds what trying every filter finds, through subscribing and unsubscribing") {
  unsigned seed = 20'241;
  CAPTURE(seed);
  std::mt19937 random(seed);
  TopicTree tree;
  MatchCache cache(tree);
  std::vector<std::shared_ptr<Receiver>> receivers;
  for (uint32_t i = 0; i < 6; i++) {
    receivers.push_back(std::make_shared<Receiver>("r" + std::to_string(i), 0));
  }
  std::map<Held, Subscription> held;
  for (int step = 0; step < 6000; step++) {
    std::string filter = random_topic(random, true);
    if (random() % 4 == 0) filter = "$share/g" + std::to_string(random() % 2) + "/" + filter;
    size_t who = random() % receivers.size();
    // Now more and then fewer, so that the tree grows and shrinks.
    if (random() % 8 < (step / 1000 % 2 == 0 ? 3u : 5u)) {
      auto any = held.lower_bound({filter, who});
      if (any != held.end() && random() % 2 == 0) filter = any->first.filter, who = any->first.who;
      bool existed = held.erase({filter, who}) > 0;
      REQUIRE(tree.unsubscribe(filter, *receivers[who]) == existed);
    } else {
      Subscription subscription{{.qos = static_cast<uint8_t>(random() % 2)}, 0};
      bool is_new = held.insert_or_assign({filter, who}, subscription).second;
      TopicTree::Subscribed done = tree.subscribe(filter, receivers[who], subscription);
      REQUIRE(done.is_new == is_new);
      REQUIRE((done.group != nullptr) == is_shared_filter(filter));
    }
    REQUIRE(tree.size() == held.size());
    std::string topic = random_topic(random, false);
    Expected wanted, got;
    for (const auto& [key, subscription] : held) {
      if (!topic_matches(plain_filter(key.filter), topic)) continue;
      const std::string& name = receivers[key.who]->client_id;
      if (is_shared_filter(key.filter)) {
        wanted.groups[key.filter].insert(name);
      } else {
        uint8_t& qos = wanted.receivers[name];
        qos = std::max(qos, subscription.options.qos);
      }
    }
    const MatchPtr& match = cache.find(topic);
    for (const Target& target : match->targets) {
      CHECK(got.receivers.emplace(target.receiver->client_id, target.grant.qos).second);
    }
    for (const Match::Group& group : match->groups) {
      std::set<std::string>& members = got.groups[group.group->filter];
      for (const Target& member : group.members) {
        CHECK(members.insert(member.receiver->client_id).second);
        CHECK(member.grant.group == group.group);
      }
    }
    REQUIRE(got == wanted);
  }
  for (const auto& [key, subscription] : held) tree.unsubscribe(key.filter, *receivers[key.who]);
  CHECK(tree.size() == 0);
}

TEST_CASE("a filter that begins like another one parts from it at any level") {
  TopicTree tree;
  auto receiver = std::make_shared<Receiver>("a", 0);
  std::vector<std::string> filters = {"a/b/c/d/e", "a/b/c",   "a/b/x/d/e", "a/b/c/d/e/f",
                                      "a/+/c/d/e", "a/b/c/#", "a",         "+/b/c/d/e",
                                      "a/b/c/d/+", "/",       "//",        "a//"};
  for (const std::string& filter : filters) CHECK(tree.subscribe(filter, receiver, {}).is_new);
  auto count = [&](std::string_view topic) {
    std::vector<uint32_t> ids;
    MatchPtr match = tree.match(topic);
    return match->targets.size();
  };
  CHECK(count("a/b/c/d/e") == 1);
  CHECK(count("a/b/x/d") == 0);
  CHECK(count("//") == 1);
  CHECK(count("a/b/c") == 1);
  while (!filters.empty()) {
    CHECK(tree.unsubscribe(filters.back(), *receiver));
    CHECK_FALSE(tree.unsubscribe(filters.back(), *receiver));
    filters.pop_back();
    for (const std::string& filter : filters) {
      if (filter.find_first_of("+#") == std::string::npos) CHECK(count(filter) == 1);
    }
  }
  CHECK(tree.size() == 0);
}

TEST_CASE("a group is asked for by itself, as it is now") {
  TopicTree tree;
  auto a = std::make_shared<Receiver>("a", 0), b = std::make_shared<Receiver>("b", 0);
  SharedGroupPtr group = tree.subscribe("$share/g/x/#", a, {}).group;
  tree.subscribe("$share/g/x/#", b, {});
  tree.subscribe("$share/h/x/#", b, {});
  REQUIRE(tree.members_of(*group)->groups.size() == 1);
  CHECK(tree.members_of(*group)->groups.front().members.size() == 2);
  tree.unsubscribe("$share/g/x/#", *a);
  CHECK(tree.members_of(*group)->groups.front().members.front().receiver == b);
  tree.unsubscribe("$share/g/x/#", *b);
  CHECK(tree.members_of(*group)->groups.empty());
}

TEST_CASE("a match stays valid through changes that cannot concern its topic") {
  TopicTree tree;
  auto receiver = std::make_shared<Receiver>("a", 0);
  MatchCache cache(tree);
  CHECK(cache.find("site/1/temperature")->targets.empty());
  CHECK(cache.find("site/2/temperature")->targets.empty());
  for (int i = 0; i < 100; i++) {
    tree.subscribe("device/" + std::to_string(i) + "/command", receiver, {});
    tree.subscribe("device/" + std::to_string(i) + "/+/get", receiver, {});
    cache.find("site/1/temperature");
  }
  CHECK(cache.misses() <= 4);  // two, and what chance may add
  tree.subscribe("site/1/+", receiver, {});
  CHECK(cache.find("site/1/temperature")->targets.size() == 1);
  CHECK(cache.find("site/2/temperature")->targets.empty());
  for (const char* filter : {"#", "+/2/temperature", "site/#", "site/2/#", "site/2/temperature/#",
                             "site/2/temperature", "$share/g/site/2/+"}) {
    tree.subscribe(filter, receiver, {});
    MatchPtr match = cache.find("site/2/temperature");
    CHECK_MESSAGE(match->targets.size() + match->groups.size() == 1, filter);
    tree.unsubscribe(filter, *receiver);
    CHECK_MESSAGE(cache.find("site/2/temperature")->empty(), filter);
  }
}

TEST_CASE("topics with the same receivers share one match") {
  TopicTree tree;
  tree.subscribe("#", std::make_shared<Receiver>("a", 0), {});
  MatchCache cache(tree);
  MatchPtr one = cache.find("a/b");
  CHECK(cache.find("a/c") == one);
}

TEST_CASE("the cache of matches keeps topics as long as people give, and no longer ones") {
  TopicTree tree;
  auto receiver = std::make_shared<Receiver>("a", 0);
  tree.subscribe("#", receiver, {});
  MatchCache cache(tree);
  CHECK(cache.find("a/b")->targets.size() == 1);
  CHECK(cache.find(std::string(MatchCache::kTopicBytesMax, 'a'))->targets.size() == 1);
  CHECK(cache.size() == 2);
  CHECK(cache.find(std::string(MatchCache::kTopicBytesMax + 1, 'a'))->targets.size() == 1);
  CHECK(cache.size() == 2);
  CHECK(cache.find("a/b")->targets.size() == 1);
  tree.unsubscribe("#", *receiver);
  CHECK(cache.find("a/b")->targets.empty());
  CHECK(cache.find(std::string(MatchCache::kTopicBytesMax + 1, 'a'))->targets.empty());
}

}  // namespace
}  // namespace weir::mqtt
