// cardinality() of influxdata/influxdb: how many series a bucket has in a range of time.
#include "query/exec/functions/kit.h"

namespace weir::query {

namespace {

// One row: the number of tables that have rows.
Operation count_tables() {
  auto make = [](ExecContext& context, CursorPtr input) -> Result<CursorPtr> {
    auto shared = std::make_shared<CursorPtr>(std::move(input));
    return deferred([&context, shared]() -> Result<std::vector<TablePtr>> {
      int64_t count = 0;
      while (true) {
        WEIR_TRY(TablePtr table, (*shared)->next());
        if (table == nullptr) break;
        WEIR_CHECK(context.check());
        Chunk chunk;
        WEIR_TRY(bool any, table->next(chunk));
        count += any;
      }
      std::vector<TablePtr> tables;
      tables.push_back(keyed_table({}, {{"_value", constant_column(Scalar::of_int(count), 1)}}, 1));
      return tables;
    });
  };
  return {std::move(make)};
}

// A function of the universe, called with what came before piped into it.
Result<flux::Value> call_universe(CallContext& call, std::string_view name,
                                  const flux::Value* piped,
                                  const std::vector<flux::NamedValue>& arguments) {
  flux::ast::Identifier tree;
  tree.name = name;
  WEIR_TRY(flux::Value function, call.interpreter().evaluate(tree, nullptr));
  if (piped == nullptr)
    return call.interpreter().call(*function.function(), arguments, call.location());
  return call.interpreter().call_piped(*function.function(), *piped, arguments, call.location());
}

Result<flux::Value> cardinality(CallContext& call, const Arguments& arguments) {
  std::vector<flux::NamedValue> source, bounds{{"start", arguments.raw("start")}};
  for (std::string_view name : {"bucket", "bucketID", "host", "org", "orgID", "token"})
    if (arguments.has(name)) source.push_back({name, arguments.raw(name)});
  if (arguments.has("stop")) bounds.push_back({"stop", arguments.raw("stop")});
  WEIR_TRY(flux::Value stream, call_universe(call, "from", nullptr, source));
  WEIR_TRY(stream, call_universe(call, "range", &stream, bounds));
  if (arguments.has("predicate")) {
    WEIR_TRY(stream, call_universe(call, "filter", &stream, {{"fn", arguments.raw("predicate")}}));
  }
  WEIR_TRY(stream, call_universe(call, "limit", &stream, {{"n", flux::Value::of_int(1)}}));
  return stream_value(make_node(call, "cardinality", stream.as_stream(), count_tables()));
}

}  // namespace

void register_cardinality(Registry& registry) {
  constexpr std::string_view kSignature =
      "(start: time|duration|int, ?bucket: string, ?bucketID: string, ?org: string, "
      "?orgID: string, ?host: string, ?token: string, ?stop: time|duration|int, "
      "?predicate: function)";
  registry.add_function("universe", "cardinality", kSignature, cardinality);
  registry.add_function("influxdata/influxdb", "cardinality", kSignature, cardinality);
}

}  // namespace weir::query
