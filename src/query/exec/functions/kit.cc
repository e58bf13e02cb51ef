#include "query/exec/functions/kit.h"

#include <algorithm>

namespace weir::query {

StreamNode make_node(CallContext& call, std::string function, std::vector<StreamNode> inputs,
                     TableStream::Make make, NodeSpec spec) {
  auto node = std::make_shared<TableStream>();
  node->function = std::move(function);
  node->location = call.location();
  for (const StreamNode& input : inputs) node->depth = std::max(node->depth, input->depth + 1);
  node->inputs = std::move(inputs);
  node->make = std::move(make);
  node->spec = std::move(spec);
  return node;
}

StreamNode make_node(CallContext& call, std::string function, StreamNode input,
                     Operation operation) {
  auto make = [make = std::move(operation.make)](ExecContext& context, TableStream::Inputs inputs) {
    return make(context, std::move(inputs[0]));
  };
  return make_node(call, std::move(function), {std::move(input)}, std::move(make),
                   std::move(operation.spec));
}

flux::Value stream_value(StreamNode node) {
  // The language hands streams around without looking inside; nodes are never changed.
  return flux::Value::of_stream(std::const_pointer_cast<TableStream>(std::move(node)));
}

Result<StreamNode> stream_argument(const Arguments& arguments, std::string_view name) {
  WEIR_TRY(std::shared_ptr<TableStream> stream, arguments.stream(name));
  return input_stream(std::move(stream));
}

Result<StreamNode> input_stream(std::shared_ptr<TableStream> stream) {
  if (stream->depth >= kPipelineDepthMax)
    return invalid("pipeline is too long: wanted at most " + std::to_string(kPipelineDepthMax) +
                   " calls");
  return StreamNode(std::move(stream));
}

void add_operation(Registry& registry, std::string_view package, std::string_view name,
                   std::string_view signature, BuildOperation build) {
  auto native = [name = std::string(name), build = std::move(build)](
                    CallContext& call, const Arguments& arguments) -> Result<flux::Value> {
    WEIR_TRY(StreamNode input, stream_argument(arguments, "tables"));
    WEIR_TRY(Operation operation, build(call, arguments));
    return stream_value(make_node(call, name, std::move(input), std::move(operation)));
  };
  registry.add_function(package, name, signature, std::move(native));
}

void add_source(Registry& registry, std::string_view package, std::string_view name,
                std::string_view signature,
                std::function<Result<Source>(CallContext&, const Arguments&)> build) {
  auto native = [name = std::string(name), build = std::move(build)](
                    CallContext& call, const Arguments& arguments) -> Result<flux::Value> {
    WEIR_TRY(Source source, build(call, arguments));
    auto make = [make = std::move(source.make)](ExecContext& context, const TableStream::Inputs&) {
      return make(context);
    };
    return stream_value(
        make_node(call, name, std::vector<StreamNode>{}, std::move(make), std::move(source.spec)));
  };
  registry.add_function(package, name, signature, std::move(native));
}

Error no_column(std::string_view label) {
  return invalid("column \"" + std::string(label) + "\" does not exist");
}

Error unsupported(std::string_view what) {
  return Error{Errc::not_implemented, std::string(what) + " is not supported"};
}

Operation per_whole_table(PerWholeTable function, NodeSpec spec) {
  auto make = [function = std::move(function)](ExecContext& context,
                                               CursorPtr input) -> Result<CursorPtr> {
    return per_table(context, std::move(input),
                     [&context, function](TablePtr table) -> Result<TablePtr> {
                       WEIR_TRY(Chunk chunk, collect(context, *table));
                       return function(*table, std::move(chunk));
                     });
  };
  return {std::move(make), std::move(spec)};
}

}  // namespace weir::query
