#include "query/flux/ast_json.h"

#include "base/json.h"
#include "query/flux/calendar.h"

namespace weir::query::flux {
namespace {

using nlohmann::json;

// Writes nodes; `source` is the file's text, from which each location's own piece is cut.
class Writer {
 public:
  explicit Writer(std::string_view source) : source_(source) {}

  json file(const ast::File& file) const;
  json expression(const ast::Expression& expression) const;

 private:
  json node(std::string_view type, const ast::Location& location) const;
  json name(const ast::Name& name) const;
  json name(const std::string& text, const ast::Location& location) const;
  json text_literal(std::string_view type, const std::string& value,
                    const ast::Location& location) const;
  json optional(const ast::ExpressionPtr& child) const {
    return child ? expression(*child) : json(nullptr);
  }
  json key(const std::string& text, bool quoted, const ast::Location& location) const;
  json property(const ast::Property& property) const;
  json properties(const std::vector<ast::Property>& properties) const;
  json block(const ast::Block& block) const;
  json statements(const std::vector<ast::StatementPtr>& body) const;
  json statement(const ast::Statement& statement) const;
  json assignment(const ast::Statement& statement) const;
  json attributes(const std::vector<ast::Attribute>& attributes) const;
  json type(const ast::Type& type) const;
  json type_parameter(const ast::TypeParameter& parameter) const;
  json type_expression(const ast::TypeExpression& expression) const;

  json literal(const ast::Expression& expression) const;
  json container(const ast::Expression& expression) const;
  json operation(const ast::Expression& expression) const;
  json function(const ast::FunctionExpression& function) const;
  json call(const ast::CallExpression& call) const;

