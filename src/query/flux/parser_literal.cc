#include <re2/re2.h>

#include <charconv>
#include <cstdlib>

#include "query/flux/calendar.h"
#include "query/flux/duration.h"
#include "query/flux/parser_state.h"
#include "query/flux/value.h"

namespace weir::query::flux {
namespace {

bool is_utf8(std::string_view text) {
  // RE2 reads bytes that are no UTF-8 as one U+FFFD each, so `.` would match them; this checks.
  for (size_t at = 0; at < text.size();) {
    auto byte = [&](size_t i) { return static_cast<unsigned char>(text[at + i]); };
    unsigned lead = byte(0);
    size_t size = lead < 0x80                   ? 1
                  : lead >= 0xc2 && lead < 0xe0 ? 2
                  : lead >= 0xe0 && lead < 0xf0 ? 3
                  : lead >= 0xf0 && lead < 0xf5 ? 4
                                                : 0;
    if (size == 0 || at + size > text.size()) return false;
    for (size_t i = 1; i < size; ++i)
      if ((byte(i) & 0xc0) != 0x80) return false;
    if (size == 3 && ((lead == 0xe0 && byte(1) < 0xa0) || (lead == 0xed && byte(1) > 0x9f)))
      return false;
    if (size == 4 && ((lead == 0xf0 && byte(1) < 0x90) || (lead == 0xf4 && byte(1) > 0x8f)))
      return false;
    at += size;
  }
  return true;
}

int hex_digit(char c) {
  return c >= '0' && c <= '9'   ? c - '0'
         : c >= 'a' && c <= 'f' ? c - 'a' + 10
         : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                : -1;
}

// The pattern between the slashes: `\/` is a slash, `\xHH` a byte, every other escape RE2's own.
std::string regexp_pattern(std::string_view text) {
  std::string pattern;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      pattern += text[i];
    } else if (text[i + 1] == '/') {
      pattern += text[++i];
    } else if (text[i + 1] == 'x' && i + 3 < text.size() && hex_digit(text[i + 2]) >= 0 &&
               hex_digit(text[i + 3]) >= 0) {
      pattern += static_cast<char>(hex_digit(text[i + 2]) * 16 + hex_digit(text[i + 3]));
      i += 3;
    } else {
      pattern += text[i];
      pattern += text[++i];
    }
  }
  return pattern;
}

}  // namespace

ast::ExpressionPtr Parser::parse_integer() {
  uint32_t start = token_.offset;
  auto literal = std::make_shared<ast::IntegerLiteral>();
  std::string_view text = token_.text;
  auto parsed = std::from_chars(text.data(), text.data() + text.size(), literal->value);
  std::string quoted = "invalid integer literal \"" + std::string(text) + "\": ";
  if (text.size() > 1 && text[0] == '0')
    error(token_location(), quoted + "nonzero value cannot start with 0");
  else if (parsed.ec != std::errc())
    error(token_location(), quoted + "value out of range");
  advance();
  return finish(std::move(literal), start, 0);
}

ast::ExpressionPtr Parser::parse_float() {
  uint32_t start = token_.offset;
  auto literal = std::make_shared<ast::FloatLiteral>();
  // "1." and ".5" are not what from_chars wants.
  std::string text = "0" + std::string(token_.text) + "0";
  std::from_chars(text.data(), text.data() + text.size(), literal->value);
  advance();
  return finish(std::move(literal), start, 0);
}

ast::ExpressionPtr Parser::parse_duration() {
  uint32_t start = token_.offset;
  auto literal = std::make_shared<ast::DurationLiteral>();
  std::string_view rest = token_.text;
  while (!rest.empty()) {
    ast::DurationPart part;
    auto parsed = std::from_chars(rest.data(), rest.data() + rest.size(), part.magnitude);
    if (parsed.ec != std::errc()) {
      error(token_location(), "invalid duration literal: value out of range");
      break;
    }
    rest.remove_prefix(static_cast<size_t>(parsed.ptr - rest.data()));
    size_t letters = std::min(rest.find_first_of("0123456789"), rest.size());
    part.unit = std::string(rest.substr(0, letters));
    if (part.unit == "µs") part.unit = "us";
    rest.remove_prefix(letters);
    literal->parts.push_back(std::move(part));
  }
  if (Result<Duration> sum = duration_of(*literal); !sum.ok())
    error(token_location(), "invalid duration literal: " + sum.error().message);
  advance();
  return finish(std::move(literal), start, 0);
}

