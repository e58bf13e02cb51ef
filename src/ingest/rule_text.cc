#include "ingest/rule_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <numeric>

#include "model/series_key.h"

namespace weir::ingest {
namespace {

Error invalid(std::string message) { return Error{Errc::invalid, std::move(message)}; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

}  // namespace

Result<NameTemplate> parse_template(std::string_view text, const std::vector<std::string>& names) {
  NameTemplate result;
  while (!text.empty()) {
    const size_t open = text.find('{');
    if (open != 0) result.parts.push_back({std::string(text.substr(0, open)), -1});
    if (open == std::string_view::npos) break;
    const size_t close = text.find('}', open);
    if (close == std::string_view::npos) return invalid("a { without its }");
    const std::string_view name = text.substr(open + 1, close - open - 1);
    const auto place = std::find(names.begin(), names.end(), name);
    if (place == names.end()) {
      return invalid(fmt::format("{{{}}} is not named in the topic", name));
    }
    result.parts.push_back({"", static_cast<int>(place - names.begin())});
    text.remove_prefix(close + 1);
  }
  return result;
}

Result<Condition> parse_condition(std::string_view text) {
  Condition condition;
  const size_t equal = text.find("=="), unequal = text.find("!=");
  const size_t at = std::min(equal, unequal);
  if (at == std::string_view::npos) return invalid("when is written: path == 'text', or with !=");
  condition.wanted_equal = equal < unequal;
  WEIR_TRY(condition.path, PayloadPath::parse(trimmed(text.substr(0, at))));
  const std::string_view literal = trimmed(text.substr(at + 2));
  if (literal.size() >= 2 && (literal.front() == '\'' || literal.front() == '"') &&
      literal.back() == literal.front()) {
    condition.literal = std::string(literal.substr(1, literal.size() - 2));
  } else if (literal == "true" || literal == "false") {
    condition.literal = literal == "true";
  } else if (literal == "null") {
    condition.literal = nullptr;
  } else {
    double number = 0;
    const char* end = literal.data() + literal.size();
    const auto parsed = std::from_chars(literal.data(), end, number);
    if (literal.empty() || parsed.ec != std::errc() || parsed.ptr != end) {
      return invalid(
          fmt::format("when compares with 'text', a number, true, false or null, got {}", literal));
    }
    condition.literal = number;
  }
  return condition;
}

Result<FieldConversion> parse_conversion(std::string_view key, std::string_view type) {
  using model::FieldType;
  static const std::pair<std::string_view, FieldType> kTypes[] = {{"float", FieldType::float64},
                                                                  {"int", FieldType::int64},
                                                                  {"uint", FieldType::uint64},
                                                                  {"bool", FieldType::boolean},
                                                                  {"string", FieldType::string}};
  FieldConversion conversion;
  conversion.key = key;
  for (const auto& [name, value] : kTypes) {
    if (name != type) continue;
    conversion.type = value;
    return conversion;
  }
  if (!type.starts_with("bool:")) {
    return invalid(fmt::format(
        "unknown type \"{}\": float, int, uint, bool, string or \"bool:ON/OFF\"", type));
  }
  const std::string_view words = type.substr(5);
  const size_t slash = words.find('/');
  if (slash == std::string_view::npos || slash == 0 || slash + 1 == words.size()) {
    return invalid("a boolean's words are written \"bool:ON/OFF\"");
  }
  conversion.type = FieldType::boolean;
  conversion.yes = words.substr(0, slash);
  conversion.no = words.substr(slash + 1);
  return conversion;
}

Result<EachRule> parse_each(std::string_view text) {
  EachRule each;
  if (text.ends_with("[*]")) {
    text.remove_suffix(3);
  } else if (text.ends_with('}')) {
    const size_t open = text.rfind('{');
    if (open == std::string_view::npos) return invalid("a } without its {");
    each.member_tag = text.substr(open + 1, text.size() - open - 2);
    if (each.member_tag.empty() || model::is_reserved_tag_key(each.member_tag)) {
      return invalid("each = \"{name}\" needs a name that a tag can have");
    }
    text = text.substr(0, open);
    if (text.ends_with('.')) text.remove_suffix(1);
  } else {
    return invalid("each is written \"readings[*]\" or \"{name}\"");
  }
  if (!text.empty()) {
    WEIR_TRY(each.path, PayloadPath::parse(text));
  }
  return each;
}

}  // namespace weir::ingest
