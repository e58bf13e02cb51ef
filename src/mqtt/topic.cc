#include "mqtt/topic.h"

#include <algorithm>

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

}  // namespace

bool is_valid_topic_name(std::string_view name) {
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

bool topic_matches(std::string_view filter, std::string_view name) {
  if (!name.empty() && name[0] == '$' && !filter.empty() &&
      (filter[0] == '+' || filter[0] == '#')) {
    return false;  // §4.7.2: a wildcard does not match a first level that begins with $
  }
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

}  // namespace weir::mqtt
