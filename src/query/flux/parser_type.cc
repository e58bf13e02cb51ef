#include "query/flux/parser_state.h"

namespace weir::query::flux {

Result<ast::TypeExpression> parse_type(std::string_view source) {
  return Parser(source).parse_only_type();
}

Result<ast::TypeExpression> Parser::parse_only_type() {
  advance();
  ast::TypeExpression expression = parse_type_expression();
  if (!at(TokenKind::end)) error(token_location(), "expected the end of a type");
  if (!errors_.empty()) return compilation_error(errors_);
  return expression;
}

ast::TypeExpression Parser::parse_type_expression() {
  ast::TypeExpression expression;
  uint32_t start = token_.offset;
  expression.type = parse_type();
  if (at_word("where")) expression.constraints = parse_constraints();
  expression.location = location_from(start);
  return expression;
}

std::vector<ast::TypeConstraint> Parser::parse_constraints() {
  std::vector<ast::TypeConstraint> constraints;
  do {
    advance();  // `where`, or the comma
    ast::TypeConstraint constraint;
    uint32_t start = token_.offset;
    constraint.variable = parse_name();
    expect(TokenKind::colon);
    constraint.kinds.push_back(parse_name());
    while (skip(TokenKind::add)) constraint.kinds.push_back(parse_name());
    constraint.location = location_from(start);
    constraints.push_back(std::move(constraint));
  } while (at(TokenKind::comma));
  return constraints;
}

ast::TypePtr Parser::parse_type() {
  auto type = std::make_shared<ast::Type>();
  uint32_t start = token_.offset;
  Nesting nesting(*this);
  if (nesting.too_deep()) return type;
  auto of_element = [&](ast::TypeKind kind) {
    type->kind = kind;
    advance();
    expect(TokenKind::left_bracket);
    type->element = parse_type();
    expect_closing(TokenKind::right_bracket);
  };
  if (at(TokenKind::left_bracket)) {
    parse_type_in_brackets(*type);
  } else if (at(TokenKind::left_brace)) {
    parse_record_type(*type);
  } else if (at(TokenKind::left_paren)) {
    parse_function_type(*type);
  } else if (at(TokenKind::dot)) {
    type->kind = ast::TypeKind::label;
    advance();
    type->name = parse_name();
  } else if (at_word("stream")) {
    of_element(ast::TypeKind::stream);
  } else if (at_word("vector")) {
    of_element(ast::TypeKind::vector);
  } else if (at_word("dynamic")) {
    type->kind = ast::TypeKind::dynamic;
    advance();
  } else {
    // A variable is one capital letter.
    type->name = parse_name();
    const std::string& name = type->name.text;
    bool variable = name.size() == 1 && name[0] >= 'A' && name[0] <= 'Z';
    type->kind = variable ? ast::TypeKind::variable : ast::TypeKind::named;
  }
  type->location = location_from(start);
  return type;
}

void Parser::parse_type_in_brackets(ast::Type& type) {
  advance();
  ast::TypePtr first = parse_type();
  if (skip(TokenKind::colon)) {
    type.kind = ast::TypeKind::dictionary;
    type.key = std::move(first);
    type.element = parse_type();
  } else {
    type.kind = ast::TypeKind::array;
    type.element = std::move(first);
  }
  expect_closing(TokenKind::right_bracket);
}

void Parser::parse_function_type(ast::Type& type) {
  type.kind = ast::TypeKind::function;
  advance();
  while (!at(TokenKind::right_paren) && !at(TokenKind::end)) {
    type.parameters.push_back(parse_type_parameter());
    if (!skip(TokenKind::comma)) break;
  }
  expect_closing(TokenKind::right_paren);
  expect(TokenKind::arrow);
  type.result = parse_type();
}

ast::TypeParameter Parser::parse_type_parameter() {
  ast::TypeParameter parameter;
  uint32_t start = token_.offset;
  if (skip(TokenKind::question))
    parameter.kind = ast::ParameterKind::optional;
  else if (skip(TokenKind::pipe_receive))
    parameter.kind = ast::ParameterKind::pipe;
  if (parameter.kind != ast::ParameterKind::pipe || at(TokenKind::identifier))
    parameter.name = parse_name();
  expect(TokenKind::colon);
  parameter.type = parse_type();
  parameter.location = location_from(start);  // without the default, as InfluxDB has it
  if (parameter.kind == ast::ParameterKind::optional && skip(TokenKind::assign)) {
    if (at(TokenKind::dot))
      parameter.default_label = std::static_pointer_cast<const ast::LabelLiteral>(parse_label());
    else
      expect(TokenKind::dot);
  }
  return parameter;
}

void Parser::parse_record_type(ast::Type& type) {
  type.kind = ast::TypeKind::record;
  advance();
  Token following = peek();
  if (at(TokenKind::identifier) && following.kind == TokenKind::identifier &&
      following.text == "with") {
    type.extends = parse_name();
    advance();
  }
  while (at(TokenKind::identifier) || at(TokenKind::quote)) {
    ast::TypeProperty property;
    uint32_t start = token_.offset;
    property.key_quoted = at(TokenKind::quote);
    if (property.key_quoted) {
      if (auto key = parse_plain_string("property key")) property.key = key->value;
    } else {
      property.key = parse_name().text;
    }
    property.key_location = location_from(start);
    expect(TokenKind::colon);
    property.type = parse_type();
    property.location = location_from(start);
    type.properties.push_back(std::move(property));
    if (!skip(TokenKind::comma)) break;
  }
  expect_closing(TokenKind::right_brace);
}

}  // namespace weir::query::flux
