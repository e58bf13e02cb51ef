#include "query/flux/format.h"

#include <array>
#include <charconv>

#include "query/flux/calendar.h"

namespace weir::query::flux {
namespace {

constexpr int kIndent = 4;
constexpr size_t kLineMax = 100;  // longer lists are broken, one item a line

// How tightly an expression holds together, loosest first: what needs parentheses inside what.
enum Binding {
  kLoosestBinding,
  kConditionalBinding = kLoosestBinding,
  kOrBinding,
  kAndBinding,
  kNotBinding,
  kCompareBinding,
  kAddBinding,
  kMultiplyBinding,
  kPowerBinding,
  kPipeBinding,
  kSignBinding,
  kPostfixBinding,
};

int binding_of(ast::BinaryOperator op) {
  using ast::BinaryOperator;
  switch (op) {
    case BinaryOperator::power:
      return kPowerBinding;
    case BinaryOperator::multiply:
    case BinaryOperator::divide:
    case BinaryOperator::modulo:
      return kMultiplyBinding;
    case BinaryOperator::add:
    case BinaryOperator::subtract:
      return kAddBinding;
    default:
      return kCompareBinding;
  }
}

int binding_of(const ast::Expression& expression) {
  using Kind = ast::ExpressionKind;
  switch (expression.kind) {
    case Kind::conditional:
      return kConditionalBinding;
    case Kind::pipe_call:
      return kPipeBinding;
    case Kind::binary:
      return binding_of(ast::as<ast::BinaryExpression>(expression)->op);
    case Kind::logical:
      return ast::as<ast::LogicalExpression>(expression)->op == ast::LogicalOperator::logical_and
                 ? kAndBinding
                 : kOrBinding;
    case Kind::unary: {
      auto op = ast::as<ast::UnaryExpression>(expression)->op;
      bool sign = op == ast::UnaryOperator::add || op == ast::UnaryOperator::subtract;
      return sign ? kSignBinding : kNotBinding;
    }
    default:
      return kPostfixBinding;
  }
}

// Whether the text ends with a body that would swallow what follows: `x + (a) => b`.
bool ends_open(const ast::Expression& expression) {
  if (auto* function = ast::as<ast::FunctionExpression>(expression))
    return function->body != nullptr;
  if (auto* binary = ast::as<ast::BinaryExpression>(expression)) return ends_open(*binary->right);
  if (auto* logical = ast::as<ast::LogicalExpression>(expression))
    return ends_open(*logical->right);
  if (auto* unary = ast::as<ast::UnaryExpression>(expression)) return ends_open(*unary->argument);
  return expression.kind == ast::ExpressionKind::conditional;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (size_t i = 0; i < text.size(); ++i) {
    switch (text[i]) {
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '$':
        out += i + 1 < text.size() && text[i + 1] == '{' ? "\\$" : "$";
        break;
      default:
        out += text[i];
    }
  }
  return out + "\"";
}

std::string regexp_text(std::string_view pattern) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out = "/";
  for (size_t i = 0; i < pattern.size(); ++i) {
    auto byte = static_cast<unsigned char>(pattern[i]);
    if (pattern[i] == '\\' && i + 1 < pattern.size()) {
      out += pattern[i];
      out += pattern[++i];
    } else if (pattern[i] == '/') {
      out += "\\/";
    } else if (byte < 0x20) {  // a newline would end the literal
      out += "\\x";
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    } else {
      out += pattern[i];
    }
  }
  return out + "/";
}

std::string float_text(double value) {
  std::array<char, 400> buffer;
  auto end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed);
  std::string text(buffer.data(), end.ptr);
  return text.find('.') == std::string::npos ? text + ".0" : text;
}

class Formatter {
 public:
  std::string take() { return std::move(out_); }
  void file(const ast::File& file);
  // In parentheses if it binds looser than its surroundings ask, or if more follows (`last` is
  // false) and it ends open.
  void expression(const ast::Expression& expression, int binding = kLoosestBinding,
                  bool last = true);

 private:
  void plain(const ast::Expression& expression);
  void literal(const ast::Expression& expression);
  void operation(const ast::Expression& expression);
  void string_expression(const ast::StringExpression& expression);
  void object(const ast::ObjectExpression& object);
  void function(const ast::FunctionExpression& function);
  void call(const ast::CallExpression& call);
  void pipe(const ast::PipeExpression& pipe);
  void property(const ast::Property& property, std::string_view separator);
  void statement(const ast::Statement& statement);
  void plain_statement(const ast::Statement& statement);
  void block(const ast::Block& block);
  void attributes(const std::vector<ast::Attribute>& attributes);
  void type(const ast::Type& type);
  void type_parameter(const ast::TypeParameter& parameter);
  void type_expression(const ast::TypeExpression& expression);

  // Items between brackets on one line, or one a line if that gets too long.
  template <class Items, class Print>
  void list(std::string_view open, const Items& items, std::string_view close, Print print);
  void line() { out_ += '\n', out_.append(static_cast<size_t>(indent_ * kIndent), ' '); }
  size_t column() const { return out_.size() - (out_.rfind('\n') + 1); }

