#include "query/flux/parser.h"

#include "query/flux/parser_state.h"

namespace weir::query::flux {
namespace {

// Enough to see what is wrong; a megabyte of garbage would otherwise answer with a megabyte.
constexpr size_t kErrorsMax = 50;

}  // namespace

Parser::Parser(std::string_view source) : source_(source), lexer_(source) {
  line_starts_.push_back(0);
  for (size_t i = 0; i < source.size(); ++i)
    if (source[i] == '\n') line_starts_.push_back(static_cast<uint32_t>(i + 1));
}

// ---- Tokens and places ---------------------------------------------------------------------

bool Parser::Nesting::too_deep() {
  if (parser_.nesting_ <= kNestingDepthMax) return false;
  parser_.too_deep(parser_.token_location());
  return true;
}

void Parser::too_deep(const ast::Location& location) {
  if (!stopped_) error(location, "program is nested too deep");
  stop();
}

void Parser::stop() {
  stopped_ = true;
  token_ =
      Token{TokenKind::end, source_.substr(source_.size()), static_cast<uint32_t>(source_.size())};
}

void Parser::advance() {
  end_of_last_ = token_.end_offset();
  if (stopped_) return;
  const uint32_t gap = lexer_.offset();
  token_ = lexer_.next();
  note_comments(gap, token_.offset);
}

void Parser::advance_operand() {
  end_of_last_ = token_.end_offset();
  if (stopped_) return;
  const uint32_t gap = lexer_.offset();
  token_ = lexer_.next_operand();
  note_comments(gap, token_.offset);
}

void Parser::note_comments(uint32_t start, uint32_t end) {
  std::string_view gap = source_.substr(start, end - start);
  while (true) {
    const size_t slashes = gap.find("//");
    if (slashes == std::string_view::npos) return;
    const size_t newline = std::min(gap.find('\n', slashes), gap.size());
    ast::Comment comment;
    comment.start_offset = end - static_cast<uint32_t>(gap.size() - slashes);
    comment.end_offset = end - static_cast<uint32_t>(gap.size() - newline);
    // The parser may look at a token again.
    if (comments_.empty() || comments_.back().start_offset < comment.start_offset) {
      std::string_view text = gap.substr(slashes, newline - slashes);
      text = text.substr(0, text.find_last_not_of(" \t\r") + 1);
      comment.text = std::string(text);
      const size_t line = source_.substr(0, comment.start_offset).rfind('\n') + 1;
      comment.own_line = source_.find_first_not_of(" \t\r", line) == comment.start_offset;
      comments_.push_back(std::move(comment));
    }
    gap.remove_prefix(newline);
  }
}

bool Parser::skip(TokenKind kind) {
  if (!at(kind)) return false;
  advance();
  return true;
}

Token Parser::peek() {
  uint32_t here = lexer_.offset();
  Token following = lexer_.next();
  lexer_.rewind(here);
  return following;
}

std::string Parser::describe_token() const {
  std::string text(to_string(token_.kind));
  if (at(TokenKind::end)) return text;
  ast::Position place = position(token_.offset);
  return text + " (" + std::string(token_.text) + ") at " + std::to_string(place.line) + ":" +
         std::to_string(place.column);
}

bool Parser::expect(TokenKind kind) {
  if (skip(kind)) return true;
  error(token_location(), "expected " + std::string(to_string(kind)) + ", got " + describe_token());
  return false;
}

void Parser::expect_closing(TokenKind kind) {
  if (expect(kind)) return;
  // Skips to where this bracket closes, so that one mistake gives one message.
  int open = 0;
  while (!at(TokenKind::end)) {
    switch (token_.kind) {
      case TokenKind::left_paren:
      case TokenKind::left_bracket:
      case TokenKind::left_brace:
        ++open;
        break;
      case TokenKind::right_paren:
      case TokenKind::right_bracket:
      case TokenKind::right_brace:
        if (open == 0) {
          if (at(kind)) advance();
          return;
        }
        --open;
        break;
      case TokenKind::quote:
        while (lexer_.next_string_part().end == StringPiece::End::interpolation) {
        }
        break;
      default:
        break;
    }
    advance();
  }
}

ast::Position Parser::position(uint32_t offset) const {
  auto line = std::upper_bound(line_starts_.begin(), line_starts_.end(), offset) - 1;
  return {static_cast<uint32_t>(line - line_starts_.begin()) + 1, offset - *line + 1};
}

ast::Location Parser::location(uint32_t start, uint32_t end) const {
  end = std::max(start, end);
  return {position(start), position(end), start, end};
}

void Parser::error(const ast::Location& location, std::string message) {
  if (!stopped_ && errors_.size() < kErrorsMax) errors_.push_back({location, std::move(message)});
}

// ---- Files ---------------------------------------------------------------------------------

ParsedFile Parser::parse_file(std::string_view name) {
  auto file = std::make_shared<ast::File>();
  file->name = std::string(name);
  file->source = std::string(source_);
  advance_operand();
  uint32_t start = token_.offset;
  std::vector<ast::Attribute> attributes = parse_attributes();
  if (at(TokenKind::keyword_package)) {
    auto package = std::make_shared<ast::PackageClause>(*parse_package_clause());
    package->attributes = std::exchange(attributes, {});
    file->package = std::move(package);
    attributes = parse_attributes();
  }
  while (at(TokenKind::keyword_import)) {
    ast::ImportDeclaration import = parse_import();
    import.attributes = std::exchange(attributes, {});
    file->imports.push_back(std::move(import));
    attributes = parse_attributes();
  }
  if (!attributes.empty() && !at(TokenKind::end)) {
    auto statement = parse_plain_statement(attributes.front().location.start_offset);
    statement->attributes = std::move(attributes);
    file->body.push_back(std::move(statement));
  } else if (!attributes.empty()) {
    error(attributes.front().location, "attribute stands before no statement");
  }
  for (ast::StatementPtr& statement : parse_statements(TokenKind::end))
    file->body.push_back(std::move(statement));
  file->location = location_from(start);
  file->comments = std::move(comments_);
  std::stable_sort(errors_.begin(), errors_.end(), [](const SyntaxError& a, const SyntaxError& b) {
    return a.location.start_offset < b.location.start_offset;
  });
  return {std::move(file), std::move(errors_)};
}

std::shared_ptr<const ast::PackageClause> Parser::parse_package_clause() {
  auto package = std::make_shared<ast::PackageClause>();
  uint32_t start = token_.offset;
  advance();
  package->name = parse_name();
  package->location = location_from(start);
  return package;
}

ast::ImportDeclaration Parser::parse_import() {
  ast::ImportDeclaration import;
  uint32_t start = token_.offset;
  advance();
  if (at(TokenKind::identifier)) import.as = parse_name();
  if (auto path = parse_plain_string("import path")) {
    import.path = path->value;
    import.path_location = path->location;
  }
  import.location = location_from(start);
  return import;
}

std::vector<ast::Attribute> Parser::parse_attributes() {
  std::vector<ast::Attribute> attributes;
  while (at(TokenKind::attribute)) {
    ast::Attribute attribute;
    uint32_t start = token_.offset;
    advance();
    attribute.name = parse_name().text;
    if (skip(TokenKind::left_paren)) {
      while (!at(TokenKind::right_paren) && !at(TokenKind::end)) {
        ast::AttributeParameter parameter;
        uint32_t parameter_start = token_.offset;
        parameter.value = parse_primary();
        if (parameter.value->kind == ast::ExpressionKind::bad) break;
        skip(TokenKind::comma);
        parameter.location = location_from(parameter_start);
        attribute.parameters.push_back(std::move(parameter));
      }
      expect_closing(TokenKind::right_paren);
    }
    attribute.location = location_from(start);
    attributes.push_back(std::move(attribute));
  }
  return attributes;
}

ast::Name Parser::parse_name() {
  ast::Name name;
  name.location = token_location();
  if (at(TokenKind::identifier)) {
    name.text = std::string(token_.text);
    advance();
  } else {
    name.location = location(token_.offset, token_.offset);
    error(token_location(), "expected IDENT, got " + describe_token());
  }
  return name;
}

// ---- Statements ----------------------------------------------------------------------------

std::vector<ast::StatementPtr> Parser::parse_statements(TokenKind last) {
  std::vector<ast::StatementPtr> statements;
  while (!at(last) && !at(TokenKind::end)) statements.push_back(parse_statement());
  return statements;
}

ast::StatementPtr Parser::parse_statement() {
  uint32_t start = token_.offset;
  std::vector<ast::Attribute> attributes = parse_attributes();
  if (!attributes.empty() && at(TokenKind::end)) {
    error(attributes.front().location, "attribute stands before no statement");
    return bad_statement(start);
  }
  std::shared_ptr<ast::Statement> statement = parse_plain_statement(start);
  statement->attributes = std::move(attributes);
  return statement;
}

std::shared_ptr<ast::Statement> Parser::parse_plain_statement(uint32_t start) {
  // A statement that starts with an attribute starts behind it, as InfluxDB has it.
  start = std::max(start, token_.offset);
  switch (token_.kind) {
    case TokenKind::keyword_option:
      return parse_option(start);
    case TokenKind::keyword_builtin:
      return parse_builtin(start);
    case TokenKind::keyword_testcase:
      return parse_testcase(start);
    case TokenKind::keyword_return: {
      auto statement = std::make_shared<ast::ReturnStatement>();
      advance_operand();
      statement->argument = parse_expression();
      statement->location = location_from(start);
      return statement;
    }
    case TokenKind::identifier:
      if (peek().kind == TokenKind::assign) return parse_assignment(start);
      break;
    default:
      break;
  }
  if (token_.kind == TokenKind::divide) {
    lexer_.rewind(token_.offset);
    token_ = lexer_.next_operand();
  }
  if (starts_expression()) {
    auto statement = std::make_shared<ast::ExpressionStatement>();
    statement->expression = parse_expression();
    statement->location = location_from(start);
    return statement;
  }
  error(token_location(), "invalid statement: " + std::string(token_.text));
  return bad_statement(start);
}

bool Parser::starts_expression() const {
  switch (token_.kind) {
    case TokenKind::identifier:
    case TokenKind::integer:
    case TokenKind::floating:
    case TokenKind::duration:
    case TokenKind::time:
    case TokenKind::regexp:
    case TokenKind::quote:
    case TokenKind::pipe_receive:
    case TokenKind::left_paren:
    case TokenKind::left_bracket:
    case TokenKind::left_brace:
    case TokenKind::add:
    case TokenKind::subtract:
    case TokenKind::divide:
    case TokenKind::keyword_not:
    case TokenKind::keyword_exists:
    case TokenKind::keyword_if:
      return true;
    default:
      return false;
  }
}

std::shared_ptr<ast::Statement> Parser::bad_statement(uint32_t start) {
  auto statement = std::make_shared<ast::BadStatement>();
  statement->text = std::string(token_.text);
  advance_operand();
  statement->location = location_from(start);
  return statement;
}

std::shared_ptr<ast::Statement> Parser::parse_assignment(uint32_t start) {
  auto assignment = std::make_shared<ast::VariableAssignment>();
  assignment->id = parse_name();
  advance_operand();  // the `=`
  assignment->init = parse_expression();
  assignment->location = location_from(start);
  return assignment;
}

std::shared_ptr<ast::Statement> Parser::parse_option(uint32_t start) {
  uint32_t keyword = token_.offset;
  if (peek().kind != TokenKind::identifier) {
    error(token_location(), "invalid statement: option");
    return bad_statement(keyword);
  }
  advance();
  auto statement = std::make_shared<ast::OptionStatement>();
  uint32_t name_start = token_.offset;
  if (peek().kind == TokenKind::dot) {
    auto object = std::make_shared<ast::Identifier>();
    object->name = std::string(token_.text);
    advance();
    auto assignment = std::make_shared<ast::MemberAssignment>();
    auto member = std::make_shared<ast::MemberExpression>();
    member->object = finish(std::move(object), name_start, 0);
    advance();  // the dot
    ast::Name property = parse_name();
    member->property = property.text;
    member->property_location = property.location;
    assignment->member = finish(std::move(member), name_start, 1);
    if (at(TokenKind::assign))
      advance_operand();
    else
      expect(TokenKind::assign);
    assignment->init = parse_expression();
    assignment->location = location_from(name_start);
    statement->assignment = std::move(assignment);
  } else {
    auto assignment = std::make_shared<ast::VariableAssignment>();
    assignment->id = parse_name();
    if (at(TokenKind::assign))
      advance_operand();
    else
      expect(TokenKind::assign);
    assignment->init = parse_expression();
    assignment->location = location_from(name_start);
    statement->assignment = std::move(assignment);
  }
  statement->location = location_from(start);
  return statement;
}

std::shared_ptr<ast::Statement> Parser::parse_builtin(uint32_t start) {
  auto statement = std::make_shared<ast::BuiltinStatement>();
  advance();
  statement->id = parse_name();
  expect(TokenKind::colon);
  statement->type = parse_type_expression();
  statement->location = location_from(start);
  return statement;
}

std::shared_ptr<ast::Statement> Parser::parse_testcase(uint32_t start) {
  auto statement = std::make_shared<ast::TestCaseStatement>();
  advance();
  statement->id = parse_name();
  if (at_word("extends")) {
    advance();
    statement->extends = parse_plain_string("test case to extend");
  }
  statement->block = parse_block();
  statement->location = location_from(start);
  return statement;
}

ast::BlockPtr Parser::parse_block() {
  auto block = std::make_shared<ast::Block>();
  uint32_t start = token_.offset;
  Nesting nesting(*this);
  if (nesting.too_deep()) return block;
  if (at(TokenKind::left_brace))
    advance_operand();
  else
    expect(TokenKind::left_brace);
  block->body = parse_statements(TokenKind::right_brace);
  expect(TokenKind::right_brace);
  block->location = location_from(start);
  return block;
}

// ---- Entry ---------------------------------------------------------------------------------

std::string describe(const ast::Location& location, std::string_view message) {
  return "error " + ast::to_string(location) + ": " + std::string(message);
}

ParsedFile parse_file(std::string_view source, std::string_view name) {
  if (source.size() > kSourceBytesMax) {
    ParsedFile parsed;
    parsed.file = std::make_shared<ast::File>();
    parsed.errors.push_back({{{1, 1}, {1, 1}, 0, 0},
                             "script is too large: got " + std::to_string(source.size()) +
                                 " bytes, wanted at most " + std::to_string(kSourceBytesMax)});
    return parsed;
  }
  return Parser(source).parse_file(name);
}

Result<ast::Package> parse_package(std::string_view source, std::string_view name) {
  ParsedFile parsed = parse_file(source, name);
  if (!parsed.errors.empty()) return compilation_error(parsed.errors);
  ast::Package package;
  if (parsed.file->package) package.name = parsed.file->package->name.text;
  package.files.push_back(std::move(parsed.file));
  return package;
}

Error compilation_error(const std::vector<SyntaxError>& errors) {
  std::string message = "compilation failed: ";
  for (size_t i = 0; i < errors.size(); ++i) {
    if (i > 0) message += "\n\n";
    message += describe(errors[i].location, errors[i].message);
  }
  return {Errc::invalid, std::move(message)};
}

}  // namespace weir::query::flux
