// Package strings. Positions and lengths count characters (code points), as Go's runes do.
#include <algorithm>
#include <charconv>

#include "query/flux/lexer.h"
#include "query/flux/stdlib/stdlib.h"

namespace weir::query::flux {
namespace {

// Results of repeat() and replaceAll() larger than this are refused: memory is not for scripts to
// fill.
constexpr size_t kResultBytesMax = 64 * 1024 * 1024;

Error too_large() { return {Errc::invalid, "string would be larger than 64 MiB"}; }

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

int64_t count_characters(std::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return !is_continuation(c); });
}

// The byte where character number `index` starts, or the size if there are fewer.
size_t byte_of_character(std::string_view text, int64_t index) {
  size_t at = 0;
  for (; at < text.size(); ++at)
    if (!is_continuation(text[at]) && index-- == 0) break;
  return at;
}

// ASCII and the two-byte letters of Latin-1, Greek and Cyrillic, which covers sensor names; letters
// of other scripts stay as they are.
void append_cased(std::string& out, uint32_t point, bool upper) {
  auto in = [&](uint32_t low, uint32_t high) { return point >= low && point <= high; };
  if (upper) {
    if (in('a', 'z') || (in(0xe0, 0xfe) && point != 0xf7) || in(0x3b1, 0x3c1) || in(0x3c3, 0x3c9) ||
        in(0x430, 0x44f))
      point -= 32;
    else if (in(0x450, 0x45f))
      point -= 80;
    else if ((in(0x100, 0x137) || in(0x14a, 0x177) || in(0x460, 0x481)) && point % 2 == 1)
      --point;
  } else {
    if (in('A', 'Z') || (in(0xc0, 0xde) && point != 0xd7) || in(0x391, 0x3a1) || in(0x3a3, 0x3a9) ||
        in(0x410, 0x42f))
      point += 32;
    else if (in(0x400, 0x40f))
      point += 80;
    else if ((in(0x100, 0x137) || in(0x14a, 0x177) || in(0x460, 0x481)) && point % 2 == 0 &&
             point != 0x130)
      ++point;
  }
  if (point < 0x80) {
    out += static_cast<char>(point);
  } else {
    out += static_cast<char>(0xc0 | (point >> 6));
    out += static_cast<char>(0x80 | (point & 0x3f));
  }
}

std::string cased(std::string_view text, bool upper) {
  std::string out;
  for (size_t at = 0; at < text.size(); ++at) {
    auto byte = static_cast<unsigned char>(text[at]);
    if (byte < 0x80) {
      append_cased(out, byte, upper);
    } else if (byte >= 0xc2 && byte < 0xe0 && at + 1 < text.size() &&
               is_continuation(text[at + 1])) {
      auto next = static_cast<unsigned char>(text[++at]);
      append_cased(out, (uint32_t(byte & 0x1f) << 6) | (next & 0x3f), upper);
    } else {
      out += text[at];
    }
  }
  return out;
}

std::string titled(std::string_view text) {
  std::string out;
  bool starts_word = true;
  for (size_t at = 0; at < text.size();) {
    size_t size = 1;
    while (at + size < text.size() && is_continuation(text[at + size])) ++size;
    std::string_view character = text.substr(at, size);
    out += starts_word ? cased(character, true) : std::string(character);
    starts_word = letter_size(character, true) == 0 && character != "'";
    at += size;
  }
  return out;
}

bool is_in(std::string_view set, std::string_view character) {
  return set.find(character) != std::string_view::npos;
}

std::string_view trimmed_left(std::string_view text, std::string_view set) {
  while (!text.empty()) {
    size_t size = byte_of_character(text, 1);
    if (!is_in(set, text.substr(0, size))) break;
    text.remove_prefix(size);
  }
  return text;
}

std::string_view trimmed_right(std::string_view text, std::string_view set) {
  while (!text.empty()) {
    size_t start = text.size() - 1;
    while (start > 0 && is_continuation(text[start])) --start;
    if (!is_in(set, text.substr(start))) break;
    text = text.substr(0, start);
  }
  return text;
}

constexpr std::string_view kSpace = " \t\n\v\f\r\u0085\u00a0";

// Replaces the first `count` occurrences (-1: all); an empty needle matches between characters.
Result<std::string> replaced(std::string_view text, std::string_view needle, std::string_view with,
                             int64_t count) {
  std::string out;
  size_t at = 0;
  while (count != 0) {
    size_t found = needle.empty() ? at : text.find(needle, at);
    if (found == std::string_view::npos) break;
    out += text.substr(at, found - at);
    out += with;
    --count;
    at = found + needle.size();
    if (needle.empty()) {
      if (at >= text.size()) return out;
      size_t size = byte_of_character(text.substr(at), 1);
      out += text.substr(at, size);
      at += size;
    }
    if (out.size() > kResultBytesMax) return too_large();
  }
  out += text.substr(std::min(at, text.size()));
  return out;
}

