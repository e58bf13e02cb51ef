// yield(): makes its input a result of the query, under a name.
#include "query/exec/functions/kit.h"

namespace weir::query {

namespace {

Result<flux::Value> yield(CallContext& call, const Arguments& arguments) {
  WEIR_TRY(StreamNode input, stream_argument(arguments, "tables"));
  WEIR_TRY(std::string name, arguments.string_or("name", "_result"));
  auto pass = [](ExecContext&, TableStream::Inputs inputs) -> Result<CursorPtr> {
    return std::move(inputs[0]);
  };
  StreamNode node = make_node(call, "yield", {std::move(input)}, pass);
  WEIR_CHECK(host_of(call).add_yield(name, node));
  return stream_value(std::move(node));
}

}  // namespace

void register_yield(Registry& registry) {
  registry.add_function("universe", "yield", "(<-tables: stream, ?name: string)", yield);
}

}  // namespace weir::query
