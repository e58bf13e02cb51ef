// The kinds of tokens of Flux and the names its error messages give them.
//
// Used by the lexer and the parser only. Spec: Flux specification, "Lexical elements".
#pragma once

#include <cstdint>
#include <string_view>

namespace weir::query::flux {

enum class TokenKind : uint8_t {
  illegal,
  end,
  identifier,
  integer,
  floating,
  duration,
  time,
  regexp,
  quote,
  // keywords
  keyword_and,
  keyword_or,
  keyword_not,
  keyword_exists,
  keyword_if,
  keyword_then,
  keyword_else,
  keyword_import,
  keyword_package,
  keyword_return,
  keyword_option,
  keyword_builtin,
  keyword_testcase,
  // operators and punctuation
  add,
  subtract,
  multiply,
  divide,
  modulo,
  power,
  equal,
  less,
  greater,
  less_equal,
  greater_equal,
  not_equal,
  regexp_match,
  regexp_not_match,
  assign,
  arrow,
  pipe_receive,
  pipe_forward,
  left_paren,
  right_paren,
  left_bracket,
  right_bracket,
  left_brace,
  right_brace,
  comma,
  dot,
  colon,
  question,
  attribute,
};

// IDENT, INT, RPAREN, ...
std::string_view to_string(TokenKind kind);

struct Token {
  TokenKind kind = TokenKind::end;
  std::string_view text;  // in the source
  uint32_t offset = 0;
  uint32_t end_offset() const { return offset + static_cast<uint32_t>(text.size()); }
};

}  // namespace weir::query::flux
