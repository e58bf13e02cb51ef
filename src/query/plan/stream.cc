#include "query/plan/stream.h"

#include "query/exec/context.h"
#include "query/exec/sorting.h"
#include "query/plan/push_down.h"

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

class LocatedTable final : public Table {
 public:
  LocatedTable(TablePtr table, StreamNode stream)
      : Table(table->key(), table->columns()),
        table_(std::move(table)),
        stream_(std::move(stream)) {}
  Result<bool> next(Chunk& chunk) override {
    auto more = table_->next(chunk);
    if (!more.ok()) return located(std::move(more).error(), *stream_);
    return more;
  }

 private:
  TablePtr table_;
  StreamNode stream_;
};

class LocatedCursor final : public TableCursor {
 public:
  LocatedCursor(CursorPtr cursor, StreamNode stream)
      : cursor_(std::move(cursor)), stream_(std::move(stream)) {}
  Result<TablePtr> next() override {
    auto table = cursor_->next();
    if (!table.ok()) return located(std::move(table).error(), *stream_);
    if (*table == nullptr) return TablePtr();
    return TablePtr(std::make_unique<LocatedTable>(std::move(*table), stream_));
  }

 private:
  CursorPtr cursor_;
  StreamNode stream_;
};

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
  WEIR_TRY(CursorPtr pushed, push_down(context, *stream));
  if (pushed != nullptr)
    return CursorPtr(std::make_unique<LocatedCursor>(std::move(pushed), stream));
  TableStream::Inputs inputs;
  for (const StreamNode& input : stream->inputs) {
    WEIR_TRY(CursorPtr opened, open(context, input));
    inputs.push_back(std::move(opened));
  }
  auto cursor = stream->make(context, std::move(inputs));
  if (!cursor.ok()) return located(std::move(cursor).error(), *stream);
  if (asks_for_schema(*stream)) *cursor = sorted_by_value(context, std::move(*cursor));
  return CursorPtr(std::make_unique<LocatedCursor>(std::move(*cursor), stream));
}

}  // namespace weir::query
