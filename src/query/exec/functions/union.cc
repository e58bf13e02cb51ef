// union(): the tables of several streams, those with equal group keys become one.
#include "query/exec/functions/kit.h"

namespace weir::query {

namespace {

Result<std::vector<TablePtr>> unite(ExecContext& context, const TableStream::Inputs& inputs) {
  TableGroups groups(context);
  for (const CursorPtr& input : inputs) {
    while (true) {
      WEIR_TRY(TablePtr table, input->next());
      if (table == nullptr) break;
      GroupKey key = table->key();
      Columns columns = table->columns();
      WEIR_CHECK(add_table(context, groups, key, columns, *table));
    }
  }
  return groups.finish();
}

Result<flux::Value> union_of(CallContext& call, const Arguments& arguments) {
  WEIR_TRY(const flux::Array* tables, arguments.array("tables"));
  std::vector<StreamNode> inputs;
  for (const flux::Value& stream : *tables) {
    if (!stream.is(flux::ValueType::stream)) return invalid("tables must be an array of streams");
    WEIR_TRY(StreamNode input, input_stream(stream.as_stream()));
    inputs.push_back(std::move(input));
  }
  if (inputs.size() < 2) return invalid("union requires at least two tables");
  auto make = [](ExecContext& context, TableStream::Inputs opened) -> Result<CursorPtr> {
    auto shared = std::make_shared<TableStream::Inputs>(std::move(opened));
    return deferred([&context, shared] { return unite(context, *shared); });
  };
  return stream_value(make_node(call, "union", std::move(inputs), std::move(make)));
}

}  // namespace

void register_union(Registry& registry) {
  registry.add_function("universe", "union", "(tables: array)", union_of);
}

}  // namespace weir::query
