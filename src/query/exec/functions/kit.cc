#include "query/exec/functions/kit.h"

#include <algorithm>

#include "query/flux/calendar.h"

namespace weir::query {

namespace {

std::optional<TimeBounds> bounds_of(const TableStream& node) {
  std::optional<TimeBounds> all;
  for (const StreamNode& input : node.inputs) {
    const auto& part = input->bounds;
    if (!part) continue;
    all = all ? TimeBounds{std::min(all->start_ns, part->start_ns),
                           std::max(all->stop_ns, part->stop_ns)}
              : *part;
  }
  if (const RangeSpec* range = node.as<RangeSpec>()) {
    TimeBounds own{range->start_ns, range->stop_ns};
    return all ? intersection(own, *all) : own;
  }
  if (const ShiftSpec* shift = node.as<ShiftSpec>(); shift != nullptr && all) {
    auto start = flux::add(all->start_ns, shift->by), stop = flux::add(all->stop_ns, shift->by);
    if (start.ok() && stop.ok()) return TimeBounds{*start, *stop};
  }
  return all;
}

}  // namespace

StreamNode make_node(CallContext& call, std::string function, std::vector<StreamNode> inputs,
                     TableStream::Make make, NodeSpec spec) {
  auto node = std::make_shared<TableStream>();
  node->function = std::move(function);
  node->location = call.location();
  for (const StreamNode& input : inputs) node->depth = std::max(node->depth, input->depth + 1);
  node->inputs = std::move(inputs);
  node->make = std::move(make);
  node->spec = std::move(spec);
  node->bounds = bounds_of(*node);
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

TimeBounds intersection(const TimeBounds& a, const TimeBounds& b) {
  TimeBounds both{std::max(a.start_ns, b.start_ns), std::min(a.stop_ns, b.stop_ns)};
  return both.start_ns < both.stop_ns ? both : TimeBounds{};
}

TablePtr keyed_table(const GroupKey& key, std::vector<OwnColumn> own, size_t rows) {
  GroupKey kept;
  Columns columns;
  Chunk out;
  out.rows = rows;
  for (const auto& entry : key.entries()) {
    bool replaced = std::any_of(own.begin(), own.end(), [&](const OwnColumn& column) {
      return column.label == entry.label;
    });
    if (replaced) continue;
    kept.add(entry.label, entry.value);
    columns.push_back({entry.label, entry.value.type()});
    out.columns.push_back(constant_column(entry.value, rows));
  }
  for (OwnColumn& column : own) {
    columns.push_back({std::move(column.label), column.values->type});
    out.columns.push_back(std::move(column.values));
  }
  return make_table(std::move(kept), std::move(columns), std::move(out));
}

bool is_number(ColumnType type) {
  return type == ColumnType::integer || type == ColumnType::unsigned_integer ||
         type == ColumnType::floating;
}

double number_at(const Column& column, size_t row) {
  if (column.type == ColumnType::floating) return column.float_at(row);
  if (column.type == ColumnType::integer) return static_cast<double>(column.int_at(row));
  return static_cast<double>(column.word(row));
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
