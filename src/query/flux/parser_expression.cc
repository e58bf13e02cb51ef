#include "query/flux/parser_state.h"

namespace weir::query::flux {
namespace {

using ast::BinaryOperator;

struct BinaryLevel {
  TokenKind token;
  int level;
  BinaryOperator op;
};
// Levels bind tighter as they grow; all are left-associative, `^` too.
constexpr int kTightestLevel = 4;
constexpr BinaryLevel kBinaryOperators[] = {
    {TokenKind::equal, 1, BinaryOperator::equal},
    {TokenKind::not_equal, 1, BinaryOperator::not_equal},
    {TokenKind::less, 1, BinaryOperator::less},
    {TokenKind::less_equal, 1, BinaryOperator::less_equal},
    {TokenKind::greater, 1, BinaryOperator::greater},
    {TokenKind::greater_equal, 1, BinaryOperator::greater_equal},
    {TokenKind::regexp_match, 1, BinaryOperator::regexp_match},
    {TokenKind::regexp_not_match, 1, BinaryOperator::regexp_not_match},
    {TokenKind::add, 2, BinaryOperator::add},
    {TokenKind::subtract, 2, BinaryOperator::subtract},
    {TokenKind::multiply, 3, BinaryOperator::multiply},
    {TokenKind::divide, 3, BinaryOperator::divide},
    {TokenKind::modulo, 3, BinaryOperator::modulo},
    {TokenKind::power, 4, BinaryOperator::power},
};

const BinaryLevel* binary_operator(TokenKind token, int level) {
  for (const BinaryLevel& candidate : kBinaryOperators)
    if (candidate.token == token && candidate.level == level) return &candidate;
  return nullptr;
}

}  // namespace

ast::ExpressionPtr Parser::bad_expression(std::string text) {
  auto bad = std::make_shared<ast::BadExpression>();
  bad->location = token_location();
  error(bad->location, "invalid expression: " + text);
  bad->text = std::move(text);
  return bad;
}

ast::ExpressionPtr Parser::parse_expression() {
  Nesting nesting(*this);
  if (nesting.too_deep()) return bad_expression("nested too deep");
  return at(TokenKind::keyword_if) ? parse_conditional() : parse_or();
}

ast::ExpressionPtr Parser::parse_conditional() {
  uint32_t start = token_.offset;
  auto conditional = std::make_shared<ast::ConditionalExpression>();
  advance_operand();
  conditional->test = parse_expression();
  auto branch = [&](TokenKind keyword) -> ast::ExpressionPtr {
    if (!at(keyword)) {
      expect(keyword);
      auto bad = std::make_shared<ast::BadExpression>();
      bad->location = token_location();
      return bad;
    }
    advance_operand();
    return parse_expression();
  };
  conditional->consequent = branch(TokenKind::keyword_then);
  conditional->alternate = branch(TokenKind::keyword_else);
  uint32_t depth = std::max(
      {conditional->test->depth, conditional->consequent->depth, conditional->alternate->depth});
  return finish(std::move(conditional), start, depth);
}

ast::ExpressionPtr Parser::parse_or() {
  uint32_t start = token_.offset;
  ast::ExpressionPtr left = parse_and();
  while (at(TokenKind::keyword_or)) {
    auto logical = std::make_shared<ast::LogicalExpression>();
    logical->op = ast::LogicalOperator::logical_or;
    advance_operand();
    logical->left = std::move(left);
    logical->right = parse_and();
    uint32_t depth = std::max(logical->left->depth, logical->right->depth);
    left = finish(std::move(logical), start, depth);
  }
  return left;
}

ast::ExpressionPtr Parser::parse_and() {
  uint32_t start = token_.offset;
  ast::ExpressionPtr left = parse_not();
  while (at(TokenKind::keyword_and)) {
    auto logical = std::make_shared<ast::LogicalExpression>();
    logical->op = ast::LogicalOperator::logical_and;
    advance_operand();
    logical->left = std::move(left);
    logical->right = parse_not();
    uint32_t depth = std::max(logical->left->depth, logical->right->depth);
    left = finish(std::move(logical), start, depth);
  }
  return left;
}

ast::ExpressionPtr Parser::parse_not() {
  if (!at(TokenKind::keyword_not) && !at(TokenKind::keyword_exists)) return parse_binary(1);
  Nesting nesting(*this);
  if (nesting.too_deep()) return bad_expression("nested too deep");
  uint32_t start = token_.offset;
  auto unary = std::make_shared<ast::UnaryExpression>();
  unary->op =
      at(TokenKind::keyword_not) ? ast::UnaryOperator::logical_not : ast::UnaryOperator::exists;
  advance_operand();
  unary->argument = parse_not();
  uint32_t depth = unary->argument->depth;
  return finish(std::move(unary), start, depth);
}

ast::ExpressionPtr Parser::parse_binary(int level) {
  uint32_t start = token_.offset;
  auto operand = [this, level] {
    return level == kTightestLevel ? parse_pipe() : parse_binary(level + 1);
  };
  ast::ExpressionPtr left = operand();
  while (const BinaryLevel* found = binary_operator(token_.kind, level)) {
    auto binary = std::make_shared<ast::BinaryExpression>();
    binary->op = found->op;
    advance_operand();
    binary->left = std::move(left);
    binary->right = operand();
    uint32_t depth = std::max(binary->left->depth, binary->right->depth);
    left = finish(std::move(binary), start, depth);
  }
  return left;
}

ast::ExpressionPtr Parser::parse_pipe() {
  uint32_t start = token_.offset;
  ast::ExpressionPtr left = parse_unary();
  while (at(TokenKind::pipe_forward)) {
    advance_operand();
    auto pipe = std::make_shared<ast::PipeExpression>();
    uint32_t target_start = token_.offset;
    ast::ExpressionPtr target = parse_unary();
    if (target->kind == ast::ExpressionKind::call) {
      pipe->call = std::static_pointer_cast<const ast::CallExpression>(target);
    } else {
      error(location_from(target_start), "pipe destination must be a function call");
      auto call = std::make_shared<ast::CallExpression>();
      uint32_t target_depth = target->depth;
      call->callee = std::move(target);
      pipe->call = finish(std::move(call), target_start, target_depth);
    }
    pipe->argument = std::move(left);
    uint32_t depth = std::max(pipe->argument->depth, pipe->call->depth);
    left = finish(std::move(pipe), start, depth);
  }
  return left;
}

ast::ExpressionPtr Parser::parse_unary() {
  if (!at(TokenKind::add) && !at(TokenKind::subtract)) return parse_postfix();
  Nesting nesting(*this);
  if (nesting.too_deep()) return bad_expression("nested too deep");
  uint32_t start = token_.offset;
  auto unary = std::make_shared<ast::UnaryExpression>();
  unary->op = at(TokenKind::add) ? ast::UnaryOperator::add : ast::UnaryOperator::subtract;
  advance_operand();
  unary->argument = parse_unary();
  uint32_t depth = unary->argument->depth;
  return finish(std::move(unary), start, depth);
}

ast::ExpressionPtr Parser::parse_postfix() {
  uint32_t start = token_.offset;
  ast::ExpressionPtr expression = parse_primary();
  while (!stopped_) {
    if (at(TokenKind::dot))
      expression = parse_dot(std::move(expression), start);
    else if (at(TokenKind::left_paren))
      expression = parse_call(std::move(expression), start);
    else if (at(TokenKind::left_bracket))
      expression = parse_index(std::move(expression), start);
    else
      break;
  }
  return expression;
}

ast::ExpressionPtr Parser::parse_dot(ast::ExpressionPtr object, uint32_t start) {
  auto member = std::make_shared<ast::MemberExpression>();
  advance();
  ast::Name property = parse_name();
  member->property = std::move(property.text);
  member->property_location = property.location;
  uint32_t depth = object->depth;
  member->object = std::move(object);
  return finish(std::move(member), start, depth);
}

ast::ExpressionPtr Parser::parse_call(ast::ExpressionPtr callee, uint32_t start) {
  auto call = std::make_shared<ast::CallExpression>();
  advance();
  uint32_t depth = callee->depth;
  call->callee = std::move(callee);
  if (!at(TokenKind::right_paren)) {
    auto arguments = std::make_shared<ast::ObjectExpression>();
    uint32_t arguments_start = token_.offset;
    arguments->properties = parse_properties(TokenKind::right_paren, false);
    uint32_t arguments_depth = depth_of(arguments->properties);
    arguments = finish(std::move(arguments), arguments_start, arguments_depth);
    if (!arguments->properties.empty())  // without a trailing comma
      arguments->location =
          location(arguments_start, arguments->properties.back().location.end_offset);
    call->arguments = std::move(arguments);
    depth = std::max(depth, call->arguments->depth);
  }
  expect_closing(TokenKind::right_paren);
  return finish(std::move(call), start, depth);
}

ast::ExpressionPtr Parser::parse_index(ast::ExpressionPtr object, uint32_t start) {
  advance_operand();
  ast::ExpressionPtr index = parse_expression();
  expect_closing(TokenKind::right_bracket);
  uint32_t depth = std::max(object->depth, index->depth);
  if (auto* name = ast::as<ast::StringLiteral>(*index)) {
    auto member = std::make_shared<ast::MemberExpression>();
    member->object = std::move(object);
    member->property = name->value;
    member->property_quoted = true;
    member->property_location = name->location;
    return finish(std::move(member), start, depth);
  }
  auto expression = std::make_shared<ast::IndexExpression>();
  expression->array = std::move(object);
  expression->index = std::move(index);
  return finish(std::move(expression), start, depth);
}

ast::ExpressionPtr Parser::parse_primary() {
  uint32_t start = token_.offset;
  switch (token_.kind) {
    case TokenKind::identifier: {
      auto identifier = std::make_shared<ast::Identifier>();
      identifier->name = std::string(token_.text);
      advance();
      return finish(std::move(identifier), start, 0);
    }
    case TokenKind::integer:
      return parse_integer();
    case TokenKind::floating:
      return parse_float();
    case TokenKind::duration:
      return parse_duration();
    case TokenKind::time:
      return parse_time();
    case TokenKind::regexp:
      return parse_regexp();
    case TokenKind::quote:
      return parse_string();
    case TokenKind::dot:
      return parse_label();
    case TokenKind::pipe_receive: {
      advance();
      return finish(std::make_shared<ast::PipeLiteral>(), start, 0);
    }
    case TokenKind::left_bracket:
      return parse_array_or_dictionary();
    case TokenKind::left_brace:
      return parse_object();
    case TokenKind::left_paren:
      return parse_paren_or_function();
    default:
      return bad_expression("invalid token for primary expression: " +
                            std::string(to_string(token_.kind)));
  }
}

// Whether the parenthesis at hand opens a function's parameters: `()`, `(a,`, `(a=` or `(a) =>`.
bool Parser::at_function() const {
  Lexer ahead = lexer_;
  Token token = ahead.next();
  if (token.kind == TokenKind::right_paren) return true;
  if (token.kind != TokenKind::identifier) return false;
  token = ahead.next();
  if (token.kind == TokenKind::comma || token.kind == TokenKind::assign) return true;
  return token.kind == TokenKind::right_paren && ahead.next().kind == TokenKind::arrow;
}

ast::ExpressionPtr Parser::parse_paren_or_function() {
  uint32_t start = token_.offset;
  if (at_function()) return parse_function(start);
  auto paren = std::make_shared<ast::ParenExpression>();
  advance_operand();
  paren->expression = parse_expression();
  expect_closing(TokenKind::right_paren);
  uint32_t depth = paren->expression->depth;
  return finish(std::move(paren), start, depth);
}

ast::ExpressionPtr Parser::parse_function(uint32_t start) {
  Nesting nesting(*this);
  if (nesting.too_deep()) return bad_expression("nested too deep");
  auto function = std::make_shared<ast::FunctionExpression>();
  advance();
  function->parameters = parse_properties(TokenKind::right_paren, true);
  expect_closing(TokenKind::right_paren);
  uint32_t depth = depth_of(function->parameters);
  if (at(TokenKind::arrow))
    advance_operand();
  else
    expect(TokenKind::arrow);
  if (at(TokenKind::left_brace)) {
    function->block = parse_block();
    depth = std::max(depth, depth_of(*function->block));
  } else {
    function->body = parse_expression();
    depth = std::max(depth, function->body->depth);
  }
  return finish(std::move(function), start, depth);
}

}  // namespace weir::query::flux
