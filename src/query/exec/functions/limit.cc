// limit() and tail(): the first or last n rows of each table, after skipping `offset` of them.
#include <algorithm>

#include "query/exec/functions/kit.h"

namespace weir::query {

namespace {

struct Window {
  size_t count, offset;
};

Result<Window> window_of(const Arguments& arguments) {
  WEIR_TRY(int64_t count, arguments.integer("n"));
  WEIR_TRY(int64_t offset, arguments.integer_or("offset", 0));
  if (count < 0) return invalid("n must not be negative, was " + std::to_string(count));
  if (offset < 0) return invalid("offset must not be negative, was " + std::to_string(offset));
  return Window{static_cast<size_t>(count), static_cast<size_t>(offset)};
}

Result<Operation> limit(CallContext&, const Arguments& arguments) {
  WEIR_TRY(Window window, window_of(arguments));
  auto make = [window](ExecContext& context, CursorPtr input) -> Result<CursorPtr> {
    return per_table(
        context, std::move(input), [&context, window](TablePtr table) -> Result<TablePtr> {
          GroupKey key = table->key();
          Columns columns = table->columns();
          if (window.count == 0) return make_table(std::move(key), std::move(columns), Chunk());
          auto take = [left = window](const Chunk& in, Chunk& out) mutable -> Result<bool> {
            size_t skipped = std::min(left.offset, in.rows);
            size_t taken = std::min(left.count, in.rows - skipped);
            left.offset -= skipped, left.count -= taken;
            out = slice(in, skipped, taken);
            return left.count > 0;
          };
          return per_chunk(context, std::move(table), std::move(key), std::move(columns), take);
        });
  };
  return Operation{std::move(make), LimitSpec{static_cast<int64_t>(window.count),
                                              static_cast<int64_t>(window.offset)}};
}

Result<Operation> tail(CallContext&, const Arguments& arguments) {
  WEIR_TRY(Window window, window_of(arguments));
  return per_whole_table([window](const Table& table, const Chunk& chunk) -> Result<TablePtr> {
    size_t end = chunk.rows - std::min(window.offset, chunk.rows);
    size_t count = std::min(window.count, end);
    return make_table(table.key(), table.columns(), slice(chunk, end - count, count));
  });
}

}  // namespace

void register_limit(Registry& registry) {
  add_operation(registry, "universe", "limit", "(<-tables: stream, n: int, ?offset: int)", limit);
  add_operation(registry, "universe", "tail", "(<-tables: stream, n: int, ?offset: int)", tail);
}

}  // namespace weir::query
