// RetainedStore: a page of the retained messages, for people to look through.
#include <algorithm>

#include "mqtt/retained_store.h"
#include "mqtt/topic.h"

namespace weir::mqtt {
namespace {

// Topics looked at under the lock at once: about 100 us of matching.
constexpr size_t kPortion = 1000;

char lower(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + ('a' - 'A')) : letter;
}
bool contains(std::string_view text, std::string_view wanted) {
  auto same = [](char a, char b) { return lower(a) == lower(b); };
  return std::search(text.begin(), text.end(), wanted.begin(), wanted.end(), same) != text.end();
}

}  // namespace

RetainedPage RetainedStore::page(const RetainedQuery& query, int64_t wall_ns) const {
  RetainedPage page;
  const std::string_view prefix = literal_prefix(query.filter);
  auto wanted = [&](const std::string& topic, const Message& message) {
    return topic_matches(query.filter, topic) && contains(topic, query.text) &&
           !has_expired(message, wall_ns);
  };
  std::string behind = query.after;
  bool is_first = query.after.empty() || query.after < prefix;
  while (true) {
    auto state = state_.lock();
    auto at = is_first ? state->messages.lower_bound(prefix) : state->messages.upper_bound(behind);
    is_first = false;
    for (size_t n = 0; n < kPortion; n++, ++at) {
      if (at == state->messages.end() || !at->first.starts_with(prefix)) return page;
      if (wanted(at->first, *at->second.message)) {
        page.more = page.messages.size() == query.limit;
        if (page.more) return page;
        page.messages.push_back(at->second.message);
      }
      if (n + 1 == kPortion) behind = at->first;
    }
  }
}

}  // namespace weir::mqtt