ast::ExpressionPtr Parser::parse_time() {
  uint32_t start = token_.offset;
  auto literal = std::make_shared<ast::DateTimeLiteral>();
  Result<ParsedTime> time = flux::parse_time(token_.text);
  if (time.ok()) {
    literal->seconds = time->seconds;
    literal->nanosecond = time->nanosecond;
    literal->offset_seconds = time->offset_seconds;
  } else {
    error(token_location(), "invalid date time literal: " + time.error().message);
  }
  advance();
  return finish(std::move(literal), start, 0);
}

ast::ExpressionPtr Parser::parse_regexp() {
  uint32_t start = token_.offset;
  auto literal = std::make_shared<ast::RegexpLiteral>();
  literal->pattern = regexp_pattern(token_.text.substr(1, token_.text.size() - 2));
  if (!is_utf8(literal->pattern))
    error(token_location(), "regular expression is not UTF-8");
  else if (Result<Value> compiled = compile_regexp(literal->pattern); !compiled.ok())
    error(token_location(), compiled.error().message);
  advance();
  return finish(std::move(literal), start, 0);
}

ast::ExpressionPtr Parser::parse_label() {
  uint32_t start = token_.offset;
  auto literal = std::make_shared<ast::LabelLiteral>();
  advance();
  literal->name = parse_name().text;
  return finish(std::move(literal), start, 0);
}

// ---- Strings -------------------------------------------------------------------------------

void Parser::note_piece_errors(const StringPiece& piece, uint32_t start) {
  if (piece.bad_escape > 0) {
    uint32_t end = std::min<uint32_t>(piece.bad_escape + 2, static_cast<uint32_t>(source_.size()));
    error(location(piece.bad_escape, end),
          "invalid escape in string: " +
              std::string(source_.substr(piece.bad_escape, end - piece.bad_escape)));
  }
  if (!is_utf8(piece.text)) error(location(piece.offset, piece.text_end), "string is not UTF-8");
  if (piece.end == StringPiece::End::source)
    error(location(start, static_cast<uint32_t>(source_.size())),
          "string is not closed: expected \", got EOF");
}

ast::ExpressionPtr Parser::parse_string() {
  uint32_t start = token_.offset;
  StringPiece piece = lexer_.next_string_part();
  note_piece_errors(piece, start);
  if (piece.end != StringPiece::End::interpolation) {
    auto literal = std::make_shared<ast::StringLiteral>();
    literal->value = std::move(piece.text);
    token_ = Token{TokenKind::quote, source_.substr(start, lexer_.offset() - start), start};
    advance();
    return finish(std::move(literal), start, 0);
  }
  auto expression = std::make_shared<ast::StringExpression>();
  uint32_t depth = 0;
  while (true) {
    if (!piece.text.empty())
      expression->parts.push_back(
          {std::move(piece.text), nullptr, location(piece.offset, piece.text_end)});
    if (piece.end != StringPiece::End::interpolation || stopped_) break;
    ast::StringPart part;
    uint32_t part_start = piece.text_end;
    token_ = lexer_.next_operand();
    part.expression = parse_expression();
    depth = std::max(depth, part.expression->depth);
    if (at(TokenKind::right_brace)) {
      // The lexer stands behind the brace: what follows is text again.
      part.location = location(part_start, token_.end_offset());
      expression->parts.push_back(std::move(part));
      piece = lexer_.next_string_part();
      note_piece_errors(piece, start);
      continue;
    }
    expect(TokenKind::right_brace);
    part.location = location_from(part_start);
    expression->parts.push_back(std::move(part));
    // Goes on behind the string: its end is the next quote, whatever stands before it.
    while (!at(TokenKind::end) && !at(TokenKind::quote)) advance();
    break;
  }
  if (!stopped_)
    token_ = Token{TokenKind::quote, source_.substr(start, lexer_.offset() - start), start};
  advance();
  return finish(std::move(expression), start, depth);
}

std::shared_ptr<const ast::StringLiteral> Parser::parse_plain_string(std::string_view what) {
  if (!at(TokenKind::quote)) {
    error(token_location(), "expected STRING, got " + describe_token());
    return nullptr;
  }
  ast::ExpressionPtr string = parse_string();
  if (auto* literal = ast::as<ast::StringLiteral>(*string))
    return std::shared_ptr<const ast::StringLiteral>(string, literal);
  error(string->location, std::string(what) + " must be a plain string");
  return nullptr;
}

