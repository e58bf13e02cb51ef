// How native functions, constants and options are offered to scripts: the Registry of packages.
//
//   Result<Value> limit(CallContext& context, const Arguments& arguments) {
//     WEIR_TRY(auto tables, arguments.stream("tables"));
//     WEIR_TRY(int64_t n, arguments.integer("n"));
//     WEIR_TRY(int64_t offset, arguments.integer_or("offset", 0));
//     ...
//   }
//   registry.add_function("universe", "limit", "(<-tables: stream, n: int, ?offset: int)", limit);
//
// A signature lists parameters: `?` optional, `<-` taken from the pipe, `?<-` both; a type may
// follow the colon, several joined with `|` (bool int uint float string time duration regexp bytes
// array record dict function stream any). Missing, unknown, duplicate and mistyped arguments are
// refused before the function is called.
//
// The package "universe" is visible everywhere; others by `import "path"`, under the last segment
// of their path. A registry is filled once at start and then shared read-only between queries, on
// any thread. Adding the same name twice is a bug (assertion).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "query/flux/function.h"
#include "query/flux/value.h"

namespace weir::query::flux {

class Interpreter;
class Arguments;

// What a query brings along for its native functions; query/exec derives from it and its functions
// cast back: static_cast<QueryHost&>(context.host()). Outlives the interpreter.
class Host {
 public:
  virtual ~Host() = default;
  // The value of an expression statement at top level, in order: the implicit yield.
  virtual Result<void> on_expression(const Value& value, const ast::Expression& expression) = 0;
};

// What a native function can reach while it runs.
class CallContext {
 public:
  CallContext(Interpreter& interpreter, const ast::Location& location)
      : interpreter_(interpreter), location_(location) {}

  Interpreter& interpreter() { return interpreter_; }
  Host& host();
  // now(): the option `now`, fixed for the whole query.
  Result<int64_t> now_ns();
  // The value of an option of a package, set by the script or by default; nullptr if there is none:
  // option("universe", "location").
  const Value* option(std::string_view package, std::string_view name);
  const ast::Location& location() const { return location_; }  // of the call

 private:
  Interpreter& interpreter_;
  const ast::Location& location_;
};

using NativeFunction = std::function<Result<Value>(CallContext&, const Arguments&)>;

struct NativeDefinition {
  std::string package;  // path
  std::string name;
  std::vector<Parameter> parameters;
  NativeFunction function;
};

// The arguments of one call, matched to the parameters. Getters fail with Errc::invalid and a
// message that names the argument; `_or` getters return the default if it is absent or null.
class Arguments {
 public:
  // values[i] belongs to definition.parameters[i]; absent ones are null with given[i] false.
  Arguments(const NativeDefinition& definition, std::vector<Value> values, std::vector<bool> given)
      : definition_(definition), values_(std::move(values)), given_(std::move(given)) {}

  bool has(std::string_view name) const;          // given, and not null
  bool is_given(std::string_view name) const;     // given, null or not
  const Value& raw(std::string_view name) const;  // null if absent

  Result<bool> boolean(std::string_view name) const;
  Result<int64_t> integer(std::string_view name) const;
  Result<uint64_t> unsigned_integer(std::string_view name) const;
  Result<double> floating(std::string_view name) const;
  Result<std::string> string(std::string_view name) const;
  Result<int64_t> time_ns(std::string_view name) const;
  Result<Duration> duration(std::string_view name) const;
  Result<std::shared_ptr<const re2::RE2>> regexp(std::string_view name) const;
  Result<std::string> bytes(std::string_view name) const;
  Result<const Array*> array(std::string_view name) const;  // lives as long as the Arguments
  Result<const Record*> record(std::string_view name) const;
  Result<const Dictionary*> dictionary(std::string_view name) const;
  Result<std::shared_ptr<const Function>> function(std::string_view name) const;
  Result<std::shared_ptr<TableStream>> stream(std::string_view name) const;
  // An array of strings: columns, names.
  Result<std::vector<std::string>> strings(std::string_view name) const;
  // A time as range() takes it: a time, a duration relative to now, or an int of Unix seconds.
  Result<int64_t> time_or_relative_ns(CallContext& context, std::string_view name) const;

  Result<bool> boolean_or(std::string_view name, bool otherwise) const;
  Result<int64_t> integer_or(std::string_view name, int64_t otherwise) const;
  Result<double> floating_or(std::string_view name, double otherwise) const;
  Result<std::string> string_or(std::string_view name, std::string_view otherwise) const;
  Result<Duration> duration_or(std::string_view name, Duration otherwise) const;
  Result<std::vector<std::string>> strings_or(std::string_view name,
                                              std::vector<std::string> otherwise) const;

  const NativeDefinition& definition() const { return definition_; }

 private:
  Result<const Value*> wanted(std::string_view name, ValueType type) const;
  const NativeDefinition& definition_;
  std::vector<Value> values_;
  std::vector<bool> given_;
};

// One package of the library.
struct Library {
  struct Member {
    Binding binding;
    bool is_option = false;
  };
  std::string path;
  std::map<std::string, Member, std::less<>> members;
  std::vector<ast::FilePtr> scripts;  // evaluated after the members, at import
  bool has_effects = false;           // calls of its functions do something: send a request

  std::string_view name() const;  // last segment of the path
};

class Registry {
 public:
  void add_function(std::string_view package, std::string_view name, std::string_view signature,
                    NativeFunction function);
  void add_value(std::string_view package, std::string_view name, Value value);
  // A value that scripts may replace: `option name = ...` (universe) or `option package.name =
  // ...`.
  void add_option(std::string_view package, std::string_view name, Value value);
  // Definitions written in Flux, evaluated when a query first imports the package. Source that
  // does not parse is a bug (assertion).
  void add_script(std::string_view package, std::string_view source);

  // Calls of the package's functions do something that can be seen from outside the query. Lambdas
  // of a query that imports it, itself or through others, are evaluated row by row, in order.
  void mark_effects(std::string_view package);

  const Library* find(std::string_view path) const;  // nullptr: no such package
  const std::map<std::string, Library, std::less<>>& packages() const { return packages_; }

 private:
  Library& library(std::string_view path);
  std::map<std::string, Library, std::less<>> packages_;
};

// The value of a native function, and the parser of its signature.
Value make_native(std::string_view package, std::string_view name, std::string_view signature,
                  NativeFunction function);

}  // namespace weir::query::flux
