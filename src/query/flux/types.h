// Static types of Flux expressions, and what makes two of them one: the unifier of the type
// checker.
//
// A type is an index into a TypeTable, which one check of one script owns. Types are shapes over
// other types: basic ones, arrays, streams, dictionaries, functions with named parameters, and
// records as rows: a label, its type and a tail, which is another row, the empty record, or a
// variable that stands for whatever else the record has. A variable is found out by unify() and may
// carry kinds (`A: Addable`). `any` agrees with everything: it stands for what is not known here,
// so that no script is refused for want of knowledge.
//
// unify() and constrain() add to `problems` what does not agree and go on; they never fail. Work is
// bounded by kTypeStepsMax: beyond it everything agrees (exhausted()). One thread.
// Spec: Flux specification, "Types"; the texts of problems are InfluxDB's.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "query/flux/ast.h"

namespace weir::query::flux {

// Unifications, walks and copies of one check: some tens of milliseconds, which no real script
// comes near, but types can double with every line.
inline constexpr uint64_t kTypeStepsMax = 2'000'000;
// Labels of records that are compared in the time of one of them.
inline constexpr size_t kLabelsAStep = 16;
// Types within types; bounds the stack of those who walk them.
inline constexpr int kTypeDepthMax = 300;

using TypeId = uint32_t;
inline constexpr TypeId kAny = 0;

enum class TypeForm : uint8_t {
  any,
  variable,
  // Basic: TypeTable::basic().
  boolean,
  integer,
  unsigned_integer,
  floating,
  string,
  duration,
  time,
  regexp,
  bytes,
  dynamic,
  // Built of others.
  array,
  stream,
  vector,
  dictionary,
  empty_record,
  record,
  function,
};

// What a variable's type must be able to do, as bits.
using KindSet = uint16_t;
enum Kind : KindSet {
  kAddable = 1,
  kBasic = 2,
  kComparable = 4,
  kDivisible = 8,
  kEquatable = 16,
  kLabel = 32,
  kNegatable = 64,
  kNullable = 128,
  kNumeric = 256,
  kRecord = 512,
  kStringable = 1024,
  kSubtractable = 2048,
  kTimeable = 4096,
};
// 0 for a word that names none.
KindSet kind_of(std::string_view word);

struct FunctionParameter {
  std::string name;  // of a pipe parameter: may be empty
  ast::ParameterKind kind = ast::ParameterKind::required;
  TypeId type = kAny;
};
struct FunctionType {
  std::vector<FunctionParameter> parameters;
  TypeId result = kAny;
};

// Something that does not agree. Its text is made at the end, when more is known of its types.
struct TypeProblem {
  enum class What : uint8_t {
    mismatch,          // expected, actual
    not_of_kind,       // actual, kind
    recursive,         // expected, actual
    missing_label,     // name
    unexpected_label,  // name
    missing_argument,  // name
    missing_pipe,
    unexpected_argument,  // name
    other_pipe,           // name, other_name
  };
  What what{};
  TypeId expected = kAny, actual = kAny;
  KindSet kind = 0;
  std::string name = {}, other_name = {};
  // Where in larger types, innermost first: " (argument fn)".
  struct Context {
    enum class Where : uint8_t { argument, result } where{};
    std::string name = {};
    TypeId expected = kAny, actual = kAny;
  };
  std::vector<Context> contexts = {};
};
using TypeProblems = std::vector<TypeProblem>;

class TypeTable {
 public:
  TypeTable();

  // ---- Making types
  static TypeId basic(TypeForm form) { return static_cast<TypeId>(form); }
  static TypeId empty_record() { return static_cast<TypeId>(TypeForm::empty_record); }
  TypeId variable(KindSet kinds = 0);
  TypeId collection(TypeForm form, TypeId element);  // array, stream, vector
  TypeId dictionary(TypeId key, TypeId value);
  TypeId record(std::string_view label, TypeId type, TypeId tail);
  TypeId function(FunctionType type);
  // A written type with new variables for its own; unknown names are `any`.
  TypeId from_expression(const ast::TypeExpression& expression);

  // A record that ends, with the labels it lacks of another that ends. Else the type itself.
  TypeId with_missing_labels(TypeId type, TypeId other);

  // ---- Asking
  TypeId resolved(TypeId type) const;  // what a variable was found out to be
  TypeForm form(TypeId type) const { return nodes_[resolved(type)].form; }
  TypeId element(TypeId type) const { return nodes_[resolved(type)].first; }
  const FunctionType& function_of(TypeId type) const;
  std::string to_text(TypeId type) const;
  std::string to_text(const TypeProblem& problem) const;
  bool exhausted() const { return steps_ >= kTypeStepsMax; }

  // ---- Agreeing
  void unify(TypeId expected, TypeId actual, TypeProblems& problems);
  void unify_functions(const FunctionType& expected, const FunctionType& actual,
                       TypeProblems& problems);
  void constrain(TypeId type, KindSet kinds, TypeProblems& problems);

  // ---- Polymorphism. Variables belong to the level at which they were made, or to the lowest of
  // those they were unified with. What a definition made at a deeper level than its own is new at
  // each use.
  void enter_level() { ++level_; }
  void leave_level() { --level_; }
  int level() const { return level_; }
  // A copy with new variables for those of deeper levels than `level`.
  TypeId instantiate(TypeId type, int level);

 private:
  struct Node {
    TypeForm form = TypeForm::any;
    KindSet kinds = 0;    // variable
    int level = 0;        // variable
    TypeId first = 0;     // element, value of a dictionary, type of a label; a variable's own type
    TypeId second = 0;    // key of a dictionary, tail of a record
    uint32_t extra = 0;   // index of a function, or of a label
    uint32_t walked = 0;  // by which walk it was seen last
  };
  struct Row {
    std::vector<std::pair<uint32_t, TypeId>> fields;  // label, type; a shadowed label is left out
    TypeId tail = 0;
  };
  class Depth;
  class Printer;

  TypeId add(Node node);
  uint32_t label(std::string_view name);
  Row row_of(TypeId type) const;
  TypeId make_row(const Row& row);
  bool step() { return ++steps_ < kTypeStepsMax; }
  // Before a label is looked for among so many; false: not worth it any more.
  bool look_through(size_t labels) const {
    steps_ += 1 + labels / kLabelsAStep;
    return !exhausted();
  }
  void bind(TypeId variable, TypeId type, TypeProblems& problems);
  bool reaches(TypeId variable, TypeId type);  // and lowers the levels of what it walks
  bool walk(TypeId variable, int level, TypeId type, int depth);
  void unify_rows(TypeId expected, TypeId actual, TypeProblems& problems);
  bool has_kind(TypeId type, KindSet kind, int depth);
  TypeId copy(TypeId type, int level, std::map<TypeId, TypeId>& copies, int depth);
  TypeId from_type(const ast::Type& type, std::map<std::string, TypeId>& variables);

  std::vector<Node> nodes_;
  std::vector<FunctionType> functions_;
  std::vector<std::string> labels_;
  std::map<std::string, uint32_t, std::less<>> label_ids_;
  mutable uint64_t steps_ = 0;
  uint32_t walks_ = 0;
  int level_ = 0;
  int depth_ = 0;
};

}  // namespace weir::query::flux
