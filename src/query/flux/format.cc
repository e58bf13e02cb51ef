#include "query/flux/format.h"

#include <array>
#include <charconv>

#include "query/flux/calendar.h"
#include "query/flux/format_state.h"

namespace weir::query::flux {
namespace {

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

}  // namespace

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
    list("[", array->elements, "]", array->location.end_offset,
         [this](const auto& item) { this->expression(*item); });
  } else if (auto* dictionary = ast::as<ast::DictionaryExpression>(expression)) {
    if (dictionary->elements.empty())
      out_ += "[:]";
    else
      list("[", dictionary->elements, "]", dictionary->location.end_offset,
           [this](const auto& item) {
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
  list(open, object.properties, "}", object.location.end_offset,
       [this](const auto& item) { property(item, ": "); });
}

void Formatter::function(const ast::FunctionExpression& function) {
  list("(", function.parameters, ")", 0, [this](const auto& item) { property(item, "="); });
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
  list(open, call.arguments->properties, ")", call.location.end_offset,
       [this](const auto& item) { property(item, ": "); });
}

void Formatter::pipe(const ast::PipeExpression& pipe) {
  std::vector<const ast::PipeExpression*> chain = {&pipe};
  while (auto* before = ast::as<ast::PipeExpression>(*chain.back()->argument))
    chain.push_back(before);
  expression(*chain.back()->argument, kSignBinding, false);
  ++indent_;
  for (size_t i = chain.size(); i > 0; --i) {
    const ast::Expression& argument = *chain[i - 1]->argument;
    const ast::Location& place = chain[i - 1]->call->location;
    const bool commented = is_comment_between(argument.location.end_offset, place.start_offset);
    if (commented) comments_before(place.start_offset);
    if (chain.size() > 1 || commented)
      line();
    else
      out_ += ' ';
    out_ += "|> ";
    call(*chain[i - 1]->call);
  }
  --indent_;
}

std::string format(const ast::File& file) {
  Formatter formatter(file.comments);
  formatter.file(file);
  return formatter.take();
}

std::string format(const ast::Expression& expression) {
  Formatter formatter;
  formatter.expression(expression);
  return formatter.take();
}

}  // namespace weir::query::flux
