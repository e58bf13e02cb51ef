#include "query/flux/params.h"

#include "base/json.h"

namespace weir::query::flux {
namespace {

Error unusable(const std::string& path, std::string_view why) {
  return {Errc::invalid, path + ": " + std::string(why)};
}

Result<ast::ExpressionPtr> literal(const Json& value, const std::string& path, int depth);

template <class T, class V>
ast::ExpressionPtr with_value(V value) {
  auto made = std::make_shared<T>();
  made->value = std::move(value);
  return made;
}

Result<ast::ExpressionPtr> array(const Json& value, const std::string& path, int depth) {
  auto made = std::make_shared<ast::ArrayExpression>();
  for (const Json& item : value) {
    const std::string at = path + "[" + std::to_string(made->elements.size()) + "]";
    WEIR_TRY(ast::ExpressionPtr element, literal(item, at, depth + 1));
    made->depth = std::max(made->depth, element->depth + 1);
    made->elements.push_back(std::move(element));
  }
  return ast::ExpressionPtr(std::move(made));
}

Result<ast::ExpressionPtr> object(const Json& value, const std::string& path, int depth) {
  auto made = std::make_shared<ast::ObjectExpression>();
  for (const auto& [name, item] : value.items()) {
    ast::Property property;
    property.key = name;
    property.key_quoted = true;
    WEIR_TRY(property.value, literal(item, path + "." + name, depth + 1));
    made->depth = std::max(made->depth, property.value->depth + 1);
    made->properties.push_back(std::move(property));
  }
  return ast::ExpressionPtr(std::move(made));
}

Result<ast::ExpressionPtr> literal(const Json& value, const std::string& path, int depth) {
  if (depth > kParamsDepthMax) return unusable(path, "nested too deep");
  switch (value.type()) {
    case Json::value_t::string:
      return with_value<ast::StringLiteral>(value.get<std::string>());
    case Json::value_t::boolean:
      return with_value<ast::BooleanLiteral>(value.get<bool>());
    case Json::value_t::number_integer:
      return with_value<ast::IntegerLiteral>(value.get<int64_t>());
    case Json::value_t::number_unsigned:
      if (value.get<uint64_t>() > static_cast<uint64_t>(INT64_MAX))
        return unusable(path, "the number is too large for an int");
      return with_value<ast::IntegerLiteral>(value.get<int64_t>());
    case Json::value_t::number_float:
      return with_value<ast::FloatLiteral>(value.get<double>());
    case Json::value_t::array:
      return array(value, path, depth);
    case Json::value_t::object:
      return object(value, path, depth);
    default:
      return unusable(path, "wanted a string, number, boolean, array or object");
  }
}

}  // namespace

Result<ast::FilePtr> params_file(const nlohmann::json& params) {
  if (!params.is_object()) return unusable("params", "wanted an object");
  auto assignment = std::make_shared<ast::VariableAssignment>();
  assignment->id.text = "params";
  WEIR_TRY(assignment->init, literal(params, "params", 0));
  auto file = std::make_shared<ast::File>();
  file->name = "params";
  file->body.push_back(std::move(assignment));
  return ast::FilePtr(std::move(file));
}

}  // namespace weir::query::flux
