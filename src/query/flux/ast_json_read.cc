#include <charconv>

#include "base/json.h"
#include "query/flux/ast_json.h"
#include "query/flux/calendar.h"
#include "query/flux/duration.h"
#include "query/flux/value.h"

namespace weir::query::flux {
namespace {

using nlohmann::json;

// Reads nodes; a document nests at most this deep before it is refused.
constexpr int kAstDepthMax = 400;

Error wrong(std::string_view what, std::string_view wanted) {
  return {Errc::invalid, "invalid AST: " + std::string(what) + ": wanted " + std::string(wanted)};
}

const json* member(const json& node, const char* key) {
  auto found = node.find(key);
  return found == node.end() || found->is_null() ? nullptr : &*found;
}

Result<const json*> wanted_member(const json& node, const char* key, std::string_view of) {
  if (!node.is_object()) return wrong(of, "a JSON object");
  if (const json* found = member(node, key)) return found;
  return wrong(of, "a member \"" + std::string(key) + "\"");
}

Result<std::string> text_member(const json& node, const char* key, std::string_view of) {
  WEIR_TRY(const json* found, wanted_member(node, key, of));
  if (!found->is_string()) return wrong(of, "a string in \"" + std::string(key) + "\"");
  return found->get<std::string>();
}

uint32_t number_or_zero(const json& node, const char* key) {
  auto found = node.find(key);
  return found != node.end() && found->is_number_unsigned()
             ? static_cast<uint32_t>(std::min<uint64_t>(found->get<uint64_t>(), UINT32_MAX))
             : 0;
}

ast::Location read_location(const json& node) {
  ast::Location location;
  const json* place = node.is_object() ? member(node, "location") : nullptr;
  if (place == nullptr || !place->is_object()) return location;
  auto position = [&](const char* key) {
    const json* p = member(*place, key);
    if (p == nullptr || !p->is_object()) return ast::Position{};
    return ast::Position{number_or_zero(*p, "line"), number_or_zero(*p, "column")};
  };
  location.start = position("start");
  location.end = position("end");
  return location;
}

std::string type_of(const json& node) {
  if (!node.is_object()) return "";
  auto found = node.find("type");
  return found != node.end() && found->is_string() ? found->get<std::string>() : "";
}

bool is_name(std::string_view text) {
  if (text.empty()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    auto c = static_cast<unsigned char>(text[i]);
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
    if (!letter && !(i > 0 && c >= '0' && c <= '9')) return false;
  }
  return true;
}

// Go writes int64 as a JSON string, other clients as a number.
template <class Number>
Result<Number> read_integer(const json& node, std::string_view of) {
  WEIR_TRY(const json* value, wanted_member(node, "value", of));
  if (value->is_number_integer()) {
    if (value->is_number_unsigned() ? std::in_range<Number>(value->get<uint64_t>())
                                    : std::in_range<Number>(value->get<int64_t>()))
      return static_cast<Number>(value->get<int64_t>());
  } else if (value->is_string()) {
    const std::string text = value->get<std::string>();
    Number number = 0;
    auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
    if (parsed.ec == std::errc() && parsed.ptr == text.data() + text.size()) return number;
  }
  return wrong(of, "a 64-bit integer in \"value\"");
}

class Reader {
 public:
  Result<ast::FilePtr> file(const json& node);

 private:
  struct Level {
    explicit Level(int& d) : depth(d) { ++depth; }
    ~Level() { --depth; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;
    int& depth;
  };

