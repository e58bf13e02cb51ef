// Package join: rows of two streams put together by a function, table by table of equal group keys.
//
// `on` is read, not called: equalities between a column of l and one of r, joined with `and`. Rows
// whose values there are equal (null equals nothing) are joined each with each; with an outer
// method, rows without a partner meet a row that holds only the group key. Rows come sorted by the
// columns of `on`, nulls last, and columns by label.
#include <algorithm>
#include <map>

#include "query/exec/functions/held.h"
#include "query/exec/functions/packages.h"
#include "query/exec/vector_expression.h"

namespace weir::query {

namespace {

namespace ast = flux::ast;
using flux::Value;

struct OnColumns {
  std::vector<std::string> left, right;
};

Error unsupported_on(std::string_view what) {
  return invalid(
      "error in join function - some expressions are not yet supported in the `on` parameter: " +
      std::string(what));
}

// One equality: l.a == r.b, or the other way round.
Result<void> read_equality(const ast::BinaryExpression& binary, OnColumns& on) {
  if (binary.op != ast::BinaryOperator::equal)
    return unsupported_on("unsupported operator in join predicate: " +
                          std::string(to_string(binary.op)));
  const auto* left = ast::as<ast::MemberExpression>(ast::without_parens(*binary.left));
  if (left == nullptr) return unsupported_on("left side of comparison is not a member expression");
  const auto* right = ast::as<ast::MemberExpression>(ast::without_parens(*binary.right));
  if (right == nullptr)
    return unsupported_on("right side of comparison is not a member expression");
  const auto* first = ast::as<ast::Identifier>(*left->object);
  const auto* second = ast::as<ast::Identifier>(*right->object);
  if (first == nullptr || second == nullptr) return invalid("invalid member expression");
  bool straight = first->name == "l" && second->name == "r";
  bool crossed = first->name == "r" && second->name == "l";
  if (!straight && !crossed)
    return unsupported_on(
        "binary expression operands must reference `l` or `r` only, and may not reference the "
        "same object");
  on.left.push_back(straight ? left->property : right->property);
  on.right.push_back(straight ? right->property : left->property);
  return {};
}

Result<void> read_predicate(const ast::Expression& expression, OnColumns& on) {
  const ast::Expression& tree = ast::without_parens(expression);
  if (const auto* logical = ast::as<ast::LogicalExpression>(tree)) {
    if (logical->op != ast::LogicalOperator::logical_and)
      return unsupported_on("unsupported operator in join predicate: " +
                            std::string(to_string(logical->op)));
    WEIR_CHECK(read_predicate(*logical->left, on));
    return read_predicate(*logical->right, on);
  }
  if (const auto* binary = ast::as<ast::BinaryExpression>(tree)) return read_equality(*binary, on);
  return unsupported_on("illegal expression type in join predicate");
}

// The properties of `name` that a tree reads: columns which must exist.
void read_members(const ast::Expression& expression, std::string_view name,
                  std::vector<std::string>& out) {
  auto all = [&](const std::vector<ast::Property>& properties) {
    for (const ast::Property& property : properties)
      if (property.value != nullptr) read_members(*property.value, name, out);
  };
  if (const auto* member = ast::as<ast::MemberExpression>(expression)) {
    const auto* object = ast::as<ast::Identifier>(*member->object);
    if (object != nullptr && object->name == name) out.push_back(member->property);
    read_members(*member->object, name, out);
  } else if (const auto* object = ast::as<ast::ObjectExpression>(expression)) {
    all(object->properties);
  } else if (const auto* call = ast::as<ast::CallExpression>(expression)) {
    read_members(*call->callee, name, out);
    if (call->arguments) all(call->arguments->properties);
  } else if (const auto* pipe = ast::as<ast::PipeExpression>(expression)) {
    read_members(*pipe->argument, name, out);
    read_members(*pipe->call, name, out);
  } else if (const auto* unary = ast::as<ast::UnaryExpression>(expression)) {
    read_members(*unary->argument, name, out);
  } else if (const auto* binary = ast::as<ast::BinaryExpression>(expression)) {
    read_members(*binary->left, name, out);
    read_members(*binary->right, name, out);
  } else if (const auto* logical = ast::as<ast::LogicalExpression>(expression)) {
    read_members(*logical->left, name, out);
    read_members(*logical->right, name, out);
  } else if (const auto* choice = ast::as<ast::ConditionalExpression>(expression)) {
    read_members(*choice->test, name, out);
    read_members(*choice->consequent, name, out);
    read_members(*choice->alternate, name, out);
  } else if (const auto* paren = ast::as<ast::ParenExpression>(expression)) {
    read_members(*paren->expression, name, out);
  }
}

std::vector<std::string> members_read(const flux::Function& function, std::string_view name) {
  std::vector<std::string> out;
  if (function.expression() == nullptr) return out;
  const ast::FunctionExpression& tree = *function.expression();
  if (tree.body) read_members(*tree.body, name, out);
  if (!tree.block) return out;
  for (const ast::StatementPtr& statement : tree.block->body) {
    if (const auto* variable = ast::as<ast::VariableAssignment>(*statement))
      read_members(*variable->init, name, out);
    if (const auto* returned = ast::as<ast::ReturnStatement>(*statement))
      read_members(*returned->argument, name, out);
  }
  return out;
}

struct JoinSpec {
  OnColumns on;
  std::shared_ptr<const flux::Function> as;
  std::string method;
  flux::Interpreter* interpreter = nullptr;
};

// Rows of one side with equal values in the columns of `on`, in the order of those values.
struct Rows {
  std::vector<Scalar> key;
  std::vector<uint32_t> left, right;
};

struct KeyLess {
  // Nulls last; values of different types by type.
  bool operator()(const std::vector<Scalar>& a, const std::vector<Scalar>& b) const {
    for (size_t i = 0; i < a.size(); ++i) {
      if (a[i].is_null() != b[i].is_null()) return b[i].is_null();
      if (a[i].is_null()) continue;
      if (a[i].type() != b[i].type()) return a[i].type() < b[i].type();
      if (int order = compare(a[i], b[i]); order != 0) return order < 0;
    }
    return false;
  }
};

class PairJoin {
 public:
  PairJoin(ExecContext& context, const JoinSpec& spec, const Columns& left, const Columns& right)
      : context_(context), spec_(spec), left_columns_(left), right_columns_(right) {}

