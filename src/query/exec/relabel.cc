#include "query/exec/relabel.h"

#include <algorithm>

#include "query/exec/context.h"
#include "query/exec/regroup.h"

namespace weir::query {

namespace {

TablePtr apply(ExecContext& context, const Relabel& how, TablePtr table) {
  Columns columns;
  for (const Relabel::Out& out : how.columns) columns.push_back(out.info);
  auto pick = [outs = how.columns](const Chunk& in, Chunk& chunk) -> Result<bool> {
    chunk.rows = in.rows;
    for (const Relabel::Out& out : outs)
      chunk.columns.push_back(out.from ? in.columns[*out.from]
                                       : constant_column(out.value, in.rows));
    return true;
  };
  return per_chunk(context, std::move(table), how.key, std::move(columns), std::move(pick));
}

class RelabelCursor final : public TableCursor {
 public:
  RelabelCursor(ExecContext& context, CursorPtr input, bool any_may_merge, MakeRelabel make)
      : context_(context),
        input_(std::move(input)),
        any_may_merge_(any_may_merge),
        make_(std::move(make)),
        groups_(context) {}

  Result<TablePtr> next() override {
    while (input_ != nullptr) {
      WEIR_TRY(TablePtr table, input_->next());
      if (table == nullptr) {
        input_ = nullptr;
        merged_ = cursor_of(groups_.finish());
        break;
      }
      WEIR_TRY(Relabel how, make_(*table));
      if (how.columns.empty()) continue;  // a table without columns has no rows either
      std::string key = how.key.identity();
      bool passes = !any_may_merge_ && key == table->key().identity();
      TablePtr out = apply(context_, how, std::move(table));
      if (passes) return out;
      GroupKey out_key = out->key();
      Columns columns = out->columns();
      WEIR_CHECK(add_table(context_, groups_, out_key, columns, *out));
    }
    return merged_->next();
  }

 private:
  ExecContext& context_;
  CursorPtr input_;
  bool any_may_merge_;
  MakeRelabel make_;
  TableGroups groups_;
  CursorPtr merged_;
};

}  // namespace

Relabel Relabel::same(const Table& table) {
  Relabel out;
  for (size_t i = 0; i < table.columns().size(); ++i)
    out.columns.push_back({table.columns()[i], i, Scalar()});
  out.key = table.key();
  return out;
}

void Relabel::remove(std::string_view label) {
  std::erase_if(columns, [&](const Out& out) { return out.info.label == label; });
  key.remove(label);
}

CursorPtr relabel(ExecContext& context, CursorPtr input, bool any_may_merge, MakeRelabel make) {
  return std::make_unique<RelabelCursor>(context, std::move(input), any_may_merge, std::move(make));
}

}  // namespace weir::query
