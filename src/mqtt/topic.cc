#include "mqtt/topic.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "mqtt/text.h"

namespace weir::mqtt {
namespace {

bool has_fit_size_and_levels(std::string_view text) {
  if (text.empty() || text.size() > 65535) return false;
  auto separators = static_cast<size_t>(std::count(text.begin(), text.end(), '/'));
  return separators < kTopicLevelsMax;
}

// Cuts the first level off `rest`; `rest` becomes what follows its '/'. `more` tells whether there
// was a '/', for "a/" has two levels, the second one empty.
std::string_view take_level(std::string_view& rest, bool& more) {
  size_t slash = rest.find('/');
  more = slash != std::string_view::npos;
  std::string_view level = rest.substr(0, slash);
  rest = more ? rest.substr(slash + 1) : std::string_view();
  return level;
}

constexpr std::string_view kShare = "$share/";

bool begins_with_wildcard(std::string_view filter) {
  return filter.starts_with('+') || filter.starts_with('#');
}

// Eight bytes at a time, for every PUBLISH is asked.
constexpr uint64_t kOnes = 0x0101010101010101, kHigh = 0x8080808080808080;

// The high bit of each byte that is `byte`.
uint64_t places_of(char byte, uint64_t word) {
  const uint64_t differs = word ^ kOnes * static_cast<unsigned char>(byte);
  return ~(((differs & ~kHigh) + ~kHigh) | differs) & kHigh;
}
// True when all eight bytes are printable ASCII.
bool is_plain_ascii(uint64_t word) {
  const uint64_t below_space = (word - kOnes * 0x20) & ~word;
  const uint64_t above_tilde = word + kOnes;
  return ((word | below_space | above_tilde) & kHigh) == 0;
}

// Whether the name is one that people give, in ASCII: most are, and need no closer look.
bool is_plain_topic_name(std::string_view name) {
  if (name.empty() || name.size() > 65535) return false;
  size_t separators = 0;
  while (!name.empty()) {
    uint64_t word = kOnes * 'a';
    const size_t size = std::min(name.size(), sizeof(word));
    std::memcpy(&word, name.data(), size);
    if (!is_plain_ascii(word) || (places_of('+', word) | places_of('#', word)) != 0) return false;
    separators += (places_of('/', word) >> 7) * kOnes >> 56;  // adds the bytes up
    name.remove_prefix(size);
  }
  return separators < kTopicLevelsMax;
}

}  // namespace

bool is_valid_topic_name(std::string_view name) {
  if (is_plain_topic_name(name)) return true;
  return has_fit_size_and_levels(name) && name.find_first_of("+#") == std::string_view::npos &&
         is_valid_text(name);
}

bool is_valid_topic_filter(std::string_view filter) {
  if (!has_fit_size_and_levels(filter) || !is_valid_text(filter)) return false;
  bool more = true;
  while (more) {
    std::string_view level = take_level(filter, more);
    if (level.find('#') != std::string_view::npos && (level.size() > 1 || more)) return false;
    if (level.find('+') != std::string_view::npos && level.size() > 1) return false;
  }
  return true;
}

bool is_servers_topic(std::string_view topic) {
  return topic.starts_with("$SYS") && (topic.size() == 4 || topic[4] == '/');
}

bool topic_matches(std::string_view filter, std::string_view name) {
  // §4.7.2: a wildcard does not match a first level that begins with $.
  if (name.starts_with('$') && begins_with_wildcard(filter)) return false;
  bool more_filter = true, more_name = true;
  while (more_filter && more_name) {
    std::string_view wanted = take_level(filter, more_filter);
    if (wanted == "#") return true;
    std::string_view level = take_level(name, more_name);
    if (wanted != "+" && wanted != level) return false;
  }
  if (more_filter) return filter == "#";  // "a/#" matches its parent "a"
  return !more_name;
}

std::optional<std::string> common_filter(std::string_view a, std::string_view b) {
  if (begins_with_wildcard(a) && b.starts_with('$')) return std::nullopt;
  if (begins_with_wildcard(b) && a.starts_with('$')) return std::nullopt;
  std::string common;
  bool more_a = true, more_b = true;
  while (more_a && more_b) {
    std::string_view rest_a = a, rest_b = b;
    std::string_view level_a = take_level(a, more_a), level_b = take_level(b, more_b);
    if (level_a == "#") return common.append(rest_b);
    if (level_b == "#") return common.append(rest_a);
    if (level_a != level_b && level_a != "+" && level_b != "+") return std::nullopt;
    common += level_a == "+" ? level_b : level_a;
    if (more_a && more_b) common += '/';
  }
  // "x/#" matches its parent "x" too, which is all they have in common then.
  bool ends_alike = more_a ? a == "#" : (!more_b || b == "#");
  return ends_alike ? std::optional(common) : std::nullopt;
}

bool covers(std::string_view wide, std::string_view filter) {
  if (begins_with_wildcard(wide) && filter.starts_with('$')) return false;
  bool more_wide = true, more_filter = true;
  while (more_wide && more_filter) {
    std::string_view wider = take_level(wide, more_wide), level = take_level(filter, more_filter);
    if (wider == "#") return true;
    if (level == "#" || (wider != "+" && wider != level)) return false;
  }
  return more_wide ? wide == "#" : !more_filter;
}

bool is_shared_filter(std::string_view filter) { return filter.starts_with(kShare); }

bool has_valid_share_name(std::string_view filter) {
  if (!is_shared_filter(filter)) return false;
  size_t end = filter.find('/', kShare.size());
  if (end == std::string_view::npos || end == kShare.size()) return false;
  std::string_view name = filter.substr(kShare.size(), end - kShare.size());
  return name.find_first_of("+#") == std::string_view::npos && end + 1 < filter.size();
}

std::string_view plain_filter(std::string_view filter) {
  if (!is_shared_filter(filter)) return filter;
  size_t end = filter.find('/', kShare.size());
  return end == std::string_view::npos ? std::string_view() : filter.substr(end + 1);
}

}  // namespace weir::mqtt