  // Null if nothing is joined. One of the tables may be missing.
  Result<TablePtr> run(const HeldTable* left, const HeldTable* right) {
    const GroupKey& key = left != nullptr ? left->key : right->key;
    if (left != nullptr) WEIR_CHECK(add_side(*left, spec_.on.left, "left", true));
    if (right != nullptr) WEIR_CHECK(add_side(*right, spec_.on.right, "right", false));
    bool keeps_left = spec_.method == "left" || spec_.method == "full";
    bool keeps_right = spec_.method == "right" || spec_.method == "full";
    for (auto& [on, rows] : products_) {
      bool is_null = std::any_of(on.begin(), on.end(), [](const auto& v) { return v.is_null(); });
      if (!rows.left.empty() && !rows.right.empty() && !is_null) {
        for (uint32_t l : rows.left)
          for (uint32_t r : rows.right) WEIR_CHECK(emit(key, left, l, right, r));
        continue;
      }
      for (uint32_t l : rows.left)
        if (keeps_left) WEIR_CHECK(emit(key, left, l, nullptr, 0));
      for (uint32_t r : rows.right)
        if (keeps_right) WEIR_CHECK(emit(key, nullptr, 0, right, r));
    }
    return rows_ > 0 ? finish(key) : Result<TablePtr>(TablePtr());
  }

 private:
  Result<void> add_side(const HeldTable& table, const std::vector<std::string>& on,
                        const char* side, bool is_left) {
    std::vector<size_t> at;
    for (const std::string& label : on) {
      std::optional<size_t> found = find_column(table.columns, label);
      if (!found && table.chunk.rows == 0) return {};
      if (!found)
        return invalid("cannot set join columns in " + std::string(side) +
                       " table stream: table is missing column '" + label + "'");
      at.push_back(*found);
    }
    for (uint32_t row = 0; row < table.chunk.rows; ++row) {
      if (row % kRowsBetweenChecks == 0) WEIR_CHECK(context_.check());
      std::vector<Scalar> key;
      for (size_t i : at) key.push_back(table.chunk.columns[i]->at(row));
      Rows& rows = products_[std::move(key)];
      (is_left ? rows.left : rows.right).push_back(row);
    }
    return {};
  }

  static Value record_of(const HeldTable* table, uint32_t row, const Columns& columns,
                         const GroupKey& key) {
    if (table != nullptr) return Value::of_record(record_at(table->columns, table->chunk, row));
    flux::Record out;
    for (const ColumnInfo& column : columns) {
      const Scalar* value = key.find(column.label);
      out.set(column.label,
              value != nullptr ? to_value(*value) : Value::null_of(value_type_of(column.type)));
    }
    for (const auto& entry : key.entries()) out.set(entry.label, to_value(entry.value));
    return Value::of_record(std::move(out));
  }

  Result<void> emit(const GroupKey& key, const HeldTable* left, uint32_t l, const HeldTable* right,
                    uint32_t r) {
    if (rows_ % kRowsBetweenChecks == 0) WEIR_CHECK(context_.check(rows_ * labels_.size() * 8));
    WEIR_TRY(Value joined,
             spec_.interpreter->call(*spec_.as, {{"l", record_of(left, l, left_columns_, key)},
                                                 {"r", record_of(right, r, right_columns_, key)}}));
    if (!joined.is(flux::ValueType::record))
      return invalid("the function `as` must return a record, it returned " +
                     std::string(joined.type_name()));
    const flux::Record& record = joined.as_record();
    for (const auto& entry : key.entries()) {
      const Value* value = record.find(entry.label);
      if (value == nullptr || !equals(*value, to_value(entry.value)))
        return invalid(
            "join cannot modify group key: output record has a missing or invalid value for "
            "column '" +
            entry.label + ":" + std::string(to_string(entry.value.type())) + "'");
    }
    for (const auto& [label, value] : record.properties()) {
      auto [at, added] = labels_.try_emplace(label, label, &context_.memory);
      if (added)
        for (size_t row = 0; row < rows_; ++row) WEIR_CHECK(at->second.append(Value()));
      WEIR_CHECK(at->second.append(value));
    }
    ++rows_;
    return {};
  }