  Result<ast::ExpressionPtr> expression(const json& node);
  Result<ast::ExpressionPtr> child(const json& node, const char* key, std::string_view of);
  Result<ast::ExpressionPtr> literal(const json& node, const std::string& type);
  Result<ast::ExpressionPtr> duration(const json& node);
  Result<ast::ExpressionPtr> container(const json& node, const std::string& type);
  Result<ast::ExpressionPtr> string_expression(const json& node);
  Result<ast::ExpressionPtr> dictionary(const json& node);
  Result<ast::ExpressionPtr> operation(const json& node, const std::string& type);
  Result<ast::ExpressionPtr> infix(const json& node, const std::string& type);
  Result<ast::ExpressionPtr> unary(const json& node);
  Result<ast::ExpressionPtr> pipe(const json& node);
  Result<ast::ExpressionPtr> member_expression(const json& node);
  Result<ast::ExpressionPtr> conditional(const json& node);
  Result<std::shared_ptr<const ast::ObjectExpression>> object(const json& node);
  Result<std::shared_ptr<const ast::CallExpression>> call(const json& node);
  Result<ast::ExpressionPtr> function(const json& node);
  Result<std::vector<ast::Property>> properties(const json& node, const char* key,
                                                std::string_view of);
  Result<ast::Property> property(const json& node);
  Result<ast::Name> name(const json& node, std::string_view of);
  Result<ast::BlockPtr> block(const json& node);
  Result<std::vector<ast::StatementPtr>> statements(const json& node, std::string_view of);
  Result<ast::StatementPtr> statement(const json& node);
  Result<ast::StatementPtr> assignment(const json& node, const std::string& type);
  Result<ast::StatementPtr> testcase(const json& node);

  template <class T>
  static std::shared_ptr<T> placed(std::shared_ptr<T> made, const json& node, uint32_t depth) {
    made->location = read_location(node);
    made->depth = depth + 1;
    return made;
  }