  std::string_view source_;
};

json Writer::node(std::string_view type, const ast::Location& location) const {
  json out = {{"type", std::string(type)}};
  if (location.start.line == 0) return out;
  auto position = [](const ast::Position& p) {
    return json{{"line", p.line}, {"column", p.column}};
  };
  out["location"] = {{"start", position(location.start)}, {"end", position(location.end)}};
  if (location.end_offset <= source_.size() && location.start_offset < location.end_offset)
    out["location"]["source"] = std::string(
        source_.substr(location.start_offset, location.end_offset - location.start_offset));
  return out;
}

json Writer::name(const std::string& text, const ast::Location& location) const {
  json out = node("Identifier", location);
  out["name"] = text;
  return out;
}
json Writer::name(const ast::Name& n) const { return name(n.text, n.location); }

json Writer::text_literal(std::string_view type, const std::string& value,
                          const ast::Location& location) const {
  json out = node(type, location);
  out["value"] = value;
  return out;
}

json Writer::key(const std::string& text, bool quoted, const ast::Location& location) const {
  return quoted ? text_literal("StringLiteral", text, location) : name(text, location);
}

json Writer::property(const ast::Property& property) const {
  json out = node("Property", property.location);
  out["key"] = key(property.key, property.key_quoted, property.key_location);
  out["value"] = optional(property.value);
  return out;
}

json Writer::properties(const std::vector<ast::Property>& list) const {
  json out = json::array();
  for (const ast::Property& item : list) out.push_back(property(item));
  return out;
}

// ---- Expressions ---------------------------------------------------------------------------

json Writer::expression(const ast::Expression& expression) const {
  using Kind = ast::ExpressionKind;
  switch (expression.kind) {
    case Kind::string_expression:
    case Kind::array:
    case Kind::dictionary:
    case Kind::object:
      return container(expression);
    case Kind::function:
      return function(*ast::as<ast::FunctionExpression>(expression));
    case Kind::call:
      return call(*ast::as<ast::CallExpression>(expression));
    case Kind::pipe_call:
    case Kind::member:
    case Kind::index:
    case Kind::unary:
    case Kind::binary:
    case Kind::logical:
    case Kind::conditional:
    case Kind::paren:
      return operation(expression);
    default:
      return literal(expression);
  }
}

json Writer::literal(const ast::Expression& expression) const {
  const ast::Location& at = expression.location;
  if (auto* e = ast::as<ast::Identifier>(expression)) return name(e->name, at);
  if (auto* e = ast::as<ast::IntegerLiteral>(expression))
    return text_literal("IntegerLiteral", std::to_string(e->value), at);
  if (auto* e = ast::as<ast::UnsignedIntegerLiteral>(expression))
    return text_literal("UnsignedIntegerLiteral", std::to_string(e->value), at);
  if (auto* e = ast::as<ast::StringLiteral>(expression))
    return text_literal("StringLiteral", e->value, at);
  if (auto* e = ast::as<ast::RegexpLiteral>(expression))
    return text_literal("RegexpLiteral", e->pattern, at);
  if (auto* e = ast::as<ast::LabelLiteral>(expression))
    return text_literal("LabelLiteral", e->name, at);
  if (auto* e = ast::as<ast::DateTimeLiteral>(expression))
    return text_literal("DateTimeLiteral",
                        format_time(e->seconds, e->nanosecond, e->offset_seconds), at);
  if (auto* e = ast::as<ast::FloatLiteral>(expression)) {
    json out = node("FloatLiteral", at);
    out["value"] = e->value;
    return out;
  }
  if (auto* e = ast::as<ast::BooleanLiteral>(expression)) {
    json out = node("BooleanLiteral", at);
    out["value"] = e->value;
    return out;
  }
  if (auto* e = ast::as<ast::DurationLiteral>(expression)) {
    json out = node("DurationLiteral", at);
    out["values"] = json::array();
    for (const ast::DurationPart& part : e->parts)
      out["values"].push_back({{"magnitude", part.magnitude}, {"unit", part.unit}});
    return out;
  }
  if (expression.kind == ast::ExpressionKind::pipe) return node("PipeLiteral", at);
  json out = node("BadExpression", at);
  if (auto* e = ast::as<ast::BadExpression>(expression)) out["text"] = e->text;
  return out;
}

json Writer::container(const ast::Expression& expression) const {
  const ast::Location& at = expression.location;
  if (auto* e = ast::as<ast::StringExpression>(expression)) {
    json out = node("StringExpression", at);
    out["parts"] = json::array();
    for (const ast::StringPart& part : e->parts) {
      json item = node(part.expression ? "InterpolatedPart" : "TextPart", part.location);
      if (part.expression)
        item["expression"] = this->expression(*part.expression);
      else
        item["value"] = part.text;
      out["parts"].push_back(std::move(item));
    }
    return out;
  }
  if (auto* e = ast::as<ast::ArrayExpression>(expression)) {
    json out = node("ArrayExpression", at);
    out["elements"] = json::array();
    for (const ast::ExpressionPtr& element : e->elements)
      out["elements"].push_back(this->expression(*element));
    return out;
  }
  if (auto* e = ast::as<ast::DictionaryExpression>(expression)) {
    json out = node("DictExpression", at);
    out["elements"] = json::array();
    for (const ast::DictionaryItem& item : e->elements)
      out["elements"].push_back({{"type", "DictItem"},
                                 {"key", this->expression(*item.key)},
                                 {"val", this->expression(*item.value)}});
    return out;
  }
  auto* e = ast::as<ast::ObjectExpression>(expression);
  json out = node("ObjectExpression", at);
  if (e->with) out["with"] = this->expression(*e->with);
  out["properties"] = properties(e->properties);
  return out;
}

json Writer::function(const ast::FunctionExpression& function) const {
  json out = node("FunctionExpression", function.location);
  out["params"] = properties(function.parameters);
  out["body"] = function.block ? block(*function.block) : expression(*function.body);
  return out;
}

json Writer::call(const ast::CallExpression& call) const {
  json out = node("CallExpression", call.location);
  out["callee"] = expression(*call.callee);
  if (call.arguments) out["arguments"] = json::array({expression(*call.arguments)});
  return out;
}

json Writer::operation(const ast::Expression& expression) const {
  const ast::Location& at = expression.location;
  if (auto* e = ast::as<ast::PipeExpression>(expression)) {
    json out = node("PipeExpression", at);
    out["argument"] = this->expression(*e->argument);
    out["call"] = call(*e->call);
    return out;
  }
  if (auto* e = ast::as<ast::MemberExpression>(expression)) {
    json out = node("MemberExpression", at);
    out["object"] = this->expression(*e->object);
    out["property"] = key(e->property, e->property_quoted, e->property_location);
    return out;
  }
  if (auto* e = ast::as<ast::IndexExpression>(expression)) {
    json out = node("IndexExpression", at);
    out["array"] = this->expression(*e->array);
    out["index"] = this->expression(*e->index);
    return out;
  }
  if (auto* e = ast::as<ast::UnaryExpression>(expression)) {
    json out = node("UnaryExpression", at);
    out["operator"] = std::string(ast::to_string(e->op));
    out["argument"] = this->expression(*e->argument);
    return out;
  }
  if (auto* e = ast::as<ast::ParenExpression>(expression)) {
    json out = node("ParenExpression", at);
    out["expression"] = this->expression(*e->expression);
    return out;
  }
  if (auto* e = ast::as<ast::ConditionalExpression>(expression)) {
    json out = node("ConditionalExpression", at);
    out["test"] = this->expression(*e->test);
    out["consequent"] = this->expression(*e->consequent);
    out["alternate"] = this->expression(*e->alternate);
    return out;
  }
  auto infix = [&](std::string_view type, std::string_view op, const ast::ExpressionPtr& left,
                   const ast::ExpressionPtr& right) {
    json out = node(type, at);
    out["operator"] = std::string(op);
    out["left"] = this->expression(*left);
    out["right"] = this->expression(*right);
    return out;
  };
  if (auto* e = ast::as<ast::LogicalExpression>(expression))
    return infix("LogicalExpression", ast::to_string(e->op), e->left, e->right);
  auto* e = ast::as<ast::BinaryExpression>(expression);
  return infix("BinaryExpression", ast::to_string(e->op), e->left, e->right);
}

// ---- Types ---------------------------------------------------------------------------------

json Writer::type_parameter(const ast::TypeParameter& parameter) const {
  constexpr std::string_view kTypes[] = {"Required", "Optional", "Pipe"};
  json out = node(kTypes[static_cast<size_t>(parameter.kind)], parameter.location);
  if (!parameter.name.text.empty()) out["name"] = name(parameter.name);
  out["monotype"] = type(*parameter.type);
  if (parameter.kind == ast::ParameterKind::optional)
    out["default"] = parameter.default_label ? expression(*parameter.default_label) : json(nullptr);
  return out;
}

json Writer::type(const ast::Type& type) const {
  constexpr std::string_view kTypes[] = {"NamedType",  "TvarType", "ArrayType",   "StreamType",
                                         "VectorType", "DictType", "DynamicType", "FunctionType",
                                         "RecordType", "LabelType"};
  json out = node(kTypes[static_cast<size_t>(type.kind)], type.location);
  switch (type.kind) {
    case ast::TypeKind::named:
    case ast::TypeKind::variable:
      out["name"] = name(type.name);
      break;
    case ast::TypeKind::label:
      out["value"] = type.name.text;
      break;
    case ast::TypeKind::array:
    case ast::TypeKind::stream:
    case ast::TypeKind::vector:
      out["element"] = this->type(*type.element);
      break;
    case ast::TypeKind::dictionary:
      out["key"] = this->type(*type.key);
      out["val"] = this->type(*type.element);
      break;
    case ast::TypeKind::dynamic:
      break;
    case ast::TypeKind::function:
      out["parameters"] = json::array();
      for (const ast::TypeParameter& parameter : type.parameters)
        out["parameters"].push_back(type_parameter(parameter));
      out["monotype"] = this->type(*type.result);
      break;
    case ast::TypeKind::record:
      if (!type.extends.text.empty()) out["tvar"] = name(type.extends);
      out["properties"] = json::array();
      for (const ast::TypeProperty& property : type.properties) {
        json item = node("PropertyType", property.location);
        item["name"] = key(property.key, property.key_quoted, property.key_location);
        item["monotype"] = this->type(*property.type);
        out["properties"].push_back(std::move(item));
      }
      break;
  }
  return out;
}

json Writer::type_expression(const ast::TypeExpression& expression) const {
  json out = node("TypeExpression", expression.location);
  out["monotype"] = type(*expression.type);
  out["constraints"] = json::array();
  for (const ast::TypeConstraint& constraint : expression.constraints) {
    json item = node("TypeConstraint", constraint.location);
    item["tvar"] = name(constraint.variable);
    item["kinds"] = json::array();
    for (const ast::Name& kind : constraint.kinds) item["kinds"].push_back(name(kind));
    out["constraints"].push_back(std::move(item));
  }
  return out;
}

// ---- Statements and files ------------------------------------------------------------------

json Writer::attributes(const std::vector<ast::Attribute>& attributes) const {
  json out = json::array();
  for (const ast::Attribute& attribute : attributes) {
    json item = node("Attribute", attribute.location);
    item["name"] = attribute.name;
    item["params"] = json::array();
    for (const ast::AttributeParameter& parameter : attribute.parameters) {
      json value = node("AttributeParam", parameter.location);
      value["value"] = expression(*parameter.value);
      item["params"].push_back(std::move(value));
    }
    out.push_back(std::move(item));
  }
  return out;
}

json Writer::block(const ast::Block& block) const {
  json out = node("Block", block.location);
  out["body"] = statements(block.body);
  return out;
}

json Writer::statements(const std::vector<ast::StatementPtr>& body) const {
  json out = json::array();
  for (const ast::StatementPtr& item : body) out.push_back(statement(*item));
  return out;
}

json Writer::assignment(const ast::Statement& statement) const {
  if (auto* s = ast::as<ast::VariableAssignment>(statement)) {
    json out = node("VariableAssignment", s->location);
    out["id"] = name(s->id);
    out["init"] = expression(*s->init);
    return out;
  }
  auto* s = ast::as<ast::MemberAssignment>(statement);
  json out = node("MemberAssignment", s->location);
  out["member"] = expression(*s->member);
  out["init"] = expression(*s->init);
  return out;
}

json Writer::statement(const ast::Statement& statement) const {
  json out;
  const ast::Location& at = statement.location;
  if (auto* s = ast::as<ast::ExpressionStatement>(statement)) {
    out = node("ExpressionStatement", at);
    out["expression"] = expression(*s->expression);
  } else if (auto* option = ast::as<ast::OptionStatement>(statement)) {
    out = node("OptionStatement", at);
    out["assignment"] = assignment(*option->assignment);
  } else if (auto* returned = ast::as<ast::ReturnStatement>(statement)) {
    out = node("ReturnStatement", at);
    out["argument"] = expression(*returned->argument);
  } else if (auto* builtin = ast::as<ast::BuiltinStatement>(statement)) {
    out = node("BuiltinStatement", at);
    out["id"] = name(builtin->id);
    out["ty"] = type_expression(builtin->type);
  } else if (auto* testcase = ast::as<ast::TestCaseStatement>(statement)) {
    out = node("TestCaseStatement", at);
    out["id"] = name(testcase->id);
    if (testcase->extends) out["extends"] = expression(*testcase->extends);
    out["block"] = block(*testcase->block);
  } else if (auto* bad = ast::as<ast::BadStatement>(statement)) {
    out = node("BadStatement", at);
    out["text"] = bad->text;
  } else {
    out = assignment(statement);
  }
  if (!statement.attributes.empty()) out["attributes"] = attributes(statement.attributes);
  return out;
}

json Writer::file(const ast::File& file) const {
  json out = node("File", file.location);
  if (!file.name.empty()) out["name"] = file.name;
  out["metadata"] = "parser-type=weir";
  out["package"] = nullptr;
  if (file.package) {
    json package = node("PackageClause", file.package->location);
    package["name"] = name(file.package->name);
    if (!file.package->attributes.empty())
      package["attributes"] = attributes(file.package->attributes);
    out["package"] = std::move(package);
  }
  out["imports"] = json::array();
  for (const ast::ImportDeclaration& import : file.imports) {
    json item = node("ImportDeclaration", import.location);
    item["as"] = import.as.text.empty() ? json(nullptr) : name(import.as);
    item["path"] = text_literal("StringLiteral", import.path, import.path_location);
    if (!import.attributes.empty()) item["attributes"] = attributes(import.attributes);
    out["imports"].push_back(std::move(item));
  }
  out["body"] = statements(file.body);
  return out;
}

}  // namespace

json to_json(const ast::File& file) { return Writer(file.source).file(file); }

json to_json(const ast::Expression& expression, std::string_view source) {
  return Writer(source).expression(expression);
}

json to_json(const ast::Package& package) {
  json out = {{"type", "Package"}, {"package", package.name}, {"files", json::array()}};
  if (!package.path.empty()) out["path"] = package.path;
  for (const ast::FilePtr& file : package.files) out["files"].push_back(to_json(*file));
  return out;
}

}  // namespace weir::query::flux
