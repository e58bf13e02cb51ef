#include "query/flux/suggest.h"

#include <bit>

#include "query/flux/signatures.h"

namespace weir::query::flux {
namespace {

constexpr std::string_view kSeveral = "invalid";

std::string_view word_of(const ast::Type& type) {
  switch (type.kind) {
    case ast::TypeKind::named:
      return type.name.text;
    case ast::TypeKind::array:
      return "array";
    case ast::TypeKind::stream:
      return "stream";
    case ast::TypeKind::dictionary:
      return "dictionary";
    case ast::TypeKind::dynamic:
      return "dynamic";
    case ast::TypeKind::function:
      return "function";
    case ast::TypeKind::record:
      return "object";
    case ast::TypeKind::label:
      return "string";
    case ast::TypeKind::variable:
    case ast::TypeKind::vector:
      return kSeveral;
  }
  return kSeveral;
}

std::string_view word_of(const Parameter& parameter) {
  constexpr TypeSet kRecords = type_bit(ValueType::record) | type_bit(ValueType::package);
  if (parameter.types == kRecords) return to_string(ValueType::record);
  if (std::popcount(parameter.types) != 1) return kSeveral;
  return to_string(static_cast<ValueType>(std::countr_zero(parameter.types)));
}

ParameterTypes native_parameters(const std::vector<Parameter>& parameters) {
  ParameterTypes types;
  for (const Parameter& parameter : parameters) types.emplace(parameter.name, word_of(parameter));
  return types;
}

ParameterTypes written_parameters(const ast::FunctionExpression& function) {
  ParameterTypes types;
  for (const ast::Property& parameter : function.parameters) types.emplace(parameter.key, kSeveral);
  return types;
}

}  // namespace

std::map<std::string, ParameterTypes> functions_of(const Registry& registry,
                                                   std::string_view package) {
  std::map<std::string, ParameterTypes> functions;
  const Library* library = registry.find(package);
  if (library == nullptr) return functions;
  for (const auto& [name, member] : library->members)
    if (const Value& value = member.binding.value; value.is(ValueType::function))
      functions.emplace(name, native_parameters(value.as_function().parameters()));
  for (const ast::FilePtr& script : library->scripts)
    for (const ast::StatementPtr& statement : script->body)
      if (auto* variable = ast::as<ast::VariableAssignment>(*statement))
        if (auto* function = ast::as<ast::FunctionExpression>(*variable->init))
          functions.emplace(variable->id.text, written_parameters(*function));
  // Some are shared among the library's own scripts only.
  std::erase_if(functions, [](const auto& entry) { return entry.first.starts_with('_'); });
  for (auto& [name, parameters] : functions) {
    const ast::TypeExpression* signature = find_signature(package, name);
    if (signature == nullptr || signature->type->kind != ast::TypeKind::function) continue;
    for (const ast::TypeParameter& parameter : signature->type->parameters)
      if (auto known = parameters.find(parameter.name.text); known != parameters.end())
        known->second = word_of(*parameter.type);
  }
  return functions;
}

}  // namespace weir::query::flux
