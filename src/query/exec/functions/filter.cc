// filter(): the rows for which a predicate is true; false and null drop a row.
#include "query/exec/functions/kit.h"
#include "query/exec/row_function.h"

namespace weir::query {

namespace {

// A table whose first rows were already read, to know whether there are any.
class ResumedTable final : public Table {
 public:
  ResumedTable(Chunk first, TablePtr rest)
      : Table(rest->key(), rest->columns()), first_(std::move(first)), rest_(std::move(rest)) {}
  Result<bool> next(Chunk& chunk) override {
    if (first_.rows == 0) return rest_->next(chunk);
    chunk = std::move(first_);
    first_ = Chunk();
    return true;
  }

 private:
  Chunk first_;
  TablePtr rest_;
};

Result<Operation> filter(CallContext& call, const Arguments& arguments) {
  FilterSpec spec;
  WEIR_TRY(spec.function, arguments.function("fn"));
  WEIR_TRY(std::string on_empty, arguments.string_or("onEmpty", "drop"));
  if (on_empty != "drop" && on_empty != "keep")
    return invalid("onEmpty must be \"keep\" or \"drop\", was \"" + on_empty + "\"");
  spec.keep_empty = on_empty == "keep";
  flux::Interpreter& interpreter = call.interpreter();
  spec.interpreter = &interpreter;
  auto make = [spec, &interpreter](ExecContext& context, CursorPtr input) -> Result<CursorPtr> {
    auto function = std::make_shared<RowFunction>(interpreter, spec.function);
    auto run = [&context, function, keep = spec.keep_empty](TablePtr table) -> Result<TablePtr> {
      function->prepare(table->columns(), true);
      GroupKey key = table->key();
      Columns columns = table->columns();
      TablePtr out = per_chunk(context, std::move(table), std::move(key), std::move(columns),
                               [&context, function](const Chunk& in, Chunk& kept) -> Result<bool> {
                                 WEIR_TRY(auto rows, function->matching_rows(context, in));
                                 kept = rows.size() == in.rows ? in : gather(in, rows);
                                 return true;
                               });
      if (keep) return out;
      Chunk first;
      WEIR_TRY(bool any, out->next(first));
      if (!any) return TablePtr();
      return TablePtr(std::make_unique<ResumedTable>(std::move(first), std::move(out)));
    };
    return per_table(context, std::move(input), std::move(run));
  };
  return Operation{std::move(make), std::move(spec)};
}

}  // namespace

void register_filter(Registry& registry) {
  add_operation(registry, "universe", "filter",
                "(<-tables: stream, fn: function, ?onEmpty: string)", filter);
}

}  // namespace weir::query
