#include "ingest/topic_pattern.h"

#include <algorithm>

namespace weir::ingest {
namespace {

bool is_name(std::string_view text) {
  auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c >= '0' && c <= '9');
  };
  return !text.empty() && std::all_of(text.begin(), text.end(), is_letter);
}

Error invalid(std::string message) { return Error{Errc::invalid, std::move(message)}; }

}  // namespace

std::vector<std::string_view> split_topic(std::string_view topic) {
  std::vector<std::string_view> levels;
  for (;;) {
    const size_t slash = topic.find('/');
    levels.push_back(topic.substr(0, slash));
    if (slash == std::string_view::npos) return levels;
    topic.remove_prefix(slash + 1);
  }
}

Result<TopicPattern> TopicPattern::parse(std::string_view text) {
  if (text.empty()) return invalid("an empty topic");
  TopicPattern pattern;
  pattern.text_ = text;
  const auto levels = split_topic(text);
  for (size_t i = 0; i < levels.size(); i++) {
    WEIR_TRY(Level level, pattern.parse_level(levels[i], i + 1 == levels.size()));
    if (level.kind == Kind::literal && pattern.first_literal_.empty()) {
      pattern.first_literal_ = level.text;
    }
    if (level.kind == Kind::literal) pattern.last_literal_ = level.text;
    if (level.kind != Kind::literal) pattern.last_literal_.clear();
    pattern.levels_.push_back(std::move(level));
  }
  auto names = pattern.names_;
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice != names.end()) return invalid("{" + *twice + "} is named twice");
  return pattern;
}

Result<TopicPattern> TopicPattern::parse_filter(std::string_view text) {
  WEIR_TRY(TopicPattern pattern, parse(text));
  if (!pattern.names_.empty()) return invalid("a filter has no names, only + and #");
  pattern.is_filter_ = true;
  return pattern;
}

Result<TopicPattern::Level> TopicPattern::parse_level(std::string_view text, bool is_last) {
  Level level;
  if (text == "+") {
    level.kind = Kind::one;
    return level;
  }
  if (text == "#" || text.ends_with("...}")) {
    if (!is_last) return invalid("# and {name...} take the rest of the topic, so they come last");
    level.kind = Kind::rest;
    if (text == "#") return level;
    const std::string_view name = text.substr(1, text.size() - 5);
    if (text[0] != '{' || !is_name(name))
      return invalid("a bad name in '" + std::string(text) + "'");
    level.parts.push_back({"", static_cast<int>(names_.size())});
    names_.emplace_back(name);
    return level;
  }
  if (text.find_first_of("+#") != std::string_view::npos) {
    return invalid("+ and # stand alone in a level, in '" + std::string(text) + "'");
  }
  if (text.find_first_of("{}") == std::string_view::npos) {
    level.text = text;
    return level;
  }
  level.kind = Kind::parts;
  while (!text.empty()) {
    const size_t open = text.find('{');
    Part part{std::string(text.substr(0, open)), -1};
    if (part.before.find('}') != std::string::npos) return invalid("a } without its {");
    if (open == std::string_view::npos) {
      level.parts.push_back(std::move(part));
      break;
    }
    if (open == 0 && !level.parts.empty()) {
      return invalid("two names side by side: put a fixed character between them");
    }
    const size_t close = text.find('}', open);
    if (close == std::string_view::npos) return invalid("a { without its }");
    const std::string_view name = text.substr(open + 1, close - open - 1);
    if (!is_name(name))
      return invalid("a name is letters, digits and _, got '" + std::string(name) + "'");
    part.name = static_cast<int>(names_.size());
    names_.emplace_back(name);
    level.parts.push_back(std::move(part));
    text.remove_prefix(close + 1);
  }
  return level;
}

bool TopicPattern::match_parts(const Level& level, std::string_view text,
                               std::vector<std::string_view>& captures) {
  for (size_t i = 0; i < level.parts.size(); i++) {
    const Part& part = level.parts[i];
    if (!text.starts_with(part.before)) return false;
    text.remove_prefix(part.before.size());
    if (part.name < 0) return text.empty();
    if (i + 1 == level.parts.size()) {
      if (text.empty()) return false;
      captures.push_back(text);
      return true;
    }
    // Up to the first place where the next fixed text stands; one that ends the level, at its end.
    const Part& next = level.parts[i + 1];
    size_t end = text.find(next.before, 1);
    if (next.name < 0 && text.size() > next.before.size() && text.ends_with(next.before)) {
      end = text.size() - next.before.size();
    }
    if (end == std::string_view::npos || text.empty()) return false;
    captures.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return true;
}

bool TopicPattern::match(const std::vector<std::string_view>& levels, std::string_view topic,
                         std::vector<std::string_view>& captures) const {
  captures.clear();
  auto taken = [this](size_t i, std::string_view text) {
    if (is_filter_) return i > 0 || !text.starts_with('$');
    return !text.empty() && !text.starts_with('$');
  };
  for (size_t i = 0; i < levels_.size(); i++) {
    const Level& level = levels_[i];
    if (level.kind == Kind::rest) {
      // A filter's # takes the parent too (MQTT 5 §4.7.1.2); a name needs something to hold.
      if (i >= levels.size()) return i == levels.size() && level.parts.empty();
      for (size_t k = i; k < levels.size(); k++) {
        if (!taken(k, levels[k])) return false;
      }
      if (!level.parts.empty()) {
        captures.push_back(topic.substr(static_cast<size_t>(levels[i].data() - topic.data())));
      }
      return true;
    }
    if (i >= levels.size()) return false;
    if (level.kind == Kind::literal && level.text != levels[i]) return false;
    if (level.kind != Kind::literal && !taken(i, levels[i])) return false;
    if (level.kind == Kind::parts && !match_parts(level, levels[i], captures)) return false;
  }
  return levels.size() == levels_.size();
}

bool TopicPattern::match(std::string_view topic) const {
  std::vector<std::string_view> captures;
  return match(split_topic(topic), topic, captures);
}

std::string TopicPattern::filter() const {
  std::string filter;
  for (const Level& level : levels_) {
    if (!filter.empty() || &level != &levels_.front()) filter += '/';
    switch (level.kind) {
      case Kind::literal:
        filter += level.text;
        break;
      case Kind::rest:
        filter += '#';
        break;
      default:
        filter += '+';
    }
  }
  return filter;
}

}  // namespace weir::ingest
