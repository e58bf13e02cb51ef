#include "query/exec/functions/held.h"

namespace weir::query {

Result<HeldStream> HeldStream::read(ExecContext& context, TableCursor& cursor) {
  TableGroups groups(context);
  while (true) {
    WEIR_TRY(TablePtr table, cursor.next());
    if (table == nullptr) break;
    GroupKey key = table->key();
    Columns columns = table->columns();
    WEIR_CHECK(add_table(context, groups, key, columns, *table));
  }
  HeldStream out;
  for (TablePtr& table : groups.finish()) {
    WEIR_TRY(Chunk chunk, collect(context, *table));
    out.by_identity_.emplace(table->key().identity(), out.tables_.size());
    out.tables_.push_back({table->key(), table->columns(), std::move(chunk)});
  }
  return out;
}

const HeldTable* HeldStream::find(const GroupKey& key) const {
  auto at = by_identity_.find(key.identity());
  return at == by_identity_.end() ? nullptr : &tables_[at->second];
}

flux::Value held_pair(CallContext& call, std::string function, StreamNode first, StreamNode second,
                      JoinHeld join) {
  auto make = [join = std::move(join)](ExecContext& context,
                                       TableStream::Inputs opened) -> Result<CursorPtr> {
    auto shared = std::make_shared<TableStream::Inputs>(std::move(opened));
    return deferred([&context, shared, join]() -> Result<std::vector<TablePtr>> {
      WEIR_TRY(HeldStream a, HeldStream::read(context, *(*shared)[0]));
      WEIR_TRY(HeldStream b, HeldStream::read(context, *(*shared)[1]));
      return join(context, a, b);
    });
  };
  return stream_value(
      make_node(call, std::move(function), {std::move(first), std::move(second)}, std::move(make)));
}

}  // namespace weir::query
