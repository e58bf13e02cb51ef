// Interpreter: evaluates a package of Flux against a registry, one query's worth.
//
// Names are checked first (check.h), then statements run in order: options, assignments, and
// expression statements, whose values go to Host::on_expression. Evaluation is strict; table
// streams are values that native functions build and the host runs. One thread; a query has its
// own interpreter. Errors are Errc::invalid with "error @l:c-l:c: ..." or what a native function
// returned, prefixed with `error calling function "f" @l:c-l:c: `.
// Spec: Flux specification, "Package initialization", "Expressions".
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "query/flux/ast.h"
#include "query/flux/builtin.h"
#include "query/flux/function.h"
#include "query/flux/value.h"

namespace weir::query::flux {

struct EvaluationLimits {
  // Calls within calls. Flux has no recursion, so real scripts stay below 50.
  int call_depth_max = 200;
  // Expressions within expressions, through calls: bounds the stack, which 200 calls of functions
  // whose bodies are trees 1000 deep would exceed.
  int expression_depth_max = 1500;
  // Expressions evaluated by one query, row functions included: minutes of work, not for ever.
  uint64_t steps_max = 10'000'000'000;
  // Bytes of strings and arrays of more than kLargeValueBytes, made by the whole query: a script
  // that doubles a string doubles it 40 times in a moment.
  uint64_t large_bytes_max = 256 * 1024 * 1024;
  // Of values in values, and of all values in one: recursion over a value ends in good time.
  uint32_t value_depth_max = 100;
  uint64_t values_max = 20'000'000;
  // Asked every 1024 steps: fails when the query was canceled or its time is up.
  std::function<Result<void>()> check = {};
};
inline constexpr size_t kLargeValueBytes = 1024 * 1024;

// A package as a script sees it after `import`: the library's members, and in front of them those
// the query has of its own: options in their cells, and what the package's scripts define.
class PackageScope {
 public:
  explicit PackageScope(const Library& library);
  const std::string& path() const { return library_.path; }
  std::string_view name() const { return library_.name(); }
  const Binding* find(std::string_view name) const;
  void set(Binding binding);

 private:
  const Library& library_;
  std::map<std::string, Binding, std::less<>> own_;
};

struct NamedValue {
  std::string_view name;
  Value value;
};

class Interpreter {
 public:
  // All outlive the interpreter. now_ns: what now() gives unless the script sets the option.
  Interpreter(const Registry& registry, Host& host, int64_t now_ns, EvaluationLimits limits = {});
  ~Interpreter();
  Interpreter(const Interpreter&) = delete;
  Interpreter& operator=(const Interpreter&) = delete;

  // Checks and runs all files of a package in order. Once per interpreter.
  Result<void> run(const ast::Package& package);

  // Calls a function value with arguments by name; what map, filter and reduce do per row.
  // Arguments the function does not declare are an error, as in a script.
  Result<Value> call(const Function& function, std::span<const NamedValue> arguments,
                     const ast::Location& location = {});
  Result<Value> call(const Function& function, std::initializer_list<NamedValue> arguments) {
    return call(function, std::span(arguments.begin(), arguments.size()));
  }
  // The same with a value for the pipe parameter: `piped |> function(arguments)`.
  Result<Value> call_piped(const Function& function, Value piped,
                           std::span<const NamedValue> arguments,
                           const ast::Location& location = {});

  // An expression in a scope (a closure's, extended with its parameters).
  Result<Value> evaluate(const ast::Expression& expression, const ScopePtr& scope);

  // What a free name of a closure means: find(scope, name), or a name of the universe; nullptr if
  // neither has it.
  const Value* lookup(const ScopePtr& scope, std::string_view name) const;

  // Whether a call may do more than give a value: evaluate each as often as the script says so.
  bool has_effects() const { return has_effects_; }

  Host& host() { return host_; }
  // now(): the option `now`, called once.
  Result<int64_t> now_ns();
  int64_t default_now_ns() const { return default_now_ns_; }
  // The value of an option, or nullptr if neither the library nor the script defines it. The
  // script's own options (`task`) count as the universe's.
  const Value* option(std::string_view package, std::string_view name);
  // A name at the top level of the script after run().
  const Value* find_global(std::string_view name) const;

 private:
  friend class Evaluation;
  Result<std::shared_ptr<PackageScope>> import_package(std::string_view path);
  Result<void> run_file(const ast::File& file, ScopePtr& scope, PackageScope* package);

  const Registry& registry_;
  Host& host_;
  int64_t default_now_ns_;
  std::optional<int64_t> fixed_now_ns_;
  EvaluationLimits limits_;
  bool has_effects_ = false;
  uint64_t steps_ = 0;
  int call_depth_ = 0;
  int expression_depth_ = 0;
  uint64_t large_bytes_ = 0;
  std::shared_ptr<PackageScope> universe_;
  std::map<std::string, std::shared_ptr<PackageScope>, std::less<>> imported_;
  std::vector<std::shared_ptr<OptionCell>> cells_;  // emptied at the end: breaks reference cycles
  ScopePtr main_scope_;
};

}  // namespace weir::query::flux
