#include "query/exec/vector_expression.h"

#include <vector>

#include "query/exec/context.h"
#include "query/exec/values.h"
#include "query/exec/vector_operators.h"

namespace weir::query {

namespace {

using flux::Value;
namespace ast = flux::ast;

class ColumnReference final : public VectorExpression {
 public:
  ColumnReference(size_t index, ColumnType type) : index_(index), type_(type) {}
  Result<Operand> evaluate(const RowBatch& batch) const override {
    return Operand{batch.chunk.columns[index_]};
  }
  std::optional<ColumnType> type() const override { return type_; }

 private:
  size_t index_;
  ColumnType type_;
};

class Constant final : public VectorExpression {
 public:
  explicit Constant(Value value) : value_(std::move(value)) {}
  Result<Operand> evaluate(const RowBatch& batch) const override {
    return constant_operand(value_, batch.chunk.rows);
  }
  std::optional<ColumnType> type() const override {
    return column_type_of(value_.is_null() ? value_.null_type() : value_.type());
  }

 private:
  Value value_;
};

class Binary final : public VectorExpression {
 public:
  Binary(ast::BinaryOperator op, VectorExpressionPtr left, VectorExpressionPtr right,
         BinaryRules rules)
      : op_(op), left_(std::move(left)), right_(std::move(right)), rules_(rules) {}
  Result<Operand> evaluate(const RowBatch& batch) const override {
    WEIR_TRY(Operand left, left_->evaluate(batch));
    WEIR_TRY(Operand right, right_->evaluate(batch));
    return apply(op_, left, right, batch, rules_);
  }
  std::optional<ColumnType> type() const override {
    if (is_comparison(op_) || op_ == ast::BinaryOperator::regexp_match ||
        op_ == ast::BinaryOperator::regexp_not_match) {
      return ColumnType::boolean;
    }
    std::optional<ColumnType> left = left_->type();
    bool number = left == ColumnType::floating || left == ColumnType::integer ||
                  left == ColumnType::unsigned_integer || left == ColumnType::string;
    return number && op_ != ast::BinaryOperator::power && left == right_->type() ? left
                                                                                 : std::nullopt;
  }

 private:
  ast::BinaryOperator op_;
  VectorExpressionPtr left_, right_;
  BinaryRules rules_;
};

class Unary final : public VectorExpression {
 public:
  Unary(ast::UnaryOperator op, VectorExpressionPtr argument)
      : op_(op), argument_(std::move(argument)) {}
  Result<Operand> evaluate(const RowBatch& batch) const override {
    WEIR_TRY(Operand argument, argument_->evaluate(batch));
    return apply(op_, argument, batch);
  }
  std::optional<ColumnType> type() const override {
    bool logical = op_ == ast::UnaryOperator::exists || op_ == ast::UnaryOperator::logical_not;
    return logical ? ColumnType::boolean : argument_->type();
  }

 private:
  ast::UnaryOperator op_;
  VectorExpressionPtr argument_;
};

class Logical final : public VectorExpression {
 public:
  Logical(ast::LogicalOperator op, VectorExpressionPtr left, VectorExpressionPtr right)
      : op_(op), left_(std::move(left)), right_(std::move(right)) {}
  Result<Operand> evaluate(const RowBatch& batch) const override {
    WEIR_TRY(Operand left, left_->evaluate(batch));
    // Tags are constant, so most filters end here for a whole chunk.
    bool decides = op_ == ast::LogicalOperator::logical_or;
    if (left.column != nullptr && left.column->constant && left.column->is_valid(0) &&
        left.column->type == ColumnType::boolean && left.column->bool_at(0) == decides) {
      return left;
    }
    WEIR_TRY(Operand right, right_->evaluate(batch));
    return apply(op_, left, right, batch.chunk.rows);
  }
  std::optional<ColumnType> type() const override { return ColumnType::boolean; }

