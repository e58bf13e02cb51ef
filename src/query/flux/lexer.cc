#include "query/flux/lexer.h"

#include <re2/re2.h>

#include <array>

namespace weir::query::flux {
namespace {

struct Spelling {
  std::string_view text;
  TokenKind kind;
};
constexpr std::array<Spelling, 13> kKeywords = {{
    {"and", TokenKind::keyword_and},
    {"or", TokenKind::keyword_or},
    {"not", TokenKind::keyword_not},
    {"exists", TokenKind::keyword_exists},
    {"if", TokenKind::keyword_if},
    {"then", TokenKind::keyword_then},
    {"else", TokenKind::keyword_else},
    {"import", TokenKind::keyword_import},
    {"package", TokenKind::keyword_package},
    {"return", TokenKind::keyword_return},
    {"option", TokenKind::keyword_option},
    {"builtin", TokenKind::keyword_builtin},
    {"testcase", TokenKind::keyword_testcase},
}};
// Longer ones first: the longest match wins.
constexpr std::array<Spelling, 30> kOperators = {{
    {"==", TokenKind::equal},        {"!=", TokenKind::not_equal},
    {"<=", TokenKind::less_equal},   {">=", TokenKind::greater_equal},
    {"=~", TokenKind::regexp_match}, {"!~", TokenKind::regexp_not_match},
    {"=>", TokenKind::arrow},        {"<-", TokenKind::pipe_receive},
    {"|>", TokenKind::pipe_forward}, {"+", TokenKind::add},
    {"-", TokenKind::subtract},      {"*", TokenKind::multiply},
    {"/", TokenKind::divide},        {"%", TokenKind::modulo},
    {"^", TokenKind::power},         {"<", TokenKind::less},
    {">", TokenKind::greater},       {"=", TokenKind::assign},
    {"(", TokenKind::left_paren},    {")", TokenKind::right_paren},
    {"[", TokenKind::left_bracket},  {"]", TokenKind::right_bracket},
    {"{", TokenKind::left_brace},    {"}", TokenKind::right_brace},
    {",", TokenKind::comma},         {".", TokenKind::dot},
    {":", TokenKind::colon},         {"?", TokenKind::question},
    {"@", TokenKind::attribute},     {"\"", TokenKind::quote},
}};
constexpr std::array<std::string_view, 11> kUnits = {"ns", "us", "µs", "ms", "mo", "y",
                                                     "w",  "d",  "h",  "m",  "s"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Bytes of the UTF-8 character that starts `text`; 1 for a byte that starts none.
size_t character_size(std::string_view text) {
  auto lead = static_cast<unsigned char>(text[0]);
  size_t size = lead < 0x80 ? 1 : lead < 0xc2 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  return std::min(size, text.size());
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Appends what the escape at the front of `text` (a backslash and more) means; returns its size, or
// 0 if it is none.
size_t append_escape(std::string_view text, std::string& out) {
  if (text.size() < 2) return 0;
  switch (text[1]) {
    case 'n':
      out += '\n';
      return 2;
    case 'r':
      out += '\r';
      return 2;
    case 't':
      out += '\t';
      return 2;
    case '"':
      out += '"';
      return 2;
    case '\\':
      out += '\\';
      return 2;
    case '$':
      if (text.size() < 3 || text[2] != '{') return 0;
      out += "${";
      return 3;
    case 'x': {
      if (text.size() < 4) return 0;
      int high = hex_value(text[2]), low = hex_value(text[3]);
      if (high < 0 || low < 0) return 0;
      out += static_cast<char>(high * 16 + low);
      return 4;
    }
    default:
      return 0;
  }
}

}  // namespace

std::string_view to_string(TokenKind kind) {
  constexpr std::array<std::string_view, 51> kNames = {
      "ILLEGAL",  "EOF",      "IDENT",   "INT",          "FLOAT",
      "DURATION", "TIME",     "REGEX",   "QUOTE",        "AND",
      "OR",       "NOT",      "EXISTS",  "IF",           "THEN",
      "ELSE",     "IMPORT",   "PACKAGE", "RETURN",       "OPTION",
      "BUILTIN",  "TESTCASE", "ADD",     "SUB",          "MUL",
      "DIV",      "MOD",      "POW",     "EQ",           "LT",
      "GT",       "LTE",      "GTE",     "NEQ",          "REGEXEQ",
      "REGEXNEQ", "ASSIGN",   "ARROW",   "PIPE_RECEIVE", "PIPE_FORWARD",
      "LPAREN",   "RPAREN",   "LBRACK",  "RBRACK",       "LBRACE",
      "RBRACE",   "COMMA",    "DOT",     "COLON",        "QUESTION_MARK",
      "ATTRIBUTE"};
  return kNames[static_cast<size_t>(kind)];
}

size_t letter_size(std::string_view text, bool digits_too) {
  if (text.empty()) return 0;
  char c = text[0];
  if (static_cast<unsigned char>(c) < 0x80) {
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    return letter || (digits_too && is_digit(c)) ? 1 : 0;
  }
  // RE2 knows Unicode's categories, so no table of our own.
  static const RE2 kLetter("\\pL"), kLetterOrDigit("\\pL|\\p{Nd}");
  size_t size = character_size(text);
  bool is =
      RE2::FullMatch(re2::StringPiece(text.data(), size), digits_too ? kLetterOrDigit : kLetter);
  return is ? size : 0;
}

void Lexer::skip_blanks() {
  while (at_ < source_.size()) {
    char c = source_[at_];
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
      ++at_;
    } else if (rest().starts_with("//")) {
      size_t newline = source_.find('\n', at_);
      at_ = static_cast<uint32_t>(newline == std::string_view::npos ? source_.size() : newline);
    } else {
      return;
    }
  }
}

Token Lexer::take(TokenKind kind, size_t size) {
  Token token{kind, source_.substr(at_, size), at_};
  at_ += static_cast<uint32_t>(token.text.size());
  return token;
}

Token Lexer::next() {
  skip_blanks();
  if (at_ >= source_.size()) return take(TokenKind::end, 0);
  char c = source_[at_];
  bool fraction = c == '.' && at_ + 1 < source_.size() && is_digit(source_[at_ + 1]);
  if (is_digit(c) || fraction) return number();
  if (letter_size(rest(), false) > 0) return identifier();
  for (const Spelling& spelling : kOperators)
    if (rest().starts_with(spelling.text)) return take(spelling.kind, spelling.text.size());
  return take(TokenKind::illegal, character_size(rest()));
}

Token Lexer::next_operand() {
  skip_blanks();
  size_t size = regexp_size(at_);
  return size > 0 ? take(TokenKind::regexp, size) : next();
}

Token Lexer::identifier() {
  size_t size = 0;
  while (size_t letter = letter_size(rest().substr(size), true)) size += letter;
  std::string_view text = rest().substr(0, size);
  for (const Spelling& keyword : kKeywords)
    if (keyword.text == text) return take(keyword.kind, size);
  return take(TokenKind::identifier, size);
}

size_t Lexer::digits(size_t at) const {
  size_t count = 0;
  while (at + count < source_.size() && is_digit(source_[at + count])) ++count;
  return count;
}

Token Lexer::number() {
  if (size_t size = date_size(at_)) return take(TokenKind::time, size);
  if (size_t size = duration_size(at_)) return take(TokenKind::duration, size);
  size_t whole = digits(at_);
  if (rest().substr(whole).starts_with("."))
    return take(TokenKind::floating, whole + 1 + digits(at_ + whole + 1));
  return take(TokenKind::integer, whole);
}

size_t Lexer::date_size(size_t at) const {
  // A pattern: 0 stands for a digit, everything else for itself.
  auto matches = [this](size_t from, std::string_view pattern) {
    if (from + pattern.size() > source_.size()) return false;
    for (size_t i = 0; i < pattern.size(); ++i)
      if (pattern[i] == '0' ? !is_digit(source_[from + i]) : source_[from + i] != pattern[i])
        return false;
    return true;
  };
  if (!matches(at, "0000-00-00")) return 0;
  size_t end = at + 10;
  if (!matches(end, "T00:00:00")) return 10;
  end += 9;
  if (matches(end, ".0")) end += 1 + digits(end + 1);
  if (matches(end, "Z"))
    end += 1;
  else if (matches(end, "+00:00") || matches(end, "-00:00"))
    end += 6;
  return end - at;
}

size_t Lexer::duration_size(size_t at) const {
  size_t end = at;
  while (size_t magnitude = digits(end)) {
    size_t unit_size = 0;
    for (std::string_view unit : kUnits)
      if (source_.substr(end + magnitude).starts_with(unit)) {
        unit_size = unit.size();
        break;
      }
    if (unit_size == 0) break;
    end += magnitude + unit_size;
  }
  return end - at;
}

size_t Lexer::regexp_size(size_t at) const {
  if (at >= source_.size() || source_[at] != '/') return 0;
  // Two slashes were skipped as a comment before this is asked, so the pattern is not empty.
  for (size_t end = at + 1; end < source_.size() && source_[end] != '\n'; ++end) {
    if (source_[end] == '\\')
      ++end;
    else if (source_[end] == '/')
      return end + 1 - at;
  }
  return 0;
}

StringPiece Lexer::next_string_part() {
  StringPiece piece;
  piece.offset = at_;
  while (at_ < source_.size()) {
    piece.text_end = at_;
    char c = source_[at_];
    if (c == '"') {
      ++at_;
      piece.end = StringPiece::End::quote;
      return piece;
    }
    if (rest().starts_with("${")) {
      at_ += 2;
      piece.end = StringPiece::End::interpolation;
      return piece;
    }
    size_t size = 1;
    if (c != '\\') {
      piece.text += c;
    } else if (size = append_escape(rest(), piece.text); size == 0) {
      if (piece.bad_escape == 0) piece.bad_escape = at_;
      size = std::min<size_t>(2, source_.size() - at_);
    }
    at_ += static_cast<uint32_t>(size);
  }
  piece.text_end = at_;
  return piece;
}

}  // namespace weir::query::flux
