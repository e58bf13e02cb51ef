#include "query/flux/function.h"

#include "query/flux/builtin.h"

namespace weir::query::flux {

Scope::~Scope() {
  // A scope holds its parent and closures, which hold scopes of their own. The outermost destructor
  // on this thread takes those of all the others apart, one by one.
  struct Rest {
    std::vector<Binding> bindings;
    ScopePtr parent;
  };
  thread_local std::vector<Rest> rest;
  thread_local bool outermost = true;
  rest.push_back({std::move(bindings), std::move(parent)});
  if (!outermost) return;
  outermost = false;
  while (!rest.empty()) {
    Rest next = std::move(rest.back());
    rest.pop_back();
  }
  outermost = true;
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
