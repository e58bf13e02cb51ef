// The parser's inside: one class over a Lexer, split into parser.cc (files, statements),
// parser_expression.cc, parser_literal.cc and parser_type.cc.
//
// A parse_x() method expects the current token to start an x and leaves the token after it
// current. None fails: a mistake is recorded with its place, and a Bad* node or whatever was
// understood stands in the tree. After "nested too deep" everything reads as the end of the file.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "query/flux/ast.h"
#include "query/flux/lexer.h"
#include "query/flux/parser.h"

namespace weir::query::flux {

class Parser {
 public:
  explicit Parser(std::string_view source);
  ParsedFile parse_file(std::string_view name);
  Result<ast::TypeExpression> parse_only_type();

 private:
  // Counts one level of nesting while it lives; false when there are too many.
  class Nesting {
   public:
    explicit Nesting(Parser& parser) : parser_(parser) { ++parser_.nesting_; }
    ~Nesting() { --parser_.nesting_; }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;
    bool too_deep();

   private:
    Parser& parser_;
  };

  // -- tokens
  bool at(TokenKind kind) const { return token_.kind == kind; }
  bool at_word(std::string_view word) const {
    return token_.kind == TokenKind::identifier && token_.text == word;
  }
  void advance();
  void advance_operand();  // what follows may start with a /regexp/
  bool skip(TokenKind kind);
  bool expect(TokenKind kind);          // or an error
  void expect_closing(TokenKind kind);  // or an error, then goes on behind the bracket
  Token peek();                         // the token after the current one
  // Notes the comments between two tokens.
  void note_comments(uint32_t start, uint32_t end);
  void stop();                         // makes the current token the last one
  std::string describe_token() const;  // INT (5) at 1:3, or EOF

  // -- places
  ast::Position position(uint32_t offset) const;
  ast::Location location(uint32_t start, uint32_t end) const;
  ast::Location location_from(uint32_t start) const { return location(start, end_of_last_); }
  ast::Location token_location() const { return location(token_.offset, token_.end_offset()); }
  void error(const ast::Location& location, std::string message);

  // Gives a finished node its place; the tree's depth is checked here.
  template <class T>
  std::shared_ptr<T> finish(std::shared_ptr<T> node, uint32_t start, uint32_t children_depth) {
    node->location = location_from(start);
    node->depth = children_depth + 1;
    if (node->depth > static_cast<uint32_t>(ast::kTreeDepthMax)) too_deep(node->location);
    return node;
  }
  void too_deep(const ast::Location& location);

  // -- statements (parser.cc)
  std::vector<ast::StatementPtr> parse_statements(TokenKind last);
  ast::StatementPtr parse_statement();
  ast::StatementPtr parse_statement_after_attributes(uint32_t start);
  std::shared_ptr<ast::Statement> parse_plain_statement(uint32_t start);
  std::shared_ptr<ast::Statement> parse_option(uint32_t start);
  std::shared_ptr<ast::Statement> parse_builtin(uint32_t start);
  std::shared_ptr<ast::Statement> parse_testcase(uint32_t start);
  std::shared_ptr<ast::Statement> parse_assignment(uint32_t start);
  std::shared_ptr<ast::Statement> bad_statement(uint32_t start);
  std::vector<ast::Attribute> parse_attributes();
  std::shared_ptr<const ast::PackageClause> parse_package_clause();
  ast::ImportDeclaration parse_import();
  ast::BlockPtr parse_block();
  ast::Name parse_name();
  bool starts_expression() const;

  // -- expressions (parser_expression.cc), loosest binding first
  ast::ExpressionPtr parse_expression();
  ast::ExpressionPtr parse_conditional();
  ast::ExpressionPtr parse_or();
  ast::ExpressionPtr parse_and();
  ast::ExpressionPtr parse_not();
  ast::ExpressionPtr parse_binary(int level);
  ast::ExpressionPtr parse_pipe();
  ast::ExpressionPtr parse_unary();
  ast::ExpressionPtr parse_postfix();
  ast::ExpressionPtr parse_call(ast::ExpressionPtr callee, uint32_t start);
  ast::ExpressionPtr parse_index(ast::ExpressionPtr object, uint32_t start);
  ast::ExpressionPtr parse_dot(ast::ExpressionPtr object, uint32_t start);
  ast::ExpressionPtr parse_primary();
  ast::ExpressionPtr parse_paren_or_function();
  bool at_function() const;
  ast::ExpressionPtr parse_function(uint32_t start);
  ast::ExpressionPtr bad_expression(std::string text);

  // -- literals and containers (parser_literal.cc)
  ast::ExpressionPtr parse_integer();
  ast::ExpressionPtr parse_float();
  ast::ExpressionPtr parse_duration();
  ast::ExpressionPtr parse_time();
  ast::ExpressionPtr parse_regexp();
  ast::ExpressionPtr parse_label();
  ast::ExpressionPtr parse_string();
  std::shared_ptr<const ast::StringLiteral> parse_plain_string(std::string_view what);
  ast::ExpressionPtr parse_array_or_dictionary();
  ast::ExpressionPtr parse_dictionary(uint32_t start, ast::ExpressionPtr first_key);
  ast::ExpressionPtr parse_object();
  std::vector<ast::Property> parse_properties(TokenKind last, bool parameters);
  ast::Property parse_property(bool parameter);
  void note_piece_errors(const StringPiece& piece, uint32_t start);

  // -- types (parser_type.cc)
  ast::TypeExpression parse_type_expression();
  std::vector<ast::TypeConstraint> parse_constraints();
  ast::TypePtr parse_type();
  void parse_type_in_brackets(ast::Type& type);
  void parse_function_type(ast::Type& type);
  ast::TypeParameter parse_type_parameter();
  void parse_record_type(ast::Type& type);

  std::string_view source_;
  Lexer lexer_;
  Token token_;
  uint32_t end_of_last_ = 0;  // of the last token taken
  int nesting_ = 0;
  bool stopped_ = false;
  std::vector<uint32_t> line_starts_;
  std::vector<SyntaxError> errors_;
  std::vector<ast::Comment> comments_;
};

inline uint32_t depth_of(const ast::ExpressionPtr& expression) {
  return expression ? expression->depth : 0;
}
inline uint32_t depth_of(const std::vector<ast::Property>& properties) {
  uint32_t depth = 0;
  for (const ast::Property& property : properties)
    depth = std::max(depth, depth_of(property.value));
  return depth;
}

// Of the deepest expression among a block's own statements.
inline uint32_t depth_of(const ast::Block& block) {
  uint32_t depth = 0;
  for (const ast::StatementPtr& statement : block.body) {
    if (auto* variable = ast::as<ast::VariableAssignment>(*statement))
      depth = std::max(depth, depth_of(variable->init));
    else if (auto* returned = ast::as<ast::ReturnStatement>(*statement))
      depth = std::max(depth, depth_of(returned->argument));
    else if (auto* expression = ast::as<ast::ExpressionStatement>(*statement))
      depth = std::max(depth, depth_of(expression->expression));
  }
  return depth;
}

}  // namespace weir::query::flux