 private:
  ast::LogicalOperator op_;
  VectorExpressionPtr left_, right_;
};

class Conditional final : public VectorExpression {
 public:
  Conditional(VectorExpressionPtr test, VectorExpressionPtr consequent,
              VectorExpressionPtr alternate)
      : test_(std::move(test)),
        consequent_(std::move(consequent)),
        alternate_(std::move(alternate)) {}
  Result<Operand> evaluate(const RowBatch& batch) const override {
    WEIR_TRY(Operand test, test_->evaluate(batch));
    WEIR_TRY(Operand consequent, consequent_->evaluate(batch));
    WEIR_TRY(Operand alternate, alternate_->evaluate(batch));
    return choose(test, consequent, alternate, batch);
  }
  std::optional<ColumnType> type() const override {
    return consequent_->type() == alternate_->type() ? consequent_->type() : std::nullopt;
  }

 private:
  VectorExpressionPtr test_, consequent_, alternate_;
};

// A function that does not depend on the row, called with arguments that do.
class Call final : public VectorExpression {
 public:
  struct Argument {
    std::string name;
    VectorExpressionPtr value;
  };
  Call(flux::Interpreter& interpreter, std::shared_ptr<const flux::Function> function,
       std::vector<Argument> arguments, ast::Location location)
      : interpreter_(interpreter),
        function_(std::move(function)),
        arguments_(std::move(arguments)),
        location_(location) {}

  Result<Operand> evaluate(const RowBatch& batch) const override {
    std::vector<Operand> operands;
    bool constant = batch.chunk.rows > 0;
    for (const Argument& argument : arguments_) {
      WEIR_TRY(Operand operand, argument.value->evaluate(batch));
      constant = constant && (operand.column == nullptr || operand.column->constant);
      operands.push_back(std::move(operand));
    }
    if (is_float_of_integers(operands)) return to_floats(*operands[0].column);
    std::vector<flux::NamedValue> values(arguments_.size());
    ValueColumnBuilder builder("value", &batch.context.memory);
    for (size_t row = 0; row < batch.chunk.rows; ++row) {
      if (row % kRowsBetweenChecks == 0) WEIR_CHECK(batch.context.check());
      for (size_t i = 0; i < values.size(); ++i)
        values[i] = {arguments_[i].name, value_at(operands[i], row)};
      WEIR_TRY(Value value, interpreter_.call(*function_, values, location_));
      if (constant) return constant_operand(std::move(value), batch.chunk.rows);
      WEIR_CHECK(builder.append(value));
    }
    return Operand{builder.finish()};
  }
  std::optional<ColumnType> type() const override {
    static constexpr std::pair<std::string_view, ColumnType> kConversions[] = {
        {"float", ColumnType::floating},        {"int", ColumnType::integer},
        {"uint", ColumnType::unsigned_integer}, {"string", ColumnType::string},
        {"bool", ColumnType::boolean},          {"time", ColumnType::time}};
    for (auto [name, type] : kConversions)
      if (function_->is_native("universe", name)) return type;
    return std::nullopt;
  }

 private:
  // float(v: r._value): the most frequent call in lambdas by far.
  bool is_float_of_integers(const std::vector<Operand>& operands) const {
    if (operands.size() != 1 || operands[0].column == nullptr) return false;
    ColumnType type = operands[0].column->type;
    return function_->is_native("universe", "float") &&
           (type == ColumnType::integer || type == ColumnType::unsigned_integer ||
            type == ColumnType::floating);
  }
  static Operand to_floats(const Column& column) {
    auto out = std::make_shared<Column>();
    out->type = ColumnType::floating;
    out->constant = column.constant, out->rows = column.rows, out->valid = column.valid;
    for (size_t i = 0; i < column.words.size(); ++i) {
      double value = column.type == ColumnType::floating ? std::bit_cast<double>(column.words[i])
                     : column.type == ColumnType::integer
                         ? static_cast<double>(std::bit_cast<int64_t>(column.words[i]))
                         : static_cast<double>(column.words[i]);
      out->words.push_back(std::bit_cast<uint64_t>(value));
    }
    return {std::move(out)};
  }

