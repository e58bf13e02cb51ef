// Evaluation: the interpreter's walk over the syntax tree, one method per kind of node.
//
// Used by Interpreter alone. Recursion follows the tree, and calls; EvaluationLimits
// bounds the depth of both. An error gets the place of the innermost node it concerns.
#pragma once

#include <span>

#include "query/flux/interpreter.h"

namespace weir::query::flux {

class Evaluation {
 public:
  explicit Evaluation(Interpreter& interpreter) : interpreter_(interpreter) {}

  // A top-level statement; `scope` gets what it binds. package: whose exports the bindings also
  // are, nullptr for the script itself, whose expression statements go to the host.
  Result<void> statement(const ast::Statement& statement, ScopePtr& scope, PackageScope* package);
  Result<Value> expression(const ast::Expression& expression, const ScopePtr& scope);
  Result<Value> call(const Function& function, std::span<const NamedValue> arguments,
                     const Value* piped, const ast::Location& location);

  static ScopePtr bind(ScopePtr scope, Binding binding);
  // The error with the place in front of its message, unless it names one already.
  static Error placed(Error error, const ast::Location& location);

 private:
  Result<void> option(const ast::OptionStatement& statement, ScopePtr& scope,
                      PackageScope* package);
  Result<void> qualified_option(const ast::MemberAssignment& assignment, const ScopePtr& scope);
  Result<Value> block(const ast::Block& block, ScopePtr scope);

  Result<Value> dispatch(const ast::Expression& expression, const ScopePtr& scope);
  Result<Value> identifier(const ast::Identifier& identifier, const ScopePtr& scope);
  Result<Value> string_expression(const ast::StringExpression& expression, const ScopePtr& scope);
  Result<Value> array(const ast::ArrayExpression& expression, const ScopePtr& scope);
  Result<Value> dictionary(const ast::DictionaryExpression& expression, const ScopePtr& scope);
  Result<Value> object(const ast::ObjectExpression& expression, const ScopePtr& scope);
  Result<Value> property(const ast::Property& property, const ScopePtr& scope);
  Result<Value> member(const ast::MemberExpression& expression, const ScopePtr& scope);
  Result<Value> index(const ast::IndexExpression& expression, const ScopePtr& scope);
  Result<Value> logical(const ast::LogicalExpression& expression, const ScopePtr& scope);
  Result<Value> conditional(const ast::ConditionalExpression& expression, const ScopePtr& scope);
  Result<Value> call_expression(const ast::CallExpression& expression, const ScopePtr& scope,
                                const Value* piped);
  Result<Value> call_closure(const Function& function, std::span<const NamedValue> arguments,
                             const Value* piped);
  Result<Value> call_native(const Function& function, std::span<const NamedValue> arguments,
                            const Value* piped, const ast::Location& location);
  Result<void> step();
  // The value, if it is within limits.
  Result<Value> made(Value value);

  Interpreter& interpreter_;
};

}  // namespace weir::query::flux
