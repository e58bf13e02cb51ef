#include "mqtt/bridge_topics.h"

#include <fmt/core.h>

#include <algorithm>

#include "mqtt/topic.h"

namespace weir::mqtt {
namespace {

// Words with blanks between; "" or '' is an empty one, quotes hold blanks.
std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  size_t at = 0;
  while ((at = line.find_first_not_of(" \t", at)) != line.npos) {
    const bool is_quoted = line[at] == '"' || line[at] == '\'';
    const size_t begin = at + (is_quoted ? 1 : 0);
    const size_t end = std::min(
        is_quoted ? line.find(line[at], begin) : line.find_first_of(" \t", begin), line.size());
    words.emplace_back(line.substr(begin, end - begin));
    at = end + (is_quoted && end < line.size() ? 1 : 0);
  }
  return words;
}

bool read_direction(std::string_view word, BridgeTopic& out) {
  out.out = word == "out" || word == "both";
  out.in = word == "in" || word == "both";
  return out.out || out.in;
}

bool is_prefix(std::string_view text) { return text.empty() || is_valid_topic_name(text); }

WantedSubscription wanted(std::string filter, uint8_t qos) {
  SubscriptionOptions options;
  options.qos = qos;
  options.no_local = true;
  options.retain_as_published = true;
  options.retain_handling = RetainHandling::send_if_new;
  return {std::move(filter), options};
}

void add(std::vector<WantedSubscription>& all, std::string filter, uint8_t qos) {
  auto same = std::find_if(all.begin(), all.end(),
                           [&](const WantedSubscription& one) { return one.filter == filter; });
  if (same == all.end()) {
    all.push_back(wanted(std::move(filter), qos));
  } else {
    same->options.qos = std::max(same->options.qos, qos);
  }
}

}  // namespace

Result<BridgeTopic> parse_bridge_topic(std::string_view line) {
  auto wrong = [&](std::string_view what) {
    return Error{Errc::invalid, fmt::format("got `{}`, wanted {}", line, what)};
  };
  std::vector<std::string> words = words_of(line);
  if (!words.empty() && words[0] == "topic") words.erase(words.begin());
  if (words.empty()) return wrong("out|in|both FILTER [QOS [LOCAL_PREFIX [REMOTE_PREFIX]]]");
  BridgeTopic topic;
  size_t next = 0;
  if (words.size() > 1 && read_direction(words[0], topic)) {
    topic.filter = words[1];
    next = 2;
  } else {
    topic.filter = words[0];
    topic.out = true;
    next = 1;
    if (words.size() > 1) {
      if (!read_direction(words[1], topic)) return wrong("the direction out, in or both");
      next = 2;
    }
  }
  if (next < words.size()) {
    const std::string& qos = words[next++];
    if (qos.size() != 1 || qos[0] < '0' || qos[0] > '2') return wrong("QoS 0, 1 or 2");
    topic.qos = static_cast<uint8_t>(qos[0] - '0');
  }
  if (next < words.size()) topic.local_prefix = words[next++];
  if (next < words.size()) topic.remote_prefix = words[next++];
  if (next < words.size()) return wrong("no more than a remote prefix");
  if (!is_prefix(topic.local_prefix) || !is_prefix(topic.remote_prefix)) {
    return wrong("prefixes without + and #");
  }
  if (!is_valid_topic_filter(topic.local_filter()) ||
      !is_valid_topic_filter(topic.remote_filter())) {
    return wrong("a topic filter, with and without its prefixes");
  }
  return topic;
}

std::optional<std::string> BridgeTopics::to_remote(std::string_view local) const {
  for (const BridgeTopic& topic : topics_) {
    if (!topic.out || !topic_matches(topic.local_filter(), local)) continue;
    return topic.remote_prefix + std::string(local.substr(topic.local_prefix.size()));
  }
  return std::nullopt;
}

std::optional<std::string> BridgeTopics::to_local(std::string_view remote) const {
  for (const BridgeTopic& topic : topics_) {
    if (!topic.in || !topic_matches(topic.remote_filter(), remote)) continue;
    return topic.local_prefix + std::string(remote.substr(topic.remote_prefix.size()));
  }
  return std::nullopt;
}

bool BridgeTopics::has_out() const {
  return std::any_of(topics_.begin(), topics_.end(), [](const auto& topic) { return topic.out; });
}

std::vector<WantedSubscription> BridgeTopics::local_subscriptions() const {
  std::vector<WantedSubscription> all;
  for (const BridgeTopic& topic : topics_) {
    if (topic.out) add(all, topic.local_filter(), topic.qos);
  }
  return all;
}

std::vector<WantedSubscription> BridgeTopics::remote_subscriptions() const {
  std::vector<WantedSubscription> all;
  for (const BridgeTopic& topic : topics_) {
    if (topic.in) add(all, topic.remote_filter(), topic.qos);
  }
  return all;
}

}  // namespace weir::mqtt