  flux::Interpreter& interpreter_;
  std::shared_ptr<const flux::Function> function_;
  std::vector<Argument> arguments_;
  ast::Location location_;
};

// Anything else: the interpreter, with the row as a record.
class Interpreted final : public VectorExpression {
 public:
  Interpreted(const CompileContext& context, ast::ExpressionPtr tree)
      : interpreter_(context.interpreter),
        scope_(context.scope),
        parameter_(context.parameter),
        tree_(std::move(tree)) {}
  Result<Operand> evaluate(const RowBatch& batch) const override {
    ValueColumnBuilder builder("value", &batch.context.memory);
    for (size_t row = 0; row < batch.chunk.rows; ++row) {
      if (row % kRowsBetweenChecks == 0) WEIR_CHECK(batch.context.check());
      Value record = Value::of_record(record_at(batch.columns, batch.chunk, row));
      std::vector<flux::Binding> bindings{{parameter_, std::move(record), nullptr}};
      auto scope = std::make_shared<const flux::Scope>(std::move(bindings), scope_);
      WEIR_TRY(Value value, interpreter_.evaluate(*tree_, scope));
      WEIR_CHECK(builder.append(value));
    }
    return Operand{builder.finish()};
  }

 private:
  flux::Interpreter& interpreter_;
  flux::ScopePtr scope_;
  std::string parameter_;
  ast::ExpressionPtr tree_;
};

bool any_mention(const std::vector<ast::Property>& properties, std::string_view name) {
  for (const ast::Property& property : properties) {
    if (property.value == nullptr ? property.key == name : mentions(*property.value, name))
      return true;
  }
  return false;
}

bool is_row(const ast::Expression& tree, const CompileContext& context) {
  const auto* identifier = ast::as<ast::Identifier>(without_parens(tree));
  return identifier != nullptr && identifier->name == context.parameter;
}

VectorExpressionPtr column_reference(const CompileContext& context, std::string_view label) {
  std::optional<size_t> at = find_column(context.columns, label);
  if (!at) return std::make_unique<Constant>(Value());
  return std::make_unique<ColumnReference>(*at, context.columns[*at].type);
}

// The function a call names, if the name means the same in every row.
std::shared_ptr<const flux::Function> fixed_callee(const CompileContext& context,
                                                   const ast::CallExpression& call) {
  if (!is_fixed(context.interpreter, *call.callee, context.parameter)) return nullptr;
  auto callee = context.interpreter.evaluate(*call.callee, context.scope);
  if (!callee.ok() || !callee->is(flux::ValueType::function)) return nullptr;
  return callee->function();
}

VectorExpressionPtr compile_call(const CompileContext& context, const ast::CallExpression& call) {
  auto function = fixed_callee(context, call);
  if (function == nullptr || call.arguments == nullptr || call.arguments->with != nullptr)
    return nullptr;
  std::vector<Call::Argument> arguments;
  for (const ast::Property& property : call.arguments->properties) {
    if (property.value == nullptr || is_row(*property.value, context)) return nullptr;
    arguments.push_back({property.key, compile(context, property.value)});
  }
  return std::make_unique<Call>(context.interpreter, std::move(function), std::move(arguments),
                                call.location);
}

// Null if there is no column operation for this kind of node.
VectorExpressionPtr compile_node(const CompileContext& context, const ast::Expression& tree) {
  if (const auto* member = ast::as<ast::MemberExpression>(tree)) {
    return is_row(*member->object, context) ? column_reference(context, member->property) : nullptr;
  }
  if (const auto* index = ast::as<ast::IndexExpression>(tree)) {
    const auto* text = ast::as<ast::StringLiteral>(without_parens(*index->index));
    return text != nullptr && is_row(*index->array, context)
               ? column_reference(context, text->value)
               : nullptr;
  }
  if (const auto* binary = ast::as<ast::BinaryExpression>(tree)) {
    return std::make_unique<Binary>(binary->op, compile(context, binary->left),
                                    compile(context, binary->right),
                                    BinaryRules{context.lenient_comparisons});
  }
  if (const auto* unary = ast::as<ast::UnaryExpression>(tree))
    return std::make_unique<Unary>(unary->op, compile(context, unary->argument));
  if (const auto* logical = ast::as<ast::LogicalExpression>(tree)) {
    return std::make_unique<Logical>(logical->op, compile(context, logical->left),
                                     compile(context, logical->right));
  }
  if (const auto* conditional = ast::as<ast::ConditionalExpression>(tree)) {
    return std::make_unique<Conditional>(compile(context, conditional->test),
                                         compile(context, conditional->consequent),
                                         compile(context, conditional->alternate));
  }
  if (const auto* paren = ast::as<ast::ParenExpression>(tree))
    return compile(context, paren->expression);
  if (const auto* call = ast::as<ast::CallExpression>(tree)) return compile_call(context, *call);
  return nullptr;
}

}  // namespace

bool mentions(const ast::Expression& tree, std::string_view name) {
  auto in = [&](const ast::ExpressionPtr& child) { return child && mentions(*child, name); };
  using Kind = ast::ExpressionKind;
  switch (tree.kind) {
    case Kind::identifier:
      return ast::as<ast::Identifier>(tree)->name == name;
    case Kind::integer:
    case Kind::unsigned_integer:
    case Kind::floating:
    case Kind::string:
    case Kind::boolean:
    case Kind::duration:
    case Kind::date_time:
    case Kind::regexp:
    case Kind::label:
      return false;
    case Kind::member:
      return in(ast::as<ast::MemberExpression>(tree)->object);
    case Kind::index: {
      const auto* node = ast::as<ast::IndexExpression>(tree);
      return in(node->array) || in(node->index);
    }
    case Kind::unary:
      return in(ast::as<ast::UnaryExpression>(tree)->argument);
    case Kind::binary: {
      const auto* node = ast::as<ast::BinaryExpression>(tree);
      return in(node->left) || in(node->right);
    }
    case Kind::logical: {
      const auto* node = ast::as<ast::LogicalExpression>(tree);
      return in(node->left) || in(node->right);
    }
    case Kind::conditional: {
      const auto* node = ast::as<ast::ConditionalExpression>(tree);
      return in(node->test) || in(node->consequent) || in(node->alternate);
    }
    case Kind::paren:
      return in(ast::as<ast::ParenExpression>(tree)->expression);
    case Kind::object: {
      const auto* node = ast::as<ast::ObjectExpression>(tree);
      return (node->with && node->with->name == name) || any_mention(node->properties, name);
    }
    case Kind::call: {
      const auto* node = ast::as<ast::CallExpression>(tree);
      return in(node->callee) || (node->arguments && mentions(*node->arguments, name));
    }
    default:
      return true;  // arrays, functions, interpolated text: the interpreter sees to them
  }
}

bool is_fixed(const flux::Interpreter& interpreter, const ast::Expression& tree,
              std::string_view row) {
  if (mentions(tree, row)) return false;
  if (!interpreter.has_effects()) return true;
  // A name, a member, a literal: no call.
  const ast::Expression* inner = &without_parens(tree);
  while (const auto* member = ast::as<ast::MemberExpression>(*inner))
    inner = &without_parens(*member->object);
  using Kind = ast::ExpressionKind;
  return inner->kind <= Kind::label;
}

VectorExpressionPtr compile(const CompileContext& context, const ast::ExpressionPtr& tree) {
  if (is_fixed(context.interpreter, *tree, context.parameter)) {
    auto value = context.interpreter.evaluate(*tree, context.scope);
    // What fails may stand in a branch that no row takes: leave it to the rows.
    if (value.ok()) return std::make_unique<Constant>(std::move(*value));
  } else if (VectorExpressionPtr node = compile_node(context, *tree)) {
    return node;
  }
  return std::make_unique<Interpreted>(context, tree);
}

}  // namespace weir::query
