#include "query/flux/function.h"

#include "query/flux/builtin.h"

namespace weir::query::flux {

Scope::~Scope() {
  // Unlinks the part of the chain that only this scope holds, one by one.
  std::shared_ptr<const Scope> next = std::move(parent);
  while (next && next.use_count() == 1) {
    std::shared_ptr<const Scope> after = std::move(const_cast<Scope&>(*next).parent);
    next = std::move(after);
  }
}

const Value* find(const ScopePtr& scope, std::string_view name) {
  for (const Scope* at = scope.get(); at != nullptr; at = at->parent.get())
    for (size_t i = at->bindings.size(); i > 0; --i)
      if (at->bindings[i - 1].name == name) return &at->bindings[i - 1].get();
  return nullptr;
}

Function::Function(std::shared_ptr<const ast::FunctionExpression> expression, ScopePtr scope)
    : expression_(std::move(expression)), scope_(std::move(scope)) {
  for (const ast::Property& property : expression_->parameters) {
    Parameter parameter;
    parameter.name = property.key;
    if (property.value) {
      parameter.pipe = property.value->kind == ast::ExpressionKind::pipe;
      parameter.kind = parameter.pipe ? ParameterKind::required : ParameterKind::optional;
    }
    parameters_.push_back(std::move(parameter));
  }
}

Function::Function(std::shared_ptr<const NativeDefinition> native)
    : native_(std::move(native)), parameters_(native_->parameters) {}

bool Function::is_native(std::string_view package, std::string_view name) const {
  return native_ && native_->package == package && native_->name == name;
}

const Parameter* Function::find_parameter(std::string_view name) const {
  for (const Parameter& parameter : parameters_)
    if (parameter.name == name) return &parameter;
  return nullptr;
}

const Parameter* Function::pipe_parameter() const {
  for (const Parameter& parameter : parameters_)
    if (parameter.pipe) return &parameter;
  return nullptr;
}

const ast::Expression* returned_expression(const Function& function) {
  if (!function.expression()) return nullptr;
  const ast::FunctionExpression& tree = *function.expression();
  if (tree.body) return tree.body.get();
  if (!tree.block || tree.block->body.size() != 1) return nullptr;
  auto* returned = ast::as<ast::ReturnStatement>(*tree.block->body.front());
  return returned ? returned->argument.get() : nullptr;
}

}  // namespace weir::query::flux
