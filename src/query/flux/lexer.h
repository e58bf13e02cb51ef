// The lexer: cuts Flux source into tokens, one at a time, as the parser asks for them.
//
// Two tokens depend on where they stand, so the parser says which it expects: a `/` where an
// expression starts is a regular expression (next_operand()), and the text of a string is read
// piece by piece after its opening quote (next_string_part()). Holds a view of the source, which
// must outlive it. Anything unknown is one illegal token per character; nothing fails.
// Spec: Flux specification, "Lexical elements".
#pragma once

#include <string>
#include <string_view>

#include "query/flux/token.h"

namespace weir::query::flux {

// A piece of a string literal, up to its closing quote or a `${`.
struct StringPiece {
  enum class End : uint8_t { quote, interpolation, source } end = End::source;
  std::string text;         // escapes resolved
  uint32_t offset = 0;      // where the piece starts in the source
  uint32_t text_end = 0;    // one past its last character, before the quote or `${`
  uint32_t bad_escape = 0;  // offset of the first escape that is none, or 0
};

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {}

  Token next();
  // The same where an operand may stand: also reads /regexp/.
  Token next_operand();
  // After a quote token, or after the `}` that ends an interpolation.
  StringPiece next_string_part();

  uint32_t offset() const { return at_; }
  void rewind(uint32_t offset) { at_ = offset; }

 private:
  void skip_blanks();
  Token take(TokenKind kind, size_t size);
  Token number();
  Token identifier();
  size_t date_size(size_t at) const;      // of a date or time literal, 0 if none
  size_t duration_size(size_t at) const;  // of a duration literal, 0 if none
  size_t regexp_size(size_t at) const;    // with both slashes, 0 if not closed on its line
  size_t digits(size_t at) const;
  std::string_view rest() const { return source_.substr(at_); }

  std::string_view source_;
  uint32_t at_ = 0;
};

// Bytes of the letter (or, if `digits_too`, decimal digit) of any script that starts `text`, or 0.
// An underscore is a letter.
size_t letter_size(std::string_view text, bool digits_too);

}  // namespace weir::query::flux