// ---- Containers ----------------------------------------------------------------------------

ast::ExpressionPtr Parser::parse_array_or_dictionary() {
  uint32_t start = token_.offset;
  advance_operand();
  if (at(TokenKind::colon)) {
    advance();
    expect_closing(TokenKind::right_bracket);
    return finish(std::make_shared<ast::DictionaryExpression>(), start, 0);
  }
  auto array = std::make_shared<ast::ArrayExpression>();
  uint32_t depth = 0;
  while (!at(TokenKind::right_bracket) && !at(TokenKind::end)) {
    ast::ExpressionPtr element = parse_expression();
    if (at(TokenKind::colon) && array->elements.empty())
      return parse_dictionary(start, std::move(element));
    depth = std::max(depth, element->depth);
    array->elements.push_back(std::move(element));
    if (!at(TokenKind::comma)) break;
    advance_operand();
  }
  expect_closing(TokenKind::right_bracket);
  return finish(std::move(array), start, depth);
}

ast::ExpressionPtr Parser::parse_dictionary(uint32_t start, ast::ExpressionPtr first_key) {
  auto dictionary = std::make_shared<ast::DictionaryExpression>();
  uint32_t depth = 0;
  ast::ExpressionPtr key = std::move(first_key);
  while (true) {
    if (at(TokenKind::colon))
      advance_operand();
    else
      expect(TokenKind::colon);
    ast::ExpressionPtr value = parse_expression();
    depth = std::max({depth, key->depth, value->depth});
    dictionary->elements.push_back({std::move(key), std::move(value)});
    if (!at(TokenKind::comma)) break;
    advance_operand();
    if (at(TokenKind::right_bracket)) break;
    key = parse_expression();
    if (!at(TokenKind::colon)) {
      expect(TokenKind::colon);
      break;
    }
  }
  expect_closing(TokenKind::right_bracket);
  return finish(std::move(dictionary), start, depth);
}

ast::ExpressionPtr Parser::parse_object() {
  uint32_t start = token_.offset;
  auto object = std::make_shared<ast::ObjectExpression>();
  advance();
  Token following = peek();
  if (at(TokenKind::identifier) && following.kind == TokenKind::identifier &&
      following.text == "with") {
    auto with = std::make_shared<ast::Identifier>();
    uint32_t with_start = token_.offset;
    with->name = std::string(token_.text);
    advance();
    object->with = finish(std::move(with), with_start, 0);
    advance();
  }
  object->properties = parse_properties(TokenKind::right_brace, false);
  expect_closing(TokenKind::right_brace);
  uint32_t depth = depth_of(object->properties);
  return finish(std::move(object), start, depth);
}

std::vector<ast::Property> Parser::parse_properties(TokenKind last, bool parameters) {
  std::vector<ast::Property> properties;
  while (!at(last) && !at(TokenKind::end)) {
    if (!at(TokenKind::identifier) && (parameters || !at(TokenKind::quote))) {
      error(token_location(),
            "unexpected token for property key: " + std::string(to_string(token_.kind)) + " (" +
                std::string(token_.text) + ")");
      // One message for the list: the caller's expect_closing() would add another.
      while (!at(last) && !at(TokenKind::end) && !at(TokenKind::comma)) {
        if (at(TokenKind::quote)) lexer_.next_string_part();
        advance();
      }
      if (!skip(TokenKind::comma)) break;
      continue;
    }
    properties.push_back(parse_property(parameters));
    if (!skip(TokenKind::comma)) break;
  }
  return properties;
}

ast::Property Parser::parse_property(bool parameter) {
  ast::Property property;
  uint32_t start = token_.offset;
  if (at(TokenKind::quote)) {
    property.key_quoted = true;
    if (auto key = parse_plain_string("property key")) property.key = key->value;
    property.key_location = location_from(start);
  } else {
    ast::Name name = parse_name();
    property.key = std::move(name.text);
    property.key_location = name.location;
  }
  TokenKind separator = parameter ? TokenKind::assign : TokenKind::colon;
  if (at(separator)) {
    advance_operand();
    if (at(TokenKind::comma) || at(TokenKind::right_brace) || at(TokenKind::right_paren))
      error(property.key_location, "missing property value");
    else
      property.value = parse_expression();
  } else if (property.key_quoted) {
    error(property.key_location, "string literal key \"" + property.key + "\" must have a value");
  }
  property.location = location_from(start);
  return property;
}

}  // namespace weir::query::flux
