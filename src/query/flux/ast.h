// The syntax tree of a Flux script: every node of the grammar, with its place in the source.
//
// Nodes are made by the parser (parser.h) or read from JSON (ast_json.h) and never change after;
// children are shared, so a function value keeps the part of the tree it needs alive. A tree is at
// most kTreeDepthMax deep, which makes recursion over it safe. Any thread may read a finished tree.
// Names follow InfluxDB's AST, whose JSON form `/api/v2/query/ast` and `extern` use.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace weir::query::flux::ast {

// Deep enough for generated filters of several hundred `or` terms; recursion over the tree then
// needs well under 1 MiB of stack, a quarter of a worker's.
inline constexpr int kTreeDepthMax = 1000;

// 1-based; columns count bytes, as InfluxDB's do.
struct Position {
  uint32_t line = 0;
  uint32_t column = 0;
  friend bool operator==(const Position&, const Position&) = default;
};

// [start, end) in lines and columns, and the same in bytes of File::source. A node that comes from
// JSON without a location has line 0.
struct Location {
  Position start, end;
  uint32_t start_offset = 0;
  uint32_t end_offset = 0;
};

// "@1:5-1:8", the way Flux's messages name a place.
std::string to_string(const Location& location);

struct Expression;
struct Statement;
struct Block;
using ExpressionPtr = std::shared_ptr<const Expression>;
using StatementPtr = std::shared_ptr<const Statement>;
using BlockPtr = std::shared_ptr<const Block>;

// ---- Expressions ---------------------------------------------------------------------------

enum class ExpressionKind : uint8_t {
  identifier,
  integer,
  unsigned_integer,
  floating,
  string,
  boolean,
  duration,
  date_time,
  regexp,
  pipe,
  label,
  string_expression,
  array,
  dictionary,
  object,
  function,
  call,
  pipe_call,
  member,
  index,
  unary,
  binary,
  logical,
  conditional,
  paren,
  bad,
};

struct Expression {
  Expression(const Expression&) = delete;
  Expression& operator=(const Expression&) = delete;
  virtual ~Expression() = default;
  const ExpressionKind kind;
  uint32_t depth = 1;  // of the tree below, at most kTreeDepthMax
  Location location;

 protected:
  explicit Expression(ExpressionKind k) : kind(k) {}
};

// The node as a T, or nullptr if it is another kind: `if (auto* call = as<CallExpression>(e))`.
template <class T>
const T* as(const Expression& expression) {
  return expression.kind == T::kKind ? static_cast<const T*>(&expression) : nullptr;
}

template <ExpressionKind K>
struct ExpressionOf : Expression {
  static constexpr ExpressionKind kKind = K;
  ExpressionOf() : Expression(K) {}
};

// A name that is not itself an expression: what an assignment or parameter binds.
struct Name {
  std::string text;
  Location location;
};

