// Function: a callable value, either a closure written in Flux or a native one (builtin.h).
//
// A closure knows its syntax tree and the names it captured, so that operators can compile a lambda
// into a column expression instead of calling it per row. Immutable; called by Interpreter::call.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "query/flux/ast.h"
#include "query/flux/value.h"

namespace weir::query::flux {

using ast::ParameterKind;

// Which argument types a parameter accepts: a set of ValueTypes as bits. Null is accepted by every
// parameter of a native function; it reads as "absent" unless Arguments::raw() is asked.
using TypeSet = uint32_t;
inline constexpr TypeSet kAnyType = ~TypeSet{0};
constexpr TypeSet type_bit(ValueType type) { return TypeSet{1} << static_cast<int>(type); }

struct Parameter {
  std::string name;
  ParameterKind kind = ParameterKind::required;
  TypeSet types = kAnyType;
  bool pipe = false;  // takes what stands left of |>; kind tells whether it may be left out
};

// One name and its value, or one option (whose value may be replaced while the query starts up).
struct OptionCell {
  Value value;
};
struct Binding {
  std::string name;
  Value value;
  std::shared_ptr<OptionCell> option;  // set: the value is there
  const Value& get() const { return option ? option->value : value; }
};

// An immutable chain of names, innermost first. A new binding makes a new Scope in front of the
// old, so a closure holds only what was defined before it and no cycle of references can arise.
struct Scope {
  std::vector<Binding> bindings;
  std::shared_ptr<const Scope> parent;

  Scope() = default;
  Scope(std::vector<Binding> b, std::shared_ptr<const Scope> p)
      : bindings(std::move(b)), parent(std::move(p)) {}
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
  ~Scope();  // not recursive: chains are as long as a script
};
using ScopePtr = std::shared_ptr<const Scope>;

// The value of a name in a scope or its parents, or nullptr.
const Value* find(const ScopePtr& scope, std::string_view name);

struct NativeDefinition;  // builtin.h

class Function {
 public:
  Function(std::shared_ptr<const ast::FunctionExpression> expression, ScopePtr scope);
  explicit Function(std::shared_ptr<const NativeDefinition> native);

  // Set for a closure: its tree and what its free names mean (find(scope(), name)).
  const std::shared_ptr<const ast::FunctionExpression>& expression() const { return expression_; }
  const ScopePtr& scope() const { return scope_; }
  // Set for a native function: its package, name and code.
  const NativeDefinition* native() const { return native_.get(); }
  bool is_native(std::string_view package, std::string_view name) const;

  const std::vector<Parameter>& parameters() const { return parameters_; }
  const Parameter* find_parameter(std::string_view name) const;
  const Parameter* pipe_parameter() const;  // nullptr: takes nothing from a pipe

 private:
  std::shared_ptr<const ast::FunctionExpression> expression_;
  ScopePtr scope_;
  std::shared_ptr<const NativeDefinition> native_;
  std::vector<Parameter> parameters_;
};

// The one expression a closure returns: its body, or what follows the `return` of a block that has
// no other statement. nullptr for anything else (call it per row then).
const ast::Expression* returned_expression(const Function& function);

}  // namespace weir::query::flux
