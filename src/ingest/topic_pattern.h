// A topic filter whose wildcards may have names: "v3/{app}@{tenant}/devices/{device}/up".
//
// {x} takes a level, or part of one between fixed texts; {x...}, last, takes the rest of the topic;
// + and # take a level and the rest without a name. Nothing of these is ever empty, and as data
// they do not take levels that begin with `$`: those are a protocol's own ($SYS, Homie's
// attributes). Immutable after parse(); any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace weir::ingest {

std::vector<std::string_view> split_topic(std::string_view topic);

class TopicPattern {
 public:
  // Errc::invalid says what is wrong with the pattern.
  static Result<TopicPattern> parse(std::string_view text);
  // An MQTT filter as it is: wildcards take `$` levels too, except the first (MQTT 5 §4.7.2).
  static Result<TopicPattern> parse_filter(std::string_view text);

  // True if the topic matches; captures[i] is then the text of names()[i], a view of the topic.
  bool match(const std::vector<std::string_view>& levels, std::string_view topic,
             std::vector<std::string_view>& captures) const;
  bool match(std::string_view topic) const;

  const std::string& text() const { return text_; }
  const std::vector<std::string>& names() const { return names_; }
  // The first level without wildcards, or empty.
  const std::string& first_literal() const { return first_literal_; }
  // The last level if it has no wildcards, or empty.
  const std::string& last_literal() const { return last_literal_; }
  // The plain MQTT filter that covers the pattern.
  std::string filter() const;

 private:
  enum class Kind : uint8_t { literal, one, parts, rest };
  struct Part {
    std::string before;  // fixed text in front of the name
    int name = -1;       // index into names_; -1: only text, at the end
  };
  struct Level {
    Kind kind = Kind::literal;
    std::string text;         // literal
    std::vector<Part> parts;  // parts, and the name of a named rest
  };

  Result<Level> parse_level(std::string_view text, bool is_last);
  static bool match_parts(const Level& level, std::string_view text,
                          std::vector<std::string_view>& captures);

  std::string text_, first_literal_, last_literal_;
  std::vector<Level> levels_;
  std::vector<std::string> names_;
  bool is_filter_ = false;
};

}  // namespace weir::ingest
