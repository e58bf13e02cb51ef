// The formatter's statements, types and comments.
#include "query/flux/format_state.h"

namespace weir::query::flux {
namespace {

// With its attributes.
template <class Node>
uint32_t start_of(const Node& node) {
  return node.attributes.empty() ? node.location.start_offset
                                 : node.attributes.front().location.start_offset;
}

}  // namespace

// ---- Comments ------------------------------------------------------------------------------

bool Formatter::is_comment_between(uint32_t start, uint32_t end) const {
  for (const ast::Comment& comment : comments_) {
    if (comment.start_offset >= end) return false;
    if (comment.start_offset >= start) return true;
  }
  return false;
}

bool Formatter::at_line_start() const {
  const size_t last = out_.find_last_not_of(' ');
  return last == std::string::npos || out_[last] == '\n';
}

void Formatter::comments_before(uint32_t offset) {
  while (!comments_.empty() && comments_.front().start_offset < offset) {
    const bool fresh = at_line_start();
    if (comments_.front().own_line && !fresh)
      line();
    else if (!fresh)
      out_ += ' ';
    out_ += comments_.front().text;
    comments_ = comments_.subspan(1);
    // The next one must not become a part of it.
    if (!comments_.empty() && comments_.front().start_offset < offset &&
        !comments_.front().own_line)
      line();
  }
}

void Formatter::comments_behind(uint32_t offset) {
  if (comments_.empty() || comments_.front().start_offset >= offset) return;
  if (!comments_.front().own_line) comments_before(comments_.front().end_offset);
}

// ---- Types ---------------------------------------------------------------------------------

void Formatter::type_parameter(const ast::TypeParameter& parameter) {
  if (parameter.kind == ast::ParameterKind::optional) out_ += '?';
  if (parameter.kind == ast::ParameterKind::pipe) out_ += "<-";
  out_ += parameter.name.text + ": ";
  type(*parameter.type);
  if (parameter.default_label) out_ += " = ." + parameter.default_label->name;
}

void Formatter::type(const ast::Type& t) {
  switch (t.kind) {
    case ast::TypeKind::named:
    case ast::TypeKind::variable:
      out_ += t.name.text;
      break;
    case ast::TypeKind::label:
      out_ += "." + t.name.text;
      break;
    case ast::TypeKind::dynamic:
      out_ += "dynamic";
      break;
    case ast::TypeKind::array:
    case ast::TypeKind::stream:
    case ast::TypeKind::vector:
      out_ += t.kind == ast::TypeKind::stream   ? "stream["
              : t.kind == ast::TypeKind::vector ? "vector["
                                                : "[";
      type(*t.element);
      out_ += ']';
      break;
    case ast::TypeKind::dictionary:
      out_ += '[';
      type(*t.key);
      out_ += ": ";
      type(*t.element);
      out_ += ']';
      break;
    case ast::TypeKind::function:
      list("(", t.parameters, ")", 0, [this](const auto& item) { type_parameter(item); });
      out_ += " => ";
      type(*t.result);
      break;
    case ast::TypeKind::record:
      list(t.extends.text.empty() ? "{" : "{" + t.extends.text + " with ", t.properties, "}",
           t.location.end_offset, [this](const auto& item) {
             out_ += item.key_quoted ? quoted(item.key) : item.key;
             out_ += ": ";
             type(*item.type);
           });
      break;
  }
}

void Formatter::type_expression(const ast::TypeExpression& expression) {
  type(*expression.type);
  for (size_t i = 0; i < expression.constraints.size(); ++i) {
    const ast::TypeConstraint& constraint = expression.constraints[i];
    out_ += i == 0 ? " where " : ", ";
    out_ += constraint.variable.text + ": ";
    for (size_t k = 0; k < constraint.kinds.size(); ++k)
      out_ += (k == 0 ? "" : " + ") + constraint.kinds[k].text;
  }
}

// ---- Statements ----------------------------------------------------------------------------

void Formatter::attributes(const std::vector<ast::Attribute>& attributes) {
  for (const ast::Attribute& attribute : attributes) {
    out_ += "@" + attribute.name;
    if (!attribute.parameters.empty())
      list("(", attribute.parameters, ")", attribute.location.end_offset,
           [this](const auto& item) { expression(*item.value); });
    line();
  }
}

void Formatter::statement(const ast::Statement& statement) {
  attributes(statement.attributes);
  plain_statement(statement);
}

void Formatter::plain_statement(const ast::Statement& statement) {
  if (auto* s = ast::as<ast::ExpressionStatement>(statement)) {
    expression(*s->expression);
  } else if (auto* variable = ast::as<ast::VariableAssignment>(statement)) {
    out_ += variable->id.text + " = ";
    expression(*variable->init);
  } else if (auto* member = ast::as<ast::MemberAssignment>(statement)) {
    expression(*member->member);
    out_ += " = ";
    expression(*member->init);
  } else if (auto* option = ast::as<ast::OptionStatement>(statement)) {
    out_ += "option ";
    plain_statement(*option->assignment);
  } else if (auto* returned = ast::as<ast::ReturnStatement>(statement)) {
    out_ += "return ";
    expression(*returned->argument);
  } else if (auto* builtin = ast::as<ast::BuiltinStatement>(statement)) {
    out_ += "builtin " + builtin->id.text + " : ";
    type_expression(builtin->type);
  } else if (auto* testcase = ast::as<ast::TestCaseStatement>(statement)) {
    out_ += "testcase " + testcase->id.text + " ";
    if (testcase->extends) out_ += "extends " + quoted(testcase->extends->value) + " ";
    block(*testcase->block);
  } else if (auto* bad = ast::as<ast::BadStatement>(statement)) {
    out_ += bad->text;
  }
}

void Formatter::block(const ast::Block& block) {
  out_ += '{';
  ++indent_;
  for (const ast::StatementPtr& item : block.body) {
    comments_before(start_of(*item));
    line();
    statement(*item);
  }
  comments_before(block.location.end_offset);
  --indent_;
  line();
  out_ += '}';
}

// The comments above something, each on its line.
void Formatter::comments_above(uint32_t offset) {
  if (comments_.empty() || comments_.front().start_offset >= offset) return;
  comments_before(offset);
  out_ += '\n';
}

void Formatter::end_line(uint32_t next) {
  comments_behind(next);
  out_ += '\n';
}

void Formatter::file(const ast::File& file) {
  const uint32_t body = file.body.empty() ? UINT32_MAX : start_of(*file.body.front());
  const uint32_t imports = file.imports.empty() ? body : start_of(file.imports.front());
  if (file.package) {
    comments_above(start_of(*file.package));
    attributes(file.package->attributes);
    out_ += "package " + file.package->name.text;
    end_line(imports);
    out_ += '\n';
  }
  for (size_t i = 0; i < file.imports.size(); ++i) {
    const ast::ImportDeclaration& import = file.imports[i];
    comments_above(start_of(import));
    attributes(import.attributes);
    out_ += "import ";
    if (!import.as.text.empty()) out_ += import.as.text + " ";
    out_ += quoted(import.path);
    end_line(i + 1 < file.imports.size() ? start_of(file.imports[i + 1]) : body);
  }
  if (!file.imports.empty() && !file.body.empty()) out_ += '\n';
  for (size_t i = 0; i < file.body.size(); ++i) {
    const ast::Statement& item = *file.body[i];
    // A query stands by itself; runs of assignments stay together.
    const bool query = item.kind == ast::StatementKind::expression;
    if (i > 0 && (query || file.body[i - 1]->kind != item.kind)) out_ += '\n';
    comments_above(start_of(item));
    statement(item);
    end_line(i + 1 < file.body.size() ? start_of(*file.body[i + 1]) : UINT32_MAX);
  }
  comments_above(UINT32_MAX);
}

}  // namespace weir::query::flux
