#include "query/plan/stream.h"

#include <chrono>

#include "query/exec/context.h"
#include "query/exec/sorting.h"
#include "query/plan/push_down.h"
#include "query/profile.h"

namespace weir::query {

namespace {

// Names the call that failed, once: the innermost one.
Error located(Error error, const TableStream& stream) {
  bool about_data = error.code == Errc::invalid || error.code == Errc::not_implemented;
  bool complete = error.message.find(" @") != std::string::npos ||
                  error.message.starts_with("error in building plan");
  if (!about_data || complete) return error;
  std::string where = stream.location.start.line > 0 ? to_string(stream.location) + ": " : "";
  return std::move(error).with_context("runtime error " + where + stream.function);
}

// Adds the time of a block to an operator's; nothing if nobody asked.
class Stopwatch {
 public:
  explicit Stopwatch(OperatorProfile* profile) : profile_(profile) {
    if (profile_ != nullptr) started_ = std::chrono::steady_clock::now();
  }
  ~Stopwatch() {
    if (profile_ == nullptr) return;
    auto taken = std::chrono::steady_clock::now() - started_;
    profile_->total_ns += std::chrono::duration_cast<std::chrono::nanoseconds>(taken).count();
  }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  OperatorProfile* profile_;
  std::chrono::steady_clock::time_point started_;
};

class LocatedTable final : public Table {
 public:
  LocatedTable(TablePtr table, StreamNode stream, OperatorProfile* profile)
      : Table(table->key(), table->columns()),
        table_(std::move(table)),
        stream_(std::move(stream)),
        profile_(profile) {}
  Result<bool> next(Chunk& chunk) override {
    Stopwatch stopwatch(profile_);
    auto more = table_->next(chunk);
    if (!more.ok()) return located(std::move(more).error(), *stream_);
    if (profile_ != nullptr && *more) profile_->rows += chunk.rows;
    return more;
  }

 private:
  TablePtr table_;
  StreamNode stream_;
  OperatorProfile* profile_;
};

class LocatedCursor final : public TableCursor {
 public:
  LocatedCursor(CursorPtr cursor, StreamNode stream, OperatorProfile* profile)
      : cursor_(std::move(cursor)), stream_(std::move(stream)), profile_(profile) {}
  Result<TablePtr> next() override {
    Stopwatch stopwatch(profile_);
    auto table = cursor_->next();
    if (!table.ok()) return located(std::move(table).error(), *stream_);
    if (*table == nullptr) return TablePtr();
    if (profile_ != nullptr) profile_->tables++;
    return TablePtr(std::make_unique<LocatedTable>(std::move(*table), stream_, profile_));
  }

 private:
  CursorPtr cursor_;
  StreamNode stream_;
  OperatorProfile* profile_;
};

OperatorProfile* begin_profile(const ExecContext& context, const TableStream& stream) {
  if (context.profile == nullptr) return nullptr;
  OperatorProfile profile;
  profile.call = stream.function;
  if (stream.location.start.line > 0) profile.place = to_string(stream.location);
  profile.depth = context.profile_depth;
  return &context.profile->operators.emplace_back(std::move(profile));
}

// "from |> range |> filter"
std::string pipeline_text(const TableStream& stream) {
  std::string text;
  if (!stream.inputs.empty()) text = pipeline_text(*stream.inputs[0]) + " |> ";
  return text + stream.function;
}

Result<TableStream::Inputs> open_inputs(ExecContext& context, const TableStream& stream) {
  TableStream::Inputs inputs;
  context.profile_depth++;
  for (const StreamNode& input : stream.inputs) {
    auto opened = open(context, input);
    if (!opened.ok()) return std::move(opened).error();
    inputs.push_back(std::move(*opened));
  }
  context.profile_depth--;
  return inputs;
}

CursorPtr sorted_by_value(ExecContext& context, CursorPtr cursor) {
  return per_table(context, std::move(cursor), [&context](TablePtr table) -> Result<TablePtr> {
    WEIR_TRY(Chunk chunk, collect(context, *table));
    auto order = sorted_rows(table->columns(), chunk, {"_value"}, false);
    return make_table(table->key(), table->columns(), gather(chunk, order));
  });
}

}  // namespace

Result<CursorPtr> open(ExecContext& context, const StreamNode& stream) {
  if (++context.streams_opened > kStreamsOpenedMax)
    return Error{Errc::too_large,
                 "query opens too many streams: a stream used twice is read "
                 "twice, wanted at most " +
                     std::to_string(kStreamsOpenedMax)};
  WEIR_CHECK(context.check());
  OperatorProfile* profile = begin_profile(context, *stream);
  Stopwatch stopwatch(profile);
  WEIR_TRY(CursorPtr pushed, push_down(context, *stream));
  if (pushed != nullptr) {
    if (profile != nullptr) profile->call = pipeline_text(*stream), profile->in_store = true;
    return CursorPtr(std::make_unique<LocatedCursor>(std::move(pushed), stream, profile));
  }
  WEIR_TRY(TableStream::Inputs inputs, open_inputs(context, *stream));
  auto cursor = stream->make(context, std::move(inputs));
  if (!cursor.ok()) return located(std::move(cursor).error(), *stream);
  if (asks_for_schema(*stream)) *cursor = sorted_by_value(context, std::move(*cursor));
  return CursorPtr(std::make_unique<LocatedCursor>(std::move(*cursor), stream, profile));
}

}  // namespace weir::query
