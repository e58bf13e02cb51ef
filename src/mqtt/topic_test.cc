#include "mqtt/topic.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>

#include "mqtt/match_cache.h"
#include "mqtt/receiver.h"
#include "mqtt/text.h"
#include "mqtt/topic_tree.h"

namespace weir::mqtt {
namespace {

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

TEST_CASE("the tree finds what trying every filter finds, through subscribing and unsubscribing") {
  unsigned seed = 20'241;
  CAPTURE(seed);
  std::mt19937 random(seed);
  TopicTree tree;
  std::vector<std::shared_ptr<Receiver>> receivers;
  for (uint32_t i = 0; i < 6; i++) {
    receivers.push_back(std::make_shared<Receiver>("r" + std::to_string(i), 0));
  }
  std::map<std::pair<std::string, size_t>, Subscription> held;
  for (int step = 0; step < 3000; step++) {
    std::string filter = random_topic(random, true);
    size_t who = random() % receivers.size();
    if (random() % 3 == 0) {
      bool existed = held.erase({filter, who}) > 0;
      CHECK(tree.unsubscribe(filter, *receivers[who]) == existed);
    } else {
      Subscription subscription{{.qos = static_cast<uint8_t>(random() % 2)}, 0};
      bool is_new = held.insert_or_assign({filter, who}, subscription).second;
      CHECK(tree.subscribe(filter, receivers[who], subscription) == is_new);
    }
    REQUIRE(tree.size() == held.size());
    std::string topic = random_topic(random, false);
    std::map<std::string, uint8_t> wanted, got;
    for (const auto& [key, subscription] : held) {
      if (!topic_matches(key.first, topic)) continue;
      uint8_t& qos = wanted[receivers[key.second]->client_id];
      qos = std::max(qos, subscription.options.qos);
    }
    MatchPtr match = tree.match(topic);
    for (const Target& target : match->targets) {
      CHECK(got.emplace(target.receiver->client_id, target.grant.qos).second);
    }
    REQUIRE(got == wanted);
  }
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