struct Identifier : ExpressionOf<ExpressionKind::identifier> {
  std::string name;
};
struct IntegerLiteral : ExpressionOf<ExpressionKind::integer> {
  int64_t value = 0;
};
struct UnsignedIntegerLiteral : ExpressionOf<ExpressionKind::unsigned_integer> {  // JSON only
  uint64_t value = 0;
};
struct FloatLiteral : ExpressionOf<ExpressionKind::floating> {
  double value = 0;
};
struct StringLiteral : ExpressionOf<ExpressionKind::string> {
  std::string value;  // escapes resolved
};
struct BooleanLiteral : ExpressionOf<ExpressionKind::boolean> {  // JSON only: `true` is a name
  bool value = false;
};
struct DurationPart {
  int64_t magnitude = 0;
  std::string unit;  // y mo w d h m s ms us ns
};
struct DurationLiteral : ExpressionOf<ExpressionKind::duration> {
  std::vector<DurationPart> parts;
};
struct DateTimeLiteral : ExpressionOf<ExpressionKind::date_time> {
  int64_t seconds = 0;         // Unix time; may lie outside what nanoseconds can say
  int32_t nanosecond = 0;      // 0 to 999,999,999
  int32_t offset_seconds = 0;  // as written; tells `Z` from `+02:00` when formatting
  int64_t value_ns() const;    // saturates at the ends of int64
};
struct RegexpLiteral : ExpressionOf<ExpressionKind::regexp> {
  std::string pattern;  // `\/` resolved; checked to compile
};
struct PipeLiteral : ExpressionOf<ExpressionKind::pipe> {};  // `<-`
struct LabelLiteral : ExpressionOf<ExpressionKind::label> {  // `.name`
  std::string name;
};
// "a ${b} c": parts in turn; a text part has no expression.
struct StringPart {
  std::string text;
  ExpressionPtr expression;
  Location location;
};
struct StringExpression : ExpressionOf<ExpressionKind::string_expression> {
  std::vector<StringPart> parts;
};
struct ArrayExpression : ExpressionOf<ExpressionKind::array> {
  std::vector<ExpressionPtr> elements;
};
struct DictionaryItem {
  ExpressionPtr key, value;
};
struct DictionaryExpression : ExpressionOf<ExpressionKind::dictionary> {
  std::vector<DictionaryItem> elements;
};
// `key: value`, `"key": value`, or `key` alone (value is null then). Also a function's parameter,
// where value is its default, or a PipeLiteral for the pipe parameter.
struct Property {
  std::string key;
  bool key_quoted = false;
  ExpressionPtr value;
  Location location, key_location;
};
struct ObjectExpression : ExpressionOf<ExpressionKind::object> {
  std::shared_ptr<const Identifier> with;  // {with with ...}, or nullptr
  std::vector<Property> properties;
};
struct FunctionExpression : ExpressionOf<ExpressionKind::function>,
                            std::enable_shared_from_this<FunctionExpression> {
  std::vector<Property> parameters;
  ExpressionPtr body;  // exactly one of body and block is set
  BlockPtr block;
};
struct CallExpression : ExpressionOf<ExpressionKind::call> {
  ExpressionPtr callee;
  std::shared_ptr<const ObjectExpression> arguments;  // nullptr: f()
};
struct PipeExpression : ExpressionOf<ExpressionKind::pipe_call> {
  ExpressionPtr argument;
  std::shared_ptr<const CallExpression> call;
};
struct MemberExpression : ExpressionOf<ExpressionKind::member> {
  ExpressionPtr object;
  std::string property;
  bool property_quoted = false;  // r["x"] rather than r.x
  Location property_location;
};
struct IndexExpression : ExpressionOf<ExpressionKind::index> {
  ExpressionPtr array, index;
};

enum class UnaryOperator : uint8_t { add, subtract, logical_not, exists };
enum class BinaryOperator : uint8_t {
  multiply,
  divide,
  modulo,
  power,
  add,
  subtract,
  less,
  less_equal,
  greater,
  greater_equal,
  equal,
  not_equal,
  regexp_match,
  regexp_not_match,
};
enum class LogicalOperator : uint8_t { logical_and, logical_or };
// As written in a script: "not", "<=", "and".
std::string_view to_string(UnaryOperator op);
std::string_view to_string(BinaryOperator op);
std::string_view to_string(LogicalOperator op);

struct UnaryExpression : ExpressionOf<ExpressionKind::unary> {
  UnaryOperator op{};
  ExpressionPtr argument;
};
struct BinaryExpression : ExpressionOf<ExpressionKind::binary> {
  BinaryOperator op{};
  ExpressionPtr left, right;
};
struct LogicalExpression : ExpressionOf<ExpressionKind::logical> {
  LogicalOperator op{};
  ExpressionPtr left, right;
};
struct ConditionalExpression : ExpressionOf<ExpressionKind::conditional> {
  ExpressionPtr test, consequent, alternate;
};
struct ParenExpression : ExpressionOf<ExpressionKind::paren> {
  ExpressionPtr expression;
};
// What could not be parsed; never met by the interpreter.
struct BadExpression : ExpressionOf<ExpressionKind::bad> {
  std::string text;
};

// The expression inside any number of parentheses.
const Expression& without_parens(const Expression& expression);

// ---- Types, in builtin statements ----------------------------------------------------------