  std::string out_;
  int indent_ = 0;
};

template <class Items, class Print>
void Formatter::list(std::string_view open, const Items& items, std::string_view close,
                     Print print) {
  size_t before = out_.size();
  out_ += open;
  bool first = true;
  for (const auto& item : items) {
    if (!first) out_ += ", ";
    first = false;
    print(item);
  }
  out_ += close;
  bool fits = column() <= kLineMax && out_.find('\n', before) == std::string::npos;
  // Deep inside, one line is better than none: trying both at every level would take for ever.
  if (fits || items.size() < 2 || indent_ > 4) return;
  out_.resize(before);
  out_ += open;
  ++indent_;
  for (const auto& item : items) {
    line();
    print(item);
    out_ += ',';
  }
  --indent_;
  line();
  out_ += close;
}

void Formatter::expression(const ast::Expression& expression, int binding, bool last) {
  bool parentheses = binding_of(expression) < binding || (!last && ends_open(expression));
  if (parentheses) out_ += '(';
  plain(expression);
  if (parentheses) out_ += ')';
}

void Formatter::plain(const ast::Expression& expression) {
  if (auto* e = ast::as<ast::StringExpression>(expression)) {
    string_expression(*e);
  } else if (auto* array = ast::as<ast::ArrayExpression>(expression)) {
    list("[", array->elements, "]", [this](const auto& item) { this->expression(*item); });
  } else if (auto* dictionary = ast::as<ast::DictionaryExpression>(expression)) {
    if (dictionary->elements.empty())
      out_ += "[:]";
    else
      list("[", dictionary->elements, "]", [this](const auto& item) {
        this->expression(*item.key);
        out_ += ": ";
        this->expression(*item.value);
      });
  } else if (auto* record = ast::as<ast::ObjectExpression>(expression)) {
    object(*record);
  } else if (auto* lambda = ast::as<ast::FunctionExpression>(expression)) {
    function(*lambda);
  } else if (auto* called = ast::as<ast::CallExpression>(expression)) {
    call(*called);
  } else if (auto* piped = ast::as<ast::PipeExpression>(expression)) {
    pipe(*piped);
  } else if (auto* paren = ast::as<ast::ParenExpression>(expression)) {
    out_ += '(';
    this->expression(*paren->expression);
    out_ += ')';
  } else if (binding_of(expression) < kPostfixBinding ||
             expression.kind == ast::ExpressionKind::member ||
             expression.kind == ast::ExpressionKind::index) {
    operation(expression);
  } else {
    literal(expression);
  }
}

void Formatter::literal(const ast::Expression& expression) {
  if (auto* identifier = ast::as<ast::Identifier>(expression))
    out_ += identifier->name;
  else if (auto* integer = ast::as<ast::IntegerLiteral>(expression))
    out_ += std::to_string(integer->value);
  else if (auto* number = ast::as<ast::UnsignedIntegerLiteral>(expression))
    out_ += "uint(v: " + quoted(std::to_string(number->value)) + ")";
  else if (auto* floating = ast::as<ast::FloatLiteral>(expression))
    out_ += float_text(floating->value);
  else if (auto* text = ast::as<ast::StringLiteral>(expression))
    out_ += quoted(text->value);
  else if (auto* boolean = ast::as<ast::BooleanLiteral>(expression))
    out_ += boolean->value ? "true" : "false";
  else if (auto* regexp = ast::as<ast::RegexpLiteral>(expression))
    out_ += regexp_text(regexp->pattern);
  else if (auto* label = ast::as<ast::LabelLiteral>(expression))
    out_ += "." + label->name;
  else if (auto* time = ast::as<ast::DateTimeLiteral>(expression))
    out_ += format_time(time->seconds, time->nanosecond, time->offset_seconds);
  else if (auto* duration = ast::as<ast::DurationLiteral>(expression))
    for (const ast::DurationPart& part : duration->parts)
      out_ += std::to_string(part.magnitude) + part.unit;
  else if (expression.kind == ast::ExpressionKind::pipe)
    out_ += "<-";
}

void Formatter::string_expression(const ast::StringExpression& expression) {
  out_ += '"';
  for (const ast::StringPart& part : expression.parts) {
    if (part.expression) {
      out_ += "${";
      this->expression(*part.expression);
      out_ += '}';
    } else {
      std::string text = quoted(part.text);
      out_ += text.substr(1, text.size() - 2);
    }
  }
  out_ += '"';
}

