// toBool(), toInt(), toUInt(), toFloat(), toString(), toTime(): the column _value in another type.
#include "query/exec/functions/kit.h"

namespace weir::query {

namespace {

// The scalar function of the language that does the same to one value.
Result<std::shared_ptr<const flux::Function>> scalar_function(CallContext& call,
                                                              std::string_view name) {
  auto tree = std::make_shared<flux::ast::Identifier>();
  tree->name = name;
  WEIR_TRY(flux::Value value, call.interpreter().evaluate(*tree, nullptr));
  if (!value.is(flux::ValueType::function))
    return invalid(std::string(name) + " is not a function");
  return value.function();
}

BuildOperation convert(std::string name, ColumnType type) {
  return [name, type](CallContext& call, const Arguments&) -> Result<Operation> {
    WEIR_TRY(auto function, scalar_function(call, name));
    flux::Interpreter& interpreter = call.interpreter();
    auto run = [function, type, &interpreter](const Table& table, Chunk chunk) -> Result<TablePtr> {
      std::optional<size_t> at = table.find("_value");
      if (!at) return no_column("_value");
      const Column& column = *chunk.columns[*at];
      ColumnBuilder out(type);
      for (size_t row = 0; row < chunk.rows && column.type != type; ++row) {
        if (!column.is_valid(row)) {
          out.append_null();
          continue;
        }
        WEIR_TRY(flux::Value value, interpreter.call(*function, {{"v", value_at(column, row)}}));
        WEIR_TRY(Scalar scalar, to_scalar(value, "_value"));
        out.append(scalar);
      }
      Columns columns = table.columns();
      if (column.type != type) chunk.columns[*at] = out.finish();
      columns[*at].type = type;
      GroupKey key = table.key();
      key.remove("_value");
      return make_table(std::move(key), std::move(columns), std::move(chunk));
    };
    return per_whole_table(run);
  };
}

}  // namespace

void register_convert(Registry& registry) {
  constexpr std::string_view kSignature = "(<-tables: stream)";
  add_operation(registry, "universe", "toBool", kSignature, convert("bool", ColumnType::boolean));
  add_operation(registry, "universe", "toInt", kSignature, convert("int", ColumnType::integer));
  add_operation(registry, "universe", "toUInt", kSignature,
                convert("uint", ColumnType::unsigned_integer));
  add_operation(registry, "universe", "toFloat", kSignature,
                convert("float", ColumnType::floating));
  add_operation(registry, "universe", "toString", kSignature,
                convert("string", ColumnType::string));
  add_operation(registry, "universe", "toTime", kSignature, convert("time", ColumnType::time));
}

}  // namespace weir::query