  int depth_ = 0;
};

Result<ast::Name> Reader::name(const json& node, std::string_view of) {
  ast::Name out;
  WEIR_TRY(out.text, text_member(node, "name", of));
  if (!is_name(out.text)) return wrong(of, "an identifier, got \"" + out.text + "\"");
  out.location = read_location(node);
  return out;
}

Result<ast::ExpressionPtr> Reader::child(const json& node, const char* key, std::string_view of) {
  WEIR_TRY(const json* found, wanted_member(node, key, of));
  return expression(*found);
}

Result<ast::ExpressionPtr> Reader::expression(const json& node) {
  Level level(depth_);
  if (depth_ > kAstDepthMax) return wrong("expression", "less nesting");
  std::string type = type_of(node);
  if (type == "StringExpression" || type == "ArrayExpression" || type == "DictExpression" ||
      type == "ObjectExpression" || type == "FunctionExpression")
    return container(node, type);
  if (type.ends_with("Expression")) return operation(node, type);
  return literal(node, type);
}

Result<ast::ExpressionPtr> Reader::literal(const json& node, const std::string& type) {
  if (type == "Identifier") {
    auto out = std::make_shared<ast::Identifier>();
    WEIR_TRY(ast::Name read, name(node, type));
    out->name = std::move(read.text);
    return ast::ExpressionPtr(placed(std::move(out), node, 0));
  }
  if (type == "IntegerLiteral") {
    auto out = std::make_shared<ast::IntegerLiteral>();
    WEIR_TRY(out->value, read_integer<int64_t>(node, type));
    return ast::ExpressionPtr(placed(std::move(out), node, 0));
  }
  if (type == "UnsignedIntegerLiteral") {
    auto out = std::make_shared<ast::UnsignedIntegerLiteral>();
    WEIR_TRY(out->value, read_integer<uint64_t>(node, type));
    return ast::ExpressionPtr(placed(std::move(out), node, 0));
  }
  if (type == "FloatLiteral" || type == "BooleanLiteral") {
    WEIR_TRY(const json* value, wanted_member(node, "value", type));
    if (type == "FloatLiteral" && value->is_number()) {
      auto out = std::make_shared<ast::FloatLiteral>();
      out->value = value->get<double>();
      return ast::ExpressionPtr(placed(std::move(out), node, 0));
    }
    if (type == "BooleanLiteral" && value->is_boolean()) {
      auto out = std::make_shared<ast::BooleanLiteral>();
      out->value = value->get<bool>();
      return ast::ExpressionPtr(placed(std::move(out), node, 0));
    }
    return wrong(type, "a number or boolean in \"value\"");
  }
  if (type == "DurationLiteral") return duration(node);
  if (type == "PipeLiteral")
    return ast::ExpressionPtr(placed(std::make_shared<ast::PipeLiteral>(), node, 0));
  if (type != "StringLiteral" && type != "RegexpLiteral" && type != "LabelLiteral" &&
      type != "DateTimeLiteral")
    return wrong("expression", "a known \"type\", got \"" + type + "\"");
  WEIR_TRY(std::string text, text_member(node, "value", type));
  if (type == "StringLiteral") {
    auto out = std::make_shared<ast::StringLiteral>();
    out->value = std::move(text);
    return ast::ExpressionPtr(placed(std::move(out), node, 0));
  }
  if (type == "RegexpLiteral") {
    WEIR_CHECK(compile_regexp(text));
    auto out = std::make_shared<ast::RegexpLiteral>();
    out->pattern = std::move(text);
    return ast::ExpressionPtr(placed(std::move(out), node, 0));
  }
  if (type == "LabelLiteral") {
    if (!is_name(text)) return wrong(type, "an identifier");
    auto out = std::make_shared<ast::LabelLiteral>();
    out->name = std::move(text);
    return ast::ExpressionPtr(placed(std::move(out), node, 0));
  }
  WEIR_TRY(ParsedTime time, parse_time(text));
  auto out = std::make_shared<ast::DateTimeLiteral>();
  out->seconds = time.seconds;
  out->nanosecond = time.nanosecond;
  out->offset_seconds = time.offset_seconds;
  return ast::ExpressionPtr(placed(std::move(out), node, 0));
}

Result<ast::ExpressionPtr> Reader::duration(const json& node) {
  auto out = std::make_shared<ast::DurationLiteral>();
  WEIR_TRY(const json* values, wanted_member(node, "values", "DurationLiteral"));
  if (!values->is_array()) return wrong("DurationLiteral", "an array in \"values\"");
  for (const json& item : *values) {
    ast::DurationPart part;
    WEIR_TRY(const json* magnitude, wanted_member(item, "magnitude", "DurationLiteral"));
    if (!magnitude->is_number_integer() ||
        (magnitude->is_number_unsigned() && magnitude->get<uint64_t>() > INT64_MAX))
      return wrong("DurationLiteral", "an integer in \"magnitude\"");
    part.magnitude = magnitude->get<int64_t>();
    WEIR_TRY(part.unit, text_member(item, "unit", "DurationLiteral"));
    out->parts.push_back(std::move(part));
  }
  WEIR_CHECK(duration_of(*out));
  return ast::ExpressionPtr(placed(std::move(out), node, 0));
}

// ---- Containers ----------------------------------------------------------------------------

Result<ast::ExpressionPtr> Reader::container(const json& node, const std::string& type) {
  if (type == "StringExpression") return string_expression(node);
  if (type == "DictExpression") return dictionary(node);
  if (type == "FunctionExpression") return function(node);
  if (type == "ObjectExpression") {
    WEIR_TRY(std::shared_ptr<const ast::ObjectExpression> read, object(node));
    return ast::ExpressionPtr(std::move(read));
  }
  auto out = std::make_shared<ast::ArrayExpression>();
  uint32_t depth = 0;
  if (const json* elements = member(node, "elements")) {
    if (!elements->is_array()) return wrong(type, "an array in \"elements\"");
    for (const json& item : *elements) {
      WEIR_TRY(ast::ExpressionPtr element, expression(item));
      depth = std::max(depth, element->depth);
      out->elements.push_back(std::move(element));
    }
  }
  return ast::ExpressionPtr(placed(std::move(out), node, depth));
}

Result<ast::ExpressionPtr> Reader::string_expression(const json& node) {
  auto out = std::make_shared<ast::StringExpression>();
  uint32_t depth = 0;
  WEIR_TRY(const json* parts, wanted_member(node, "parts", "StringExpression"));
  if (!parts->is_array()) return wrong("StringExpression", "an array in \"parts\"");
  for (const json& item : *parts) {
    ast::StringPart part;
    part.location = read_location(item);
    if (type_of(item) == "TextPart") {
      WEIR_TRY(part.text, text_member(item, "value", "TextPart"));
    } else {
      WEIR_TRY(part.expression, child(item, "expression", "InterpolatedPart"));
      depth = std::max(depth, part.expression->depth);
    }
    out->parts.push_back(std::move(part));
  }
  return ast::ExpressionPtr(placed(std::move(out), node, depth));
}

Result<ast::ExpressionPtr> Reader::dictionary(const json& node) {
  auto out = std::make_shared<ast::DictionaryExpression>();
  uint32_t depth = 0;
  if (const json* elements = member(node, "elements")) {
    if (!elements->is_array()) return wrong("DictExpression", "an array in \"elements\"");
    for (const json& item : *elements) {
      ast::DictionaryItem read;
      WEIR_TRY(read.key, child(item, "key", "DictExpression"));
      WEIR_TRY(read.value, child(item, "val", "DictExpression"));
      depth = std::max({depth, read.key->depth, read.value->depth});
      out->elements.push_back(std::move(read));
    }
  }
  return ast::ExpressionPtr(placed(std::move(out), node, depth));
}

Result<ast::Property> Reader::property(const json& node) {
  ast::Property out;
  WEIR_TRY(const json* key, wanted_member(node, "key", "Property"));
  out.key_quoted = type_of(*key) == "StringLiteral";
  if (out.key_quoted) {
    WEIR_TRY(out.key, text_member(*key, "value", "Property"));
  } else {
    WEIR_TRY(ast::Name read, name(*key, "Property"));
    out.key = std::move(read.text);
  }
  out.key_location = read_location(*key);
  out.location = read_location(node);
  if (const json* value = member(node, "value")) {
    WEIR_TRY(out.value, expression(*value));
  }
  return out;
}

Result<std::vector<ast::Property>> Reader::properties(const json& node, const char* key,
                                                      std::string_view of) {
  std::vector<ast::Property> out;
  const json* list = member(node, key);
  if (list == nullptr) return out;
  if (!list->is_array()) return wrong(of, "an array in \"" + std::string(key) + "\"");
  for (const json& item : *list) {
    WEIR_TRY(ast::Property read, property(item));
    out.push_back(std::move(read));
  }
  return out;
}

uint32_t deepest(const std::vector<ast::Property>& list) {
  uint32_t depth = 0;
  for (const ast::Property& item : list)
    if (item.value) depth = std::max(depth, item.value->depth);
  return depth;
}

Result<std::shared_ptr<const ast::ObjectExpression>> Reader::object(const json& node) {
  auto out = std::make_shared<ast::ObjectExpression>();
  if (const json* with = member(node, "with")) {
    WEIR_TRY(ast::Name read, name(*with, "ObjectExpression"));
    auto identifier = std::make_shared<ast::Identifier>();
    identifier->name = std::move(read.text);
    out->with = placed(std::move(identifier), *with, 0);
  }
  WEIR_TRY(out->properties, properties(node, "properties", "ObjectExpression"));
  uint32_t depth = deepest(out->properties);
  return std::shared_ptr<const ast::ObjectExpression>(placed(std::move(out), node, depth));
}

Result<ast::ExpressionPtr> Reader::function(const json& node) {
  auto out = std::make_shared<ast::FunctionExpression>();
  WEIR_TRY(out->parameters, properties(node, "params", "FunctionExpression"));
  uint32_t depth = deepest(out->parameters);
  WEIR_TRY(const json* body, wanted_member(node, "body", "FunctionExpression"));
  if (type_of(*body) == "Block") {
    WEIR_TRY(out->block, block(*body));
    depth += 1;
  } else {
    WEIR_TRY(out->body, expression(*body));
    depth = std::max(depth, out->body->depth);
  }
  return ast::ExpressionPtr(placed(std::move(out), node, depth));
}

// ---- Operations ----------------------------------------------------------------------------

Result<std::shared_ptr<const ast::CallExpression>> Reader::call(const json& node) {
  auto out = std::make_shared<ast::CallExpression>();
  WEIR_TRY(out->callee, child(node, "callee", "CallExpression"));
  uint32_t depth = out->callee->depth;
  if (const json* arguments = member(node, "arguments"); arguments && !arguments->empty()) {
    if (!arguments->is_array() || arguments->size() != 1 ||
        type_of(arguments->front()) != "ObjectExpression")
      return wrong("CallExpression", "one ObjectExpression in \"arguments\"");
    WEIR_TRY(out->arguments, object(arguments->front()));
    depth = std::max(depth, out->arguments->depth);
  }
  return std::shared_ptr<const ast::CallExpression>(placed(std::move(out), node, depth));
}

Result<ast::ExpressionPtr> Reader::operation(const json& node, const std::string& type) {
  if (type == "CallExpression") {
    WEIR_TRY(std::shared_ptr<const ast::CallExpression> read, call(node));
    return ast::ExpressionPtr(std::move(read));
  }
  if (type == "PipeExpression") return pipe(node);
  if (type == "MemberExpression") return member_expression(node);
  if (type == "UnaryExpression") return unary(node);
  if (type == "ConditionalExpression") return conditional(node);
  if (type == "BinaryExpression" || type == "LogicalExpression") return infix(node, type);
  if (type == "IndexExpression") {
    auto out = std::make_shared<ast::IndexExpression>();
    WEIR_TRY(out->array, child(node, "array", type));
    WEIR_TRY(out->index, child(node, "index", type));
    uint32_t depth = std::max(out->array->depth, out->index->depth);
    return ast::ExpressionPtr(placed(std::move(out), node, depth));
  }
  if (type == "ParenExpression") {
    auto out = std::make_shared<ast::ParenExpression>();
    WEIR_TRY(out->expression, child(node, "expression", type));
    uint32_t depth = out->expression->depth;
    return ast::ExpressionPtr(placed(std::move(out), node, depth));
  }
  return wrong("expression", "a known \"type\", got \"" + type + "\"");
}

Result<ast::ExpressionPtr> Reader::pipe(const json& node) {
  auto out = std::make_shared<ast::PipeExpression>();
  WEIR_TRY(out->argument, child(node, "argument", "PipeExpression"));
  WEIR_TRY(const json* target, wanted_member(node, "call", "PipeExpression"));
  WEIR_TRY(out->call, call(*target));
  uint32_t depth = std::max(out->argument->depth, out->call->depth);
  return ast::ExpressionPtr(placed(std::move(out), node, depth));
}

Result<ast::ExpressionPtr> Reader::member_expression(const json& node) {
  auto out = std::make_shared<ast::MemberExpression>();
  WEIR_TRY(out->object, child(node, "object", "MemberExpression"));
  WEIR_TRY(const json* property, wanted_member(node, "property", "MemberExpression"));
  out->property_quoted = type_of(*property) == "StringLiteral";
  if (out->property_quoted) {
    WEIR_TRY(out->property, text_member(*property, "value", "MemberExpression"));
  } else {
    WEIR_TRY(ast::Name read, name(*property, "MemberExpression"));
    out->property = std::move(read.text);
  }
  out->property_location = read_location(*property);
  uint32_t depth = out->object->depth;
  return ast::ExpressionPtr(placed(std::move(out), node, depth));
}

Result<ast::ExpressionPtr> Reader::unary(const json& node) {
  auto out = std::make_shared<ast::UnaryExpression>();
  WEIR_TRY(std::string op, text_member(node, "operator", "UnaryExpression"));
  bool known = false;
  for (int i = 0; i < 4; ++i)
    if (ast::to_string(static_cast<ast::UnaryOperator>(i)) == op)
      out->op = static_cast<ast::UnaryOperator>(i), known = true;
  if (!known) return wrong("UnaryExpression", "a known operator, got \"" + op + "\"");
  WEIR_TRY(out->argument, child(node, "argument", "UnaryExpression"));
  uint32_t depth = out->argument->depth;
  return ast::ExpressionPtr(placed(std::move(out), node, depth));
}

Result<ast::ExpressionPtr> Reader::conditional(const json& node) {
  auto out = std::make_shared<ast::ConditionalExpression>();
  WEIR_TRY(out->test, child(node, "test", "ConditionalExpression"));
  WEIR_TRY(out->consequent, child(node, "consequent", "ConditionalExpression"));
  WEIR_TRY(out->alternate, child(node, "alternate", "ConditionalExpression"));
  uint32_t depth = std::max({out->test->depth, out->consequent->depth, out->alternate->depth});
  return ast::ExpressionPtr(placed(std::move(out), node, depth));
}

Result<ast::ExpressionPtr> Reader::infix(const json& node, const std::string& type) {
  WEIR_TRY(std::string op, text_member(node, "operator", type));
  WEIR_TRY(ast::ExpressionPtr left, child(node, "left", type));
  WEIR_TRY(ast::ExpressionPtr right, child(node, "right", type));
  uint32_t depth = std::max(left->depth, right->depth);
  if (type == "LogicalExpression") {
    if (op != "and" && op != "or") return wrong(type, "a known operator, got \"" + op + "\"");
    auto out = std::make_shared<ast::LogicalExpression>();
    out->op = op == "and" ? ast::LogicalOperator::logical_and : ast::LogicalOperator::logical_or;
    out->left = std::move(left);
    out->right = std::move(right);
    return ast::ExpressionPtr(placed(std::move(out), node, depth));
  }
  for (int i = 0; i < 14; ++i) {
    auto candidate = static_cast<ast::BinaryOperator>(i);
    if (ast::to_string(candidate) != op) continue;
    auto out = std::make_shared<ast::BinaryExpression>();
    out->op = candidate;
    out->left = std::move(left);
    out->right = std::move(right);
    return ast::ExpressionPtr(placed(std::move(out), node, depth));
  }
  return wrong(type, "a known operator, got \"" + op + "\"");
}

// ---- Statements ----------------------------------------------------------------------------

Result<ast::BlockPtr> Reader::block(const json& node) {
  Level level(depth_);
  if (depth_ > kAstDepthMax) return wrong("Block", "less nesting");
  auto out = std::make_shared<ast::Block>();
  WEIR_TRY(out->body, statements(node, "Block"));
  out->location = read_location(node);
  return ast::BlockPtr(std::move(out));
}

Result<std::vector<ast::StatementPtr>> Reader::statements(const json& node, std::string_view of) {
  std::vector<ast::StatementPtr> out;
  const json* body = node.is_object() ? member(node, "body") : nullptr;
  if (body == nullptr) return out;
  if (!body->is_array()) return wrong(of, "an array in \"body\"");
  for (const json& item : *body) {
    WEIR_TRY(ast::StatementPtr read, statement(item));
    out.push_back(std::move(read));
  }
  return out;
}

Result<ast::StatementPtr> Reader::assignment(const json& node, const std::string& type) {
  if (type == "VariableAssignment") {
    auto out = std::make_shared<ast::VariableAssignment>();
    WEIR_TRY(const json* id, wanted_member(node, "id", type));
    WEIR_TRY(out->id, name(*id, type));
    WEIR_TRY(out->init, child(node, "init", type));
    out->location = read_location(node);
    return ast::StatementPtr(std::move(out));
  }
  if (type != "MemberAssignment")
    return wrong("OptionStatement", "an assignment, got \"" + type + "\"");
  auto out = std::make_shared<ast::MemberAssignment>();
  WEIR_TRY(const json* target, wanted_member(node, "member", type));
  WEIR_TRY(ast::ExpressionPtr read, member_expression(*target));
  out->member = std::static_pointer_cast<const ast::MemberExpression>(read);
  WEIR_TRY(out->init, child(node, "init", type));
  out->location = read_location(node);
  return ast::StatementPtr(std::move(out));
}

Result<ast::StatementPtr> Reader::statement(const json& node) {
  std::string type = type_of(node);
  if (type == "VariableAssignment") return assignment(node, type);
  if (type == "ExpressionStatement") {
    auto out = std::make_shared<ast::ExpressionStatement>();
    WEIR_TRY(out->expression, child(node, "expression", type));
    out->location = read_location(node);
    return ast::StatementPtr(std::move(out));
  }
  if (type == "OptionStatement") {
    auto out = std::make_shared<ast::OptionStatement>();
    WEIR_TRY(const json* assigned, wanted_member(node, "assignment", type));
    WEIR_TRY(out->assignment, assignment(*assigned, type_of(*assigned)));
    out->location = read_location(node);
    return ast::StatementPtr(std::move(out));
  }
  if (type == "ReturnStatement") {
    auto out = std::make_shared<ast::ReturnStatement>();
    WEIR_TRY(out->argument, child(node, "argument", type));
    out->location = read_location(node);
    return ast::StatementPtr(std::move(out));
  }
  if (type == "TestCaseStatement") return testcase(node);
  return wrong("statement", "a known \"type\", got \"" + type + "\"");
}

Result<ast::StatementPtr> Reader::testcase(const json& node) {
  auto out = std::make_shared<ast::TestCaseStatement>();
  WEIR_TRY(const json* id, wanted_member(node, "id", "TestCaseStatement"));
  WEIR_TRY(out->id, name(*id, "TestCaseStatement"));
  if (const json* extends = member(node, "extends")) {
    auto literal = std::make_shared<ast::StringLiteral>();
    WEIR_TRY(literal->value, text_member(*extends, "value", "TestCaseStatement"));
    out->extends = placed(std::move(literal), *extends, 0);
  }
  WEIR_TRY(const json* body, wanted_member(node, "block", "TestCaseStatement"));
  WEIR_TRY(out->block, block(*body));
  out->location = read_location(node);
  return ast::StatementPtr(std::move(out));
}

Result<ast::FilePtr> Reader::file(const json& node) {
  auto out = std::make_shared<ast::File>();
  if (const json* name_text = member(node, "name"); name_text && name_text->is_string())
    out->name = name_text->get<std::string>();
  if (const json* clause = member(node, "package")) {
    auto package = std::make_shared<ast::PackageClause>();
    WEIR_TRY(const json* id, wanted_member(*clause, "name", "PackageClause"));
    WEIR_TRY(package->name, name(*id, "PackageClause"));
    package->location = read_location(*clause);
    out->package = std::move(package);
  }
  if (const json* imports = member(node, "imports")) {
    if (!imports->is_array()) return wrong("File", "an array in \"imports\"");
    for (const json& item : *imports) {
      ast::ImportDeclaration import;
      WEIR_TRY(const json* path, wanted_member(item, "path", "ImportDeclaration"));
      WEIR_TRY(import.path, text_member(*path, "value", "ImportDeclaration"));
      if (const json* as = member(item, "as")) {
        WEIR_TRY(import.as, name(*as, "ImportDeclaration"));
      }
      import.location = read_location(item);
      import.path_location = read_location(*path);
      out->imports.push_back(std::move(import));
    }
  }
  WEIR_TRY(out->body, statements(node, "File"));
  out->location = read_location(node);
  return ast::FilePtr(std::move(out));
}

}  // namespace

Result<ast::FilePtr> file_from_json(const json& document) {
  std::string type = type_of(document);
  if (type != "File" && !(type.empty() && document.is_object() && document.contains("body")))
    return wrong("document", "a File, got \"" + type + "\"");
  return Reader().file(document);
}

Result<ast::Package> package_from_json(const json& document) {
  ast::Package package;
  if (type_of(document) == "File") {
    WEIR_TRY(ast::FilePtr file, file_from_json(document));
    if (file->package) package.name = file->package->name.text;
    package.files.push_back(std::move(file));
    return package;
  }
  WEIR_TRY(const json* files, wanted_member(document, "files", "Package"));
  if (!files->is_array()) return wrong("Package", "an array in \"files\"");
  if (const json* package_name = member(document, "package");
      package_name && package_name->is_string())
    package.name = package_name->get<std::string>();
  for (const json& item : *files) {
    WEIR_TRY(ast::FilePtr file, file_from_json(item));
    package.files.push_back(std::move(file));
  }
  return package;
}

}  // namespace weir::query::flux
