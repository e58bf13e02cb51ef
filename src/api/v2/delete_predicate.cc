#include "api/v2/delete_predicate.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace weir::api::v2 {
namespace {

enum class Kind : uint8_t {
  end,
  identifier,  // bare or in double quotes
  string,      // in single quotes
  number,      // also durations: 12, 1.5, 12h
  boolean,
  name,  // the keyword NAME, which InfluxDB takes as the key "name"
  keyword,
  and_,
  or_,
  open,
  close,
  operator_,  // = != =~ !~ < <= > >=
  bad,
};

struct Token {
  Kind kind = Kind::end;
  size_t position = 0;
  std::string text;
};

constexpr auto kKeywords = std::to_array<std::string_view>(
    {"ALL",           "ALTER",   "ANALYZE",  "ANY",         "AS",           "ASC",
     "BEGIN",         "BY",      "CREATE",   "CARDINALITY", "CONTINUOUS",   "DATABASE",
     "DATABASES",     "DEFAULT", "DELETE",   "DESC",        "DESTINATIONS", "DIAGNOSTICS",
     "DISTINCT",      "DROP",    "DURATION", "END",         "EVERY",        "EXACT",
     "EXPLAIN",       "FIELD",   "FOR",      "FROM",        "GRANT",        "GRANTS",
     "GROUP",         "GROUPS",  "IN",       "INF",         "INSERT",       "INTO",
     "KEY",           "KEYS",    "KILL",     "LIMIT",       "MEASUREMENT",  "MEASUREMENTS",
     "OFFSET",        "ON",      "ORDER",    "PASSWORD",    "POLICY",       "POLICIES",
     "PRIVILEGES",    "QUERIES", "QUERY",    "READ",        "REPLICATION",  "RESAMPLE",
     "RETENTION",     "REVOKE",  "SELECT",   "SERIES",      "SET",          "SHARD",
     "SHARDS",        "SHOW",    "SLIMIT",   "SOFFSET",     "STATS",        "SUBSCRIPTION",
     "SUBSCRIPTIONS", "TAG",     "TO",       "USER",        "USERS",        "VALUES",
     "VERBOSE",       "WHERE",   "WITH",     "WRITE"});

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  Token next() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n'))
      at_++;
    Token token;
    token.position = at_;
    if (at_ == text_.size()) return token;
    const char c = text_[at_];
    if (c == '(') return at_++, token.kind = Kind::open, token;
    if (c == ')') return at_++, token.kind = Kind::close, token;
    if (c == '"' || c == '\'') return quoted(std::move(token), c);
    if (is_letter(c)) return word(std::move(token));
    const bool signed_number = (c == '-' || c == '+') && at_ + 1 < text_.size() &&
                               (is_digit(text_[at_ + 1]) || text_[at_ + 1] == '.');
    if (is_digit(c) || c == '.' || signed_number) return number(std::move(token));
    return operator_or_bad(std::move(token));
  }

 private:
  Token quoted(Token token, char quote) {
    at_++;
    token.kind = quote == '"' ? Kind::identifier : Kind::string;
    while (at_ < text_.size() && text_[at_] != quote && text_[at_] != '\n') {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
        at_++;
        if (text_[at_] == 'n') {
          token.text += '\n', at_++;
          continue;
        }
        if (text_[at_] != '\\' && text_[at_] != '"' && text_[at_] != '\'') break;
      }
      token.text += text_[at_++];
    }
    if (at_ == text_.size() || text_[at_] != quote) return token.kind = Kind::bad, token;
    at_++;
    return token;
  }

  Token word(Token token) {
    while (at_ < text_.size() && (is_letter(text_[at_]) || is_digit(text_[at_])))
      token.text += text_[at_++];
    std::string upper = token.text;
    for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    if (upper == "AND") return token.kind = Kind::and_, token;
    if (upper == "OR") return token.kind = Kind::or_, token;
    if (upper == "NAME") return token.kind = Kind::name, token;
    if (upper == "TRUE" || upper == "FALSE") {
      token.kind = Kind::boolean;
      token.text = upper == "TRUE" ? "true" : "false";
      return token;
    }
    const bool keyword = std::ranges::find(kKeywords, upper) != kKeywords.end();
    token.kind = keyword ? Kind::keyword : Kind::identifier;
    return token;
  }

  // Digits, a fraction, and the units of a duration, as one text.
  Token number(Token token) {
    token.kind = Kind::number;
    token.text += text_[at_++];
    while (at_ < text_.size() && (is_digit(text_[at_]) || is_letter(text_[at_]) ||
                                  text_[at_] == '.' || (text_[at_] & 0x80) != 0))
      token.text += text_[at_++];
    return token;
  }

  Token operator_or_bad(Token token) {
    for (std::string_view spelled : {"!=", "=~", "!~", "<=", ">=", "<>", "=", "<", ">"}) {
      if (!text_.substr(at_).starts_with(spelled)) continue;
      at_ += spelled.size();
      token.kind = Kind::operator_;
      token.text = spelled == "<>" ? "!=" : spelled;
      return token;
    }
    token.kind = Kind::bad;
    token.text = text_.substr(at_++, 1);
    return token;
  }

  std::string_view text_;
  size_t at_ = 0;
};

