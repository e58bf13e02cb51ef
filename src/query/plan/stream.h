// TableStream: what a script's pipeline is before it runs: one function call and its inputs, a node
// of the plan. The language passes it around as an opaque value (flux/value.h).
//
// Immutable and shared: a stream used twice is opened twice, each time from its source. `make`
// turns opened inputs into a cursor of the output. `spec` describes the calls that push-down
// (push_down.h) understands; nothing for all others, which are never moved into the store.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "query/exec/table.h"
#include "query/flux/ast.h"
#include "query/flux/duration.h"
#include "query/flux/function.h"
#include "store/store.h"

namespace weir::query {

namespace flux {
class Interpreter;
}

struct FromSpec {
  std::string bucket;
  bool by_id = false;
};
struct RangeSpec {
  int64_t start_ns = 0, stop_ns = 0;
  bool default_columns = true;
};
// timeShift(): moves the bounds of the ranges before it.
struct ShiftSpec {
  flux::Duration by;
};
struct FilterSpec {
  std::shared_ptr<const flux::Function> function;
  flux::Interpreter* interpreter =
      nullptr;  // what the function's free names mean; outlives the plan
  bool keep_empty = false;
};
// count(), mean() ... of `_value`, and first(), last(), min(), max().
struct AggregateSpec {
  store::Aggregate aggregate = store::Aggregate::none;
};
// aggregateWindow() or window() and an aggregate, with every == period in nanoseconds.
struct WindowAggregateSpec {
  store::Aggregate aggregate = store::Aggregate::none;
  int64_t every_ns = 0, offset_ns = 0;
  bool create_empty = true;
  bool time_from_start = false;  // timeSrc: "_start"
};
struct LimitSpec {
  int64_t count = 0, offset = 0;
};
struct KeysSpec {};
struct KeepSpec {
  std::vector<std::string> columns;
};
struct GroupSpec {
  std::vector<std::string> columns;
  bool by = true;  // else all but `columns`
};
struct DistinctSpec {
  std::string column;
};
// One of the above, or nothing: a call that push-down does not look at.
class NodeSpec {
 public:
  NodeSpec() = default;
  template <class Spec>
  NodeSpec(Spec spec)  // NOLINT: implicit
      : spec_(std::make_shared<const Any>(std::move(spec))) {}
  template <class Spec>
  const Spec* as() const {
    return spec_ ? std::get_if<Spec>(spec_.get()) : nullptr;
  }

 private:
  using Any = std::variant<FromSpec, RangeSpec, FilterSpec, AggregateSpec, WindowAggregateSpec,
                           LimitSpec, KeysSpec, KeepSpec, GroupSpec, DistinctSpec, ShiftSpec>;
  std::shared_ptr<const Any> spec_;
};

// Times [start, stop) that a stream is about.
struct TimeBounds {
  int64_t start_ns = 0, stop_ns = 0;
};

class TableStream {
 public:
  using Inputs = std::vector<CursorPtr>;
  using Make = std::function<Result<CursorPtr>(ExecContext&, Inputs)>;

  std::string function;  // "filter", for messages
  flux::ast::Location location;
  size_t depth = 1;  // calls from here to the furthest source, at most kPipelineDepthMax
  std::vector<std::shared_ptr<const TableStream>> inputs;
  // Of the range() calls from here to the sources, if any: those after each other share what both
  // have, those beside each other (union, join) have it all; timeShift() moves it.
  std::optional<TimeBounds> bounds;
  NodeSpec spec;
  Make make;

  template <class Spec>
  const Spec* as() const {
    return spec.as<Spec>();
  }
};
using StreamNode = std::shared_ptr<const TableStream>;

// Pipelines are walked by recursion, when they are opened, run and destroyed; real ones have tens
// of calls.
inline constexpr size_t kPipelineDepthMax = 500;
// A stream that is used twice is opened twice, so union() of a stream with itself, twenty times
// over, would open a million.
inline constexpr size_t kStreamsOpenedMax = 50'000;

// Starts the pipeline that ends in `stream`, moving what it can into the store. Errors name the
// function that failed.
Result<CursorPtr> open(ExecContext& context, const StreamNode& stream);

}  // namespace weir::query