Array pieces(std::string_view text, std::string_view separator, int64_t most, bool keep) {
  Array out;
  auto add = [&out](std::string_view piece) {
    out.push_back(Value::of_string(std::string(piece)));
  };
  if (most == 0) return out;
  while (most < 0 || static_cast<int64_t>(out.size()) + 1 < most) {
    if (separator.empty() && text.size() <= byte_of_character(text, 1)) break;
    size_t found = separator.empty() ? byte_of_character(text, 1) : text.find(separator);
    if (found == std::string_view::npos) break;
    add(text.substr(0, found + (keep ? separator.size() : 0)));
    text.remove_prefix(found + separator.size());
  }
  if (!separator.empty() || !text.empty()) add(text);
  return out;
}

// ---- What scripts call ---------------------------------------------------------------------

Result<Value> join_str(CallContext&, const Arguments& arguments) {
  WEIR_TRY(std::vector<std::string> parts, arguments.strings("arr"));
  WEIR_TRY(std::string separator, arguments.string("v"));
  std::string out;
  for (size_t i = 0; i < parts.size(); ++i) out += (i > 0 ? separator : "") + parts[i];
  return Value::of_string(std::move(out));
}

Result<Value> substring(CallContext&, const Arguments& arguments) {
  WEIR_TRY(std::string text, arguments.string("v"));
  WEIR_TRY(int64_t start, arguments.integer("start"));
  WEIR_TRY(int64_t end, arguments.integer("end"));
  int64_t length = count_characters(text);
  if (start < 0) start = 0;
  if (end > length) end = length;
  if (start > end) return Error{Errc::invalid, "substring: start is behind end"};
  size_t from = byte_of_character(text, start), to = byte_of_character(text, end);
  return Value::of_string(text.substr(from, to - from));
}

Result<Value> repeat(CallContext&, const Arguments& arguments) {
  WEIR_TRY(std::string text, arguments.string("v"));
  WEIR_TRY(int64_t times, arguments.integer("i"));
  if (times < 0) return Error{Errc::invalid, "repeat: count is negative"};
  if (!text.empty() && static_cast<uint64_t>(times) > kResultBytesMax / text.size())
    return too_large();
  std::string out;
  for (int64_t i = 0; i < times && !text.empty(); ++i) out += text;
  return Value::of_string(std::move(out));
}

// Registers a function of one string `v`, and of `v` and a second string.
using Unary = Value (*)(const std::string&);
using Binary = Value (*)(const std::string&, const std::string&);

void add_unary(Registry& registry, std::string_view name, Unary function) {
  registry.add_function("strings", name, "(v: string)",
                        [function](CallContext&, const Arguments& arguments) -> Result<Value> {
                          WEIR_TRY(std::string text, arguments.string("v"));
                          return function(text);
                        });
}

void add_binary(Registry& registry, std::string_view name, std::string second, Binary function) {
  std::string signature = "(v: string, " + second + ": string)";
  registry.add_function(
      "strings", name, signature,
      [function, second](CallContext&, const Arguments& arguments) -> Result<Value> {
        WEIR_TRY(std::string text, arguments.string("v"));
        WEIR_TRY(std::string other, arguments.string(second));
        return function(text, other);
      });
}

Value text(std::string_view v) { return Value::of_string(std::string(v)); }

int64_t character_index(std::string_view in, size_t byte) {
  return byte == std::string_view::npos ? -1 : count_characters(in.substr(0, byte));
}

void add_replacing(Registry& registry) {
  registry.add_function("strings", "replace", "(v: string, t: string, u: string, i: int)",
                        [](CallContext&, const Arguments& arguments) -> Result<Value> {
                          WEIR_TRY(std::string v, arguments.string("v"));
                          WEIR_TRY(std::string t, arguments.string("t"));
                          WEIR_TRY(std::string u, arguments.string("u"));
                          WEIR_TRY(int64_t i, arguments.integer("i"));
                          WEIR_TRY(std::string out, replaced(v, t, u, i));
                          return Value::of_string(std::move(out));
                        });
  registry.add_function("strings", "replaceAll", "(v: string, t: string, u: string)",
                        [](CallContext&, const Arguments& arguments) -> Result<Value> {
                          WEIR_TRY(std::string v, arguments.string("v"));
                          WEIR_TRY(std::string t, arguments.string("t"));
                          WEIR_TRY(std::string u, arguments.string("u"));
                          WEIR_TRY(std::string out, replaced(v, t, u, -1));
                          return Value::of_string(std::move(out));
                        });
}

