// reduce(): folds the rows of each table into one record, by a function of (r, accumulator).
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

Result<TablePtr> reduced_table(const GroupKey& key, const flux::Record& record) {
  GroupKey out_key;
  Columns columns;
  Chunk out;
  out.rows = 1;
  for (const auto& entry : key.entries()) {
    if (record.find(entry.label) != nullptr) continue;  // the record's own value stands
    out_key.add(entry.label, entry.value);
    columns.push_back({entry.label, entry.value.type()});
    out.columns.push_back(constant_column(entry.value, 1));
  }
  for (const auto& [label, value] : record.properties()) {
    WEIR_TRY(Scalar scalar, to_scalar(value, label));
    if (const Scalar* of_key = key.find(label)) {
      if (!(*of_key == scalar))
        return invalid("column \"" + label + "\" of the group key must not be changed by fn");
      out_key.add(label, scalar);
    }
    columns.push_back({label, scalar.type()});
    out.columns.push_back(constant_column(scalar, 1));
  }
  return make_table(std::move(out_key), std::move(columns), std::move(out));
}

Result<Operation> reduce(CallContext& call, const Arguments& arguments) {
  WEIR_TRY(auto function, arguments.function("fn"));
  WEIR_TRY(const flux::Record* identity, arguments.record("identity"));
  flux::Interpreter& interpreter = call.interpreter();
  auto make = [function, start = *identity, &interpreter](ExecContext& context,
                                                          CursorPtr input) -> Result<CursorPtr> {
    auto run = [&context, &interpreter, function, start](TablePtr table) -> Result<TablePtr> {
      WEIR_TRY(flux::Value result,
               fold(context, interpreter, *function, flux::Value::of_record(start), *table));
      return reduced_table(table->key(), result.as_record());
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