enum class TypeKind : uint8_t {
  named,
  variable,
  array,
  stream,
  vector,
  dictionary,
  dynamic,
  function,
  record,
  label,
};
struct Type;
using TypePtr = std::shared_ptr<const Type>;
enum class ParameterKind : uint8_t { required, optional, pipe };
struct TypeParameter {
  ParameterKind kind{};
  Name name;  // empty: a pipe parameter without a name
  TypePtr type;
  std::shared_ptr<const LabelLiteral> default_label;  // ?x: T = .label
  Location location;
};
struct TypeProperty {
  std::string key;
  bool key_quoted = false;
  TypePtr type;
  Location location, key_location;
};
struct Type {
  TypeKind kind{};
  Location location;
  Name name;                              // named, variable, label
  TypePtr element;                        // array, stream, vector; the value of a dictionary
  TypePtr key;                            // dictionary
  std::vector<TypeParameter> parameters;  // function
  TypePtr result;                         // function
  Name extends;                           // record: {extends with ...}, or empty
  std::vector<TypeProperty> properties;   // record
};
struct TypeConstraint {
  Name variable;
  std::vector<Name> kinds;
  Location location;
};
struct TypeExpression {
  TypePtr type;
  std::vector<TypeConstraint> constraints;
  Location location;
};

// ---- Statements ----------------------------------------------------------------------------

// `@name("parameter")` before a statement.
struct AttributeParameter {
  ExpressionPtr value;
  Location location;
};
struct Attribute {
  std::string name;
  std::vector<AttributeParameter> parameters;
  Location location;
};

enum class StatementKind : uint8_t {
  expression,
  variable_assignment,
  member_assignment,
  option,
  return_value,
  builtin,
  testcase,
  bad,
};
struct Statement {
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  virtual ~Statement() = default;
  const StatementKind kind;
  Location location;
  std::vector<Attribute> attributes;

 protected:
  explicit Statement(StatementKind k) : kind(k) {}
};
template <class T>
const T* as(const Statement& statement) {
  return statement.kind == T::kKind ? static_cast<const T*>(&statement) : nullptr;
}
template <StatementKind K>
struct StatementOf : Statement {
  static constexpr StatementKind kKind = K;
  StatementOf() : Statement(K) {}
};

struct ExpressionStatement : StatementOf<StatementKind::expression> {
  ExpressionPtr expression;
};
struct VariableAssignment : StatementOf<StatementKind::variable_assignment> {
  Name id;
  ExpressionPtr init;
};
struct MemberAssignment
    : StatementOf<StatementKind::member_assignment> {  // in OptionStatement only
  std::shared_ptr<const MemberExpression> member;
  ExpressionPtr init;
};
struct OptionStatement : StatementOf<StatementKind::option> {
  StatementPtr assignment;  // VariableAssignment or MemberAssignment
};
struct ReturnStatement : StatementOf<StatementKind::return_value> {
  ExpressionPtr argument;
};
struct BuiltinStatement : StatementOf<StatementKind::builtin> {
  Name id;
  TypeExpression type;
};
struct TestCaseStatement : StatementOf<StatementKind::testcase> {
  Name id;
  std::shared_ptr<const StringLiteral> extends;
  BlockPtr block;
};
struct BadStatement : StatementOf<StatementKind::bad> {
  std::string text;
};

struct Block {
  std::vector<StatementPtr> body;
  Location location;
};

// ---- Files ---------------------------------------------------------------------------------

struct PackageClause {
  Name name;
  std::vector<Attribute> attributes;
  Location location;
};
struct ImportDeclaration {
  Name as;  // empty text: none
  std::string path;
  std::vector<Attribute> attributes;
  Location location, path_location;
};
// "// text" to the end of its line; not part of the tree, but of what is formatted.
struct Comment {
  std::string text;  // with its slashes, without blanks at its end
  uint32_t start_offset = 0, end_offset = 0;
  bool own_line = false;  // nothing but blanks before it
};
struct File {
  std::string name;    // file name, often empty
  std::string source;  // the text, empty when read from JSON
  std::shared_ptr<const PackageClause> package;
  std::vector<ImportDeclaration> imports;
  std::vector<StatementPtr> body;
  std::vector<Attribute> trailing_attributes;  // before the end of the file
  std::vector<Comment> comments;               // in order
  Location location;
};
using FilePtr = std::shared_ptr<const File>;
struct Package {
  std::string path;
  std::string name = "main";
  std::vector<FilePtr> files;  // in order of evaluation: `extern` first
};

}  // namespace weir::query::flux::ast
