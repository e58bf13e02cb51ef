// What the files of this folder share: how a native function of the library becomes a node of a
// plan, and the errors they all give.
//
// A file holds one function of Flux, or a family that differs in a detail: a builder that reads the
// call's arguments and returns an Operation, and a register function that library.cc calls.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "query/exec/context.h"
#include "query/exec/host.h"
#include "query/exec/regroup.h"
#include "query/exec/table.h"
#include "query/exec/values.h"
#include "query/flux/builtin.h"
#include "query/flux/interpreter.h"
#include "query/plan/stream.h"

namespace weir::query {

using flux::Arguments;
using flux::CallContext;
using flux::Registry;

// What a call becomes: how to open it over its input, and what push-down may know.
struct Operation {
  std::function<Result<CursorPtr>(ExecContext&, CursorPtr)> make;
  NodeSpec spec = {};
};
using BuildOperation = std::function<Result<Operation>(CallContext&, const Arguments&)>;

// A function whose pipe parameter `tables` is its one input.
void add_operation(Registry& registry, std::string_view package, std::string_view name,
                   std::string_view signature, BuildOperation build);

// A function that makes tables out of nothing.
struct Source {
  std::function<Result<CursorPtr>(ExecContext&)> make;
  NodeSpec spec = {};
};
void add_source(Registry& registry, std::string_view package, std::string_view name,
                std::string_view signature,
                std::function<Result<Source>(CallContext&, const Arguments&)> build);

// The node of a call, for functions built from others.
StreamNode make_node(CallContext& call, std::string function, std::vector<StreamNode> inputs,
                     TableStream::Make make, NodeSpec spec = {});
StreamNode make_node(CallContext& call, std::string function, StreamNode input,
                     Operation operation);
flux::Value stream_value(StreamNode node);
Result<StreamNode> stream_argument(const Arguments& arguments, std::string_view name);
// A stream as the input of another call; refused if the pipeline became too long.
Result<StreamNode> input_stream(std::shared_ptr<TableStream> stream);

// What both have in common; [0, 0) if nothing.
TimeBounds intersection(const TimeBounds& a, const TimeBounds& b);

inline Error invalid(std::string message) { return Error{Errc::invalid, std::move(message)}; }
Error no_column(std::string_view label);
// An argument that is understood but that weir does not carry out.
Error unsupported(std::string_view what);

// A table of the columns of `key` and of `own`, which take the place of columns of the key with
// their labels. All of `own` have `rows` rows.
struct OwnColumn {
  std::string label;
  ColumnPtr values;
};
TablePtr keyed_table(const GroupKey& key, std::vector<OwnColumn> own, size_t rows);

bool is_number(ColumnType type);
// A number of a column as a float; the row is valid.
double number_at(const Column& column, size_t row);

// A one-to-one operation on tables read whole: `function` gets the table and its rows.
using PerWholeTable = std::function<Result<TablePtr>(const Table&, Chunk)>;
Operation per_whole_table(PerWholeTable function, NodeSpec spec = {});

}  // namespace weir::query