void Formatter::operation(const ast::Expression& expression) {
  // Left-associative: the right side must bind tighter than the operator.
  auto infix = [this](const ast::Expression& left, std::string_view op,
                      const ast::Expression& right, int binding) {
    this->expression(left, binding, false);
    out_ += ' ';
    out_ += op;
    out_ += ' ';
    this->expression(right, binding + 1);
  };
  if (auto* binary = ast::as<ast::BinaryExpression>(expression)) {
    infix(*binary->left, ast::to_string(binary->op), *binary->right, binding_of(binary->op));
  } else if (auto* logical = ast::as<ast::LogicalExpression>(expression)) {
    infix(*logical->left, ast::to_string(logical->op), *logical->right, binding_of(expression));
  } else if (auto* unary = ast::as<ast::UnaryExpression>(expression)) {
    out_ += ast::to_string(unary->op);
    int binding = binding_of(expression);
    bool twice = unary->argument->kind == ast::ExpressionKind::unary;
    if (binding == kNotBinding || twice) out_ += ' ';
    this->expression(*unary->argument, binding);
  } else if (auto* conditional = ast::as<ast::ConditionalExpression>(expression)) {
    out_ += "if ";
    this->expression(*conditional->test);
    out_ += " then ";
    this->expression(*conditional->consequent);
    out_ += " else ";
    this->expression(*conditional->alternate);
  } else if (auto* member = ast::as<ast::MemberExpression>(expression)) {
    this->expression(*member->object, kPostfixBinding, false);
    out_ += member->property_quoted ? "[" + quoted(member->property) + "]" : "." + member->property;
  } else if (auto* index = ast::as<ast::IndexExpression>(expression)) {
    this->expression(*index->array, kPostfixBinding, false);
    out_ += '[';
    this->expression(*index->index);
    out_ += ']';
  }
}

void Formatter::property(const ast::Property& property, std::string_view separator) {
  out_ += property.key_quoted ? quoted(property.key) : property.key;
  if (!property.value) return;
  out_ += separator;
  expression(*property.value);
}

void Formatter::object(const ast::ObjectExpression& object) {
  std::string open = object.with ? "{" + object.with->name + " with" : "{";
  if (object.with && !object.properties.empty()) open += ' ';
  list(open, object.properties, "}", [this](const auto& item) { property(item, ": "); });
}

void Formatter::function(const ast::FunctionExpression& function) {
  list("(", function.parameters, ")", [this](const auto& item) { property(item, "="); });
  out_ += " => ";
  if (function.block)
    block(*function.block);
  else if (function.body->kind == ast::ExpressionKind::object) {
    // A brace would start a block.
    out_ += '(';
    expression(*function.body);
    out_ += ')';
  } else {
    expression(*function.body);
  }
}

void Formatter::call(const ast::CallExpression& call) {
  expression(*call.callee, kPostfixBinding, false);
  if (!call.arguments) {
    out_ += "()";
    return;
  }
  std::string open = call.arguments->with ? "(" + call.arguments->with->name + " with " : "(";
  list(open, call.arguments->properties, ")", [this](const auto& item) { property(item, ": "); });
}

void Formatter::pipe(const ast::PipeExpression& pipe) {
  std::vector<const ast::PipeExpression*> chain = {&pipe};
  while (auto* before = ast::as<ast::PipeExpression>(*chain.back()->argument))
    chain.push_back(before);
  expression(*chain.back()->argument, kSignBinding, false);
  ++indent_;
  for (size_t i = chain.size(); i > 0; --i) {
    if (chain.size() > 1)
      line();
    else
      out_ += ' ';
    out_ += "|> ";
    call(*chain[i - 1]->call);
  }
  --indent_;
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
      list("(", t.parameters, ")", [this](const auto& item) { type_parameter(item); });
      out_ += " => ";
      type(*t.result);
      break;
    case ast::TypeKind::record:
      list(t.extends.text.empty() ? "{" : "{" + t.extends.text + " with ", t.properties, "}",
           [this](const auto& item) {
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
      list("(", attribute.parameters, ")", [this](const auto& item) { expression(*item.value); });
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
    line();
    statement(*item);
  }
  --indent_;
  line();
  out_ += '}';
}

void Formatter::file(const ast::File& file) {
  if (file.package) {
    attributes(file.package->attributes);
    out_ += "package " + file.package->name.text + "\n\n";
  }
  for (const ast::ImportDeclaration& import : file.imports) {
    attributes(import.attributes);
    out_ += "import ";
    if (!import.as.text.empty()) out_ += import.as.text + " ";
    out_ += quoted(import.path) + "\n";
  }
  if (!file.imports.empty() && !file.body.empty()) out_ += '\n';
  const ast::Statement* before = nullptr;
  for (const ast::StatementPtr& item : file.body) {
    // A query stands by itself; runs of assignments stay together.
    bool query = item->kind == ast::StatementKind::expression;
    if (before && (query || before->kind != item->kind)) out_ += '\n';
    statement(*item);
    out_ += '\n';
    before = item.get();
  }
}

}  // namespace

std::string format(const ast::File& file) {
  Formatter formatter;
  formatter.file(file);
  return formatter.take();
}

std::string format(const ast::Expression& expression) {
  Formatter formatter;
  formatter.expression(expression);
  return formatter.take();
}

}  // namespace weir::query::flux