  Result<TablePtr> finish(const GroupKey& key) {
    Columns columns;
    Chunk chunk;
    chunk.rows = rows_;
    for (auto& [label, builder] : labels_) {
      ColumnPtr column = builder.finish();
      if (column == nullptr) continue;
      if (column->rows != rows_)
        return invalid("the function `as` must return the same properties for every row: \"" +
                       label + "\" is missing in some");
      columns.push_back({label, column->type});
      chunk.columns.push_back(std::move(column));
    }
    return make_table(key, std::move(columns), std::move(chunk));
  }

  ExecContext& context_;
  const JoinSpec& spec_;
  const Columns &left_columns_, &right_columns_;
  std::map<std::vector<Scalar>, Rows, KeyLess> products_;
  std::map<std::string, ValueColumnBuilder> labels_;
  size_t rows_ = 0;
};

// The columns of a side's first table, which those that the function reads must be among.
Result<Columns> side_columns(const HeldStream& stream, const JoinSpec& spec, const char* name,
                             const char* side) {
  Columns columns;
  for (const HeldTable& table : stream.tables()) {
    if (table.chunk.rows == 0 && !columns.empty()) continue;
    columns = table.columns;
    if (table.chunk.rows > 0) break;
  }
  if (columns.empty()) return columns;
  for (const std::string& label : members_read(*spec.as, name)) {
    if (!find_column(columns, label))
      return invalid("error preparing " + std::string(side) +
                     " side of join: table is missing label " + label);
  }
  return columns;
}

Result<std::vector<TablePtr>> join_streams(ExecContext& context, const JoinSpec& spec,
                                           const HeldStream& left, const HeldStream& right) {
  WEIR_TRY(Columns left_columns, side_columns(left, spec, "l", "left"));
  WEIR_TRY(Columns right_columns, side_columns(right, spec, "r", "right"));
  std::vector<TablePtr> out;
  auto add = [&](const HeldTable* a, const HeldTable* b) -> Result<void> {
    WEIR_TRY(TablePtr joined, PairJoin(context, spec, left_columns, right_columns).run(a, b));
    if (joined != nullptr) out.push_back(std::move(joined));
    return {};
  };
  for (const HeldTable& table : left.tables()) WEIR_CHECK(add(&table, right.find(table.key)));
  for (const HeldTable& table : right.tables())
    if (left.find(table.key) == nullptr) WEIR_CHECK(add(nullptr, &table));
  return out;
}

Result<Value> tables(CallContext& call, const Arguments& arguments) {
  WEIR_TRY(StreamNode left, stream_argument(arguments, "left"));
  WEIR_TRY(StreamNode right, stream_argument(arguments, "right"));
  JoinSpec spec;
  WEIR_TRY(auto on, arguments.function("on"));
  WEIR_TRY(spec.as, arguments.function("as"));
  WEIR_TRY(spec.method, arguments.string("method"));
  spec.interpreter = &call.interpreter();
  if (spec.method != "inner" && spec.method != "left" && spec.method != "right" &&
      spec.method != "full")
    return invalid(
        "invalid argument for 'method' - must be \"inner\", \"left\", \"right\", or \"full\"");
  const ast::Expression* body = returned_expression(*on);
  if (body == nullptr)
    return unsupported_on(
        "function body should be a single logical expression that compares columns from each "
        "table");
  WEIR_CHECK(read_predicate(*body, spec.on));
  return held_pair(call, "tables", std::move(left), std::move(right),
                   [spec](ExecContext& context, const HeldStream& a, const HeldStream& b) {
                     return join_streams(context, spec, a, b);
                   });
}

constexpr std::string_view kScript = R"(
time = (left=<-, right, as, method="inner") =>
    tables(left: left, right: right, on: (l, r) => l._time == r._time, as: as, method: method)
inner = (left=<-, right, on, as) =>
    tables(left: left, right: right, on: on, as: as, method: "inner")
full = (left=<-, right, on, as) =>
    tables(left: left, right: right, on: on, as: as, method: "full")
left = (left=<-, right, on, as) =>
    tables(left: left, right: right, on: on, as: as, method: "left")
right = (left=<-, right, on, as) =>
    tables(left: left, right: right, on: on, as: as, method: "right")
)";

}  // namespace

void register_join_package(Registry& registry) {
  registry.add_function(
      "join", "tables",
      "(<-left: stream, right: stream, on: function, as: function, method: string)", tables);
  registry.add_script("join", kScript);
}

}  // namespace weir::query