void add_splitting(Registry& registry) {
  auto add = [&registry](std::string_view name, bool limited, bool keep) {
    registry.add_function(
        "strings", name, limited ? "(v: string, t: string, i: int)" : "(v: string, t: string)",
        [limited, keep](CallContext&, const Arguments& arguments) -> Result<Value> {
          WEIR_TRY(std::string v, arguments.string("v"));
          WEIR_TRY(std::string t, arguments.string("t"));
          int64_t most = -1;
          if (limited) {
            WEIR_TRY(most, arguments.integer("i"));
          }
          return Value::of_array(pieces(v, t, most, keep));
        });
  };
  add("split", false, false);
  add("splitAfter", false, true);
  add("splitN", true, false);
  add("splitAfterN", true, true);
}

}  // namespace

void add_strings(Registry& registry) {
  add_unary(registry, "title", [](auto& v) { return text(titled(v)); });
  add_unary(registry, "toUpper", [](auto& v) { return text(cased(v, true)); });
  add_unary(registry, "toLower", [](auto& v) { return text(cased(v, false)); });
  add_unary(registry, "toTitle", [](auto& v) { return text(cased(v, true)); });
  add_unary(registry, "trimSpace",
            [](auto& v) { return text(trimmed_right(trimmed_left(v, kSpace), kSpace)); });
  add_unary(registry, "strlen", [](auto& v) { return Value::of_int(count_characters(v)); });
  add_unary(registry, "isDigit", [](auto& v) {
    return Value::of_bool(letter_size(v, true) == v.size() && letter_size(v, false) == 0 &&
                          !v.empty());
  });
  add_unary(registry, "isLetter", [](auto& v) {
    return Value::of_bool(!v.empty() && v != "_" && letter_size(v, false) == v.size());
  });
  add_unary(registry, "isLower",
            [](auto& v) { return Value::of_bool(!v.empty() && cased(v, true) != v); });
  add_unary(registry, "isUpper",
            [](auto& v) { return Value::of_bool(!v.empty() && cased(v, false) != v); });

  add_binary(registry, "trim", "cutset",
             [](auto& v, auto& set) { return text(trimmed_right(trimmed_left(v, set), set)); });
  add_binary(registry, "trimLeft", "cutset",
             [](auto& v, auto& set) { return text(trimmed_left(v, set)); });
  add_binary(registry, "trimRight", "cutset",
             [](auto& v, auto& set) { return text(trimmed_right(v, set)); });
  add_binary(registry, "trimPrefix", "prefix", [](auto& v, auto& prefix) {
    return text(v.starts_with(prefix) ? std::string_view(v).substr(prefix.size()) : v);
  });
  add_binary(registry, "trimSuffix", "suffix", [](auto& v, auto& suffix) {
    return text(v.ends_with(suffix) ? std::string_view(v).substr(0, v.size() - suffix.size()) : v);
  });
  add_binary(registry, "hasPrefix", "prefix",
             [](auto& v, auto& prefix) { return Value::of_bool(v.starts_with(prefix)); });
  add_binary(registry, "hasSuffix", "suffix",
             [](auto& v, auto& suffix) { return Value::of_bool(v.ends_with(suffix)); });
  add_binary(registry, "containsStr", "substr",
             [](auto& v, auto& part) { return Value::of_bool(v.find(part) != std::string::npos); });
  add_binary(registry, "containsAny", "chars", [](auto& v, auto& set) {
    return Value::of_bool(v.find_first_of(set) != std::string::npos);
  });
  add_binary(registry, "countStr", "substr", [](auto& v, auto& part) {
    if (part.empty()) return Value::of_int(count_characters(v) + 1);
    int64_t count = 0;
    for (size_t at = v.find(part); at != std::string::npos; at = v.find(part, at + part.size()))
      ++count;
    return Value::of_int(count);
  });
  add_binary(registry, "index", "substr",
             [](auto& v, auto& part) { return Value::of_int(character_index(v, v.find(part))); });
  add_binary(registry, "lastIndex", "substr",
             [](auto& v, auto& part) { return Value::of_int(character_index(v, v.rfind(part))); });
  add_binary(registry, "indexAny", "chars", [](auto& v, auto& set) {
    return Value::of_int(character_index(v, v.find_first_of(set)));
  });
  add_binary(registry, "lastIndexAny", "chars", [](auto& v, auto& set) {
    return Value::of_int(character_index(v, v.find_last_of(set)));
  });
  add_binary(registry, "equalFold", "t",
             [](auto& v, auto& t) { return Value::of_bool(cased(v, false) == cased(t, false)); });
  add_binary(registry, "compare", "t", [](auto& v, auto& t) {
    int order = v.compare(t);
    return Value::of_int(order < 0 ? -1 : order > 0 ? 1 : 0);
  });
  registry.add_function("strings", "joinStr", "(arr: array, v: string)", join_str);
  registry.add_function("strings", "substring", "(v: string, start: int, end: int)", substring);
  registry.add_function("strings", "repeat", "(v: string, i: int)", repeat);
  add_replacing(registry);
  add_splitting(registry);
}

}  // namespace weir::query::flux
