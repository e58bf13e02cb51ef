// reduce(): folds the rows of each table into one record, by a function of (r, accumulator).
#include <map>
#include <unordered_set>

#include "query/exec/functions/kit.h"

namespace weir::query {

namespace {

Result<flux::Value> fold(ExecContext& context, flux::Interpreter& interpreter,
                         const flux::Function& function, flux::Value accumulator, Table& table) {
  Chunk chunk;
  while (true) {
    WEIR_TRY(bool more, table.next(chunk));
    if (!more) return accumulator;
    WEIR_CHECK(context.check());
    for (size_t row = 0; row < chunk.rows; ++row) {
      flux::Value record = flux::Value::of_record(record_at(table.columns(), chunk, row));
      WEIR_TRY(accumulator, interpreter.call(function, {{"r", std::move(record)},
                                                        {"accumulator", std::move(accumulator)}}));
      if (!accumulator.is(flux::ValueType::record))
        return invalid("fn must return a record, returned " + std::string(accumulator.type_name()));
    }
  }
}

// A null has the type that its property has in the identity record.
Result<Scalar> scalar_of(const flux::Value& value, const std::string& label,
                         const flux::Record& identity) {
  const flux::Value* initial = identity.find(label);
  if (!value.is_null() || initial == nullptr) return to_scalar(value, label);
  std::optional<ColumnType> type = column_type_of(initial->type());
  return type ? Scalar::null_of(*type) : Scalar();
}

// The group key, and then the record's properties by name. What the record says of a column of the
// key replaces it.
Result<TablePtr> reduced_table(const GroupKey& key, const flux::Record& record,
                               const flux::Record& identity) {
  GroupKey out_key;
  Columns columns;
  Chunk out;
  out.rows = 1;
  auto add = [&](const std::string& label, const Scalar& value) {
    columns.push_back({label, value.type()});
    out.columns.push_back(constant_column(value, 1));
  };
  for (const auto& entry : key.entries()) {
    const flux::Value* own = record.find(entry.label);
    Scalar value = entry.value;
    if (own != nullptr) {
      WEIR_TRY(value, scalar_of(*own, entry.label, identity));
    }
    out_key.add(entry.label, value);
    add(entry.label, value);
  }
  std::map<std::string, const flux::Value*> properties;
  for (const auto& [label, value] : record.properties())
    if (!key.has(label)) properties.emplace(label, &value);
  for (const auto& [label, value] : properties) {
    WEIR_TRY(Scalar scalar, scalar_of(*value, label, identity));
    add(label, scalar);
  }
  return make_table(std::move(out_key), std::move(columns), std::move(out));
}

Result<Operation> reduce(CallContext& call, const Arguments& arguments) {
  WEIR_TRY(auto function, arguments.function("fn"));
  WEIR_TRY(const flux::Record* identity, arguments.record("identity"));
  flux::Interpreter& interpreter = call.interpreter();
  auto make = [function, start = *identity, &interpreter](ExecContext& context,
                                                          CursorPtr input) -> Result<CursorPtr> {
    auto keys = std::make_shared<std::unordered_set<std::string>>();
    auto run = [&context, &interpreter, function, start, keys](TablePtr table) -> Result<TablePtr> {
      WEIR_TRY(flux::Value result,
               fold(context, interpreter, *function, flux::Value::of_record(start), *table));
      WEIR_TRY(TablePtr reduced, reduced_table(table->key(), result.as_record(), start));
      if (!keys->insert(reduced->key().identity()).second)
        return invalid("two reducers writing result to the same table");
      return reduced;
    };
    return per_table(context, std::move(input), std::move(run));
  };
  return Operation{std::move(make)};
}

}  // namespace

void register_reduce(Registry& registry) {
  add_operation(registry, "universe", "reduce",
                "(<-tables: stream, fn: function, identity: record)", reduce);
}

}  // namespace weir::query