Error invalid(std::string message) { return {Errc::invalid, std::move(message)}; }

class Parser {
 public:
  explicit Parser(std::string_view text) : scanner_(text) { advance(); }

  Result<store::PredicatePtr> parse() {
    WEIR_TRY(store::PredicatePtr predicate, expression(0));
    if (token_.kind == Kind::close) return invalid("extra ) seen");
    return predicate;
  }

 private:
  void advance() { token_ = scanner_.next(); }

  Error bad_expression() const {
    return invalid(fmt::format("bad logical expression, at position {}", token_.position));
  }

  Result<store::PredicatePtr> expression(int depth) {
    std::vector<store::PredicatePtr> terms;
    while (true) {
      WEIR_TRY(store::PredicatePtr next, term(depth));
      terms.push_back(std::move(next));
      if (token_.kind == Kind::or_)
        return invalid(fmt::format("the logical operator OR is not supported yet at position {}",
                                   token_.position));
      if (token_.kind == Kind::end || token_.kind == Kind::close) break;
      if (token_.kind != Kind::and_) return bad_expression();
      advance();
    }
    return terms.size() == 1 ? terms.front() : store::all_of(std::move(terms));
  }

  Result<store::PredicatePtr> term(int depth) {
    if (token_.kind != Kind::open) return comparison();
    if (depth == kPredicateDepthMax)
      return invalid(fmt::format("parentheses are nested deeper than {}", kPredicateDepthMax));
    advance();
    WEIR_TRY(store::PredicatePtr inner, expression(depth + 1));
    if (token_.kind != Kind::close) return invalid("extra ( seen");
    advance();
    return inner;
  }

  Result<store::PredicatePtr> comparison() {
    if (token_.kind == Kind::close) return invalid("extra ) seen");
    if (token_.kind == Kind::number || token_.kind == Kind::boolean)
      return invalid(fmt::format("bad tag key, at position {}", token_.position));
    if (token_.kind != Kind::identifier && token_.kind != Kind::name) return bad_expression();
    const std::string key = token_.kind == Kind::name ? "name" : token_.text;
    advance();
    const Token comparer = token_;
    if (comparer.kind != Kind::operator_ || (comparer.text != "=" && comparer.text != "!=" &&
                                             comparer.text != "=~" && comparer.text != "!~"))
      return invalid(fmt::format("invalid operator \"{}\" at position: {}", spelling(comparer),
                                 comparer.position));
    if (comparer.text == "=~" || comparer.text == "!~")
      return invalid(fmt::format("operator: \"{}\" at position: {} is not supported yet",
                                 comparer.text, comparer.position));
    advance();
    if (token_.kind != Kind::identifier && token_.kind != Kind::number &&
        token_.kind != Kind::boolean)
      return invalid(
          fmt::format("bad tag value: \"{}\", at position {}", token_.text, token_.position));
    std::string value = token_.text;
    advance();
    return comparer.text == "=" ? store::tag_equal(key, std::move(value))
                                : store::tag_not_equal(key, std::move(value));
  }

  static std::string spelling(const Token& token) {
    switch (token.kind) {
      case Kind::end:
        return "EOF";
      case Kind::open:
        return "(";
      case Kind::close:
        return ")";
      default:
        return token.text;
    }
  }

  Scanner scanner_;
  Token token_;
};

}  // namespace

Result<store::PredicatePtr> parse_delete_predicate(std::string_view text) {
  if (text.size() > kPredicateBytesMax)
    return invalid(fmt::format("the predicate is longer than {} bytes", kPredicateBytesMax));
  if (text.find_first_not_of(" \t\n") == text.npos) return store::PredicatePtr();
  return Parser(text).parse();
}

}  // namespace weir::api::v2
