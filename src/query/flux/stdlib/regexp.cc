// Package regexp.
#include <re2/re2.h>

#include "query/flux/stdlib/stdlib.h"

namespace weir::query::flux {
namespace {

re2::StringPiece piece(const std::string& text) { return {text.data(), text.size()}; }

Result<Value> compile(CallContext&, const Arguments& arguments) {
  WEIR_TRY(std::string pattern, arguments.string("v"));
  return compile_regexp(pattern);
}

Result<Value> quote_meta(CallContext&, const Arguments& arguments) {
  // What Go escapes, no more: the text is shown to people.
  constexpr std::string_view kSpecial = "\\.+*?()|[]{}^$";
  WEIR_TRY(std::string text, arguments.string("v"));
  std::string quoted;
  for (char c : text) {
    if (kSpecial.find(c) != std::string_view::npos) quoted += '\\';
    quoted += c;
  }
  return Value::of_string(std::move(quoted));
}

Result<Value> matches(CallContext&, const Arguments& arguments) {
  WEIR_TRY(auto regexp, arguments.regexp("r"));
  WEIR_TRY(std::string text, arguments.string("v"));
  return Value::of_bool(RE2::PartialMatch(piece(text), *regexp));
}

Result<Value> find_string(CallContext&, const Arguments& arguments) {
  WEIR_TRY(auto regexp, arguments.regexp("r"));
  WEIR_TRY(std::string text, arguments.string("v"));
  re2::StringPiece found;
  bool any = regexp->Match(piece(text), 0, text.size(), RE2::UNANCHORED, &found, 1);
  return Value::of_string(any ? std::string(found.data(), found.size()) : "");
}

Result<Value> find_string_index(CallContext&, const Arguments& arguments) {
  WEIR_TRY(auto regexp, arguments.regexp("r"));
  WEIR_TRY(std::string text, arguments.string("v"));
  re2::StringPiece found;
  Array bounds;
  if (regexp->Match(piece(text), 0, text.size(), RE2::UNANCHORED, &found, 1)) {
    int64_t start = found.data() - text.data();
    bounds.push_back(Value::of_int(start));
    bounds.push_back(Value::of_int(start + static_cast<int64_t>(found.size())));
  }
  return Value::of_array(std::move(bounds));
}

// Go's `$1`, `${1}`, `$name` and `$$` in a replacement.
std::string expanded(std::string_view replacement, const std::vector<re2::StringPiece>& groups,
                     const RE2& regexp) {
  std::string out;
  for (size_t i = 0; i < replacement.size(); ++i) {
    if (replacement[i] != '$' || i + 1 == replacement.size()) {
      out += replacement[i];
      continue;
    }
    if (replacement[i + 1] == '$') {
      out += replacement[++i];
      continue;
    }
    bool braces = replacement[i + 1] == '{';
    size_t start = i + (braces ? 2 : 1), end = start;
    while (end < replacement.size() &&
           (std::isalnum(static_cast<unsigned char>(replacement[end])) || replacement[end] == '_'))
      ++end;
    bool closed = !braces || (end < replacement.size() && replacement[end] == '}');
    std::string name(replacement.substr(start, end - start));
    if (name.empty() || !closed) {
      out += replacement[i];
      continue;
    }
    int group = -1;
    if (name.find_first_not_of("0123456789") == std::string::npos && name.size() < 4)
      group = std::stoi(name);
    else if (auto named = regexp.NamedCapturingGroups().find(name);
             named != regexp.NamedCapturingGroups().end())
      group = named->second;
    if (group >= 0 && static_cast<size_t>(group) < groups.size())
      out.append(groups[static_cast<size_t>(group)].data(),
                 groups[static_cast<size_t>(group)].size());
    i = braces ? end : end - 1;
  }
  return out;
}

Result<Value> replace_all(CallContext&, const Arguments& arguments) {
  WEIR_TRY(auto regexp, arguments.regexp("r"));
  WEIR_TRY(std::string text, arguments.string("v"));
  WEIR_TRY(std::string replacement, arguments.string("t"));
  std::vector<re2::StringPiece> groups(static_cast<size_t>(regexp->NumberOfCapturingGroups()) + 1);
  std::string out;
  size_t at = 0, copied = 0;
  while (at <= text.size() && regexp->Match(piece(text), at, text.size(), RE2::UNANCHORED,
                                            groups.data(), static_cast<int>(groups.size()))) {
    auto start = static_cast<size_t>(groups[0].data() - text.data());
    size_t end = start + groups[0].size();
    // Go does not match an empty string right behind a match.
    bool skipped = groups[0].empty() && start == copied && start > 0;
    if (!skipped) {
      out.append(text, copied, start - copied);
      out += expanded(replacement, groups, *regexp);
      copied = end;
    }
    at = groups[0].empty() ? end + 1 : end;
  }
  out.append(text, copied);
  return Value::of_string(std::move(out));
}

Result<Value> split(CallContext&, const Arguments& arguments) {
  WEIR_TRY(auto regexp, arguments.regexp("r"));
  WEIR_TRY(std::string text, arguments.string("v"));
  WEIR_TRY(int64_t most, arguments.integer("i"));
  Array out;
  if (most == 0) return Value::of_array(std::move(out));
  size_t at = 0, copied = 0, end_of_last = std::string::npos, end = 0;
  re2::StringPiece found;
  while ((most < 0 || static_cast<int64_t>(out.size()) + 1 < most) && at <= text.size() &&
         regexp->Match(piece(text), at, text.size(), RE2::UNANCHORED, &found, 1)) {
    auto start = static_cast<size_t>(found.data() - text.data());
    size_t stop = start + found.size();
    // Like Go, an empty match right behind the match before it does not count.
    bool counts = !found.empty() || start != end_of_last;
    at = found.empty() ? stop + 1 : stop;
    end_of_last = stop;
    if (!counts) continue;
    end = start;
    if (stop != 0) out.push_back(Value::of_string(text.substr(copied, start - copied)));
    copied = stop;
  }
  if (end != text.size()) out.push_back(Value::of_string(text.substr(copied)));
  return Value::of_array(std::move(out));
}

Result<Value> get_string(CallContext&, const Arguments& arguments) {
  WEIR_TRY(auto regexp, arguments.regexp("r"));
  return Value::of_string(regexp->pattern());
}

}  // namespace

void add_regexp(Registry& registry) {
  registry.add_function("regexp", "compile", "(v: string)", compile);
  registry.add_function("regexp", "quoteMeta", "(v: string)", quote_meta);
  registry.add_function("regexp", "matchRegexpString", "(r: regexp, v: string)", matches);
  registry.add_function("regexp", "findString", "(r: regexp, v: string)", find_string);
  registry.add_function("regexp", "findStringIndex", "(r: regexp, v: string)", find_string_index);
  registry.add_function("regexp", "replaceAllString", "(r: regexp, v: string, t: string)",
                        replace_all);
  registry.add_function("regexp", "splitRegexp", "(r: regexp, v: string, i: int)", split);
  registry.add_function("regexp", "getString", "(r: regexp)", get_string);
}

}  // namespace weir::query::flux
