// map(): each row becomes the record that a function returns. Columns of the group key stay in it
// if the record has them; rows whose key changed move to the table of their new key.
#include "query/exec/functions/kit.h"
#include "query/exec/row_function.h"

namespace weir::query {

namespace {

// The part of the key that the records still hold.
std::vector<std::string> key_labels(const GroupKey& key, const Columns& columns) {
  std::vector<std::string> labels;
  for (const ColumnInfo& column : columns)
    if (key.has(column.label)) labels.push_back(column.label);
  return labels;
}

// Whether the columns hold the key's values in every row, and the key is as it was.
bool keeps_key(const GroupKey& key, const RowFunction::Records& records) {
  for (const auto& entry : key.entries()) {
    std::optional<size_t> at = find_column(records.columns, entry.label);
    if (!at) return false;
    const Column& column = *records.chunk.columns[*at];
    if (!column.constant || !(column.at(0) == entry.value)) return false;
  }
  return true;
}

class MapCursor final : public TableCursor {
 public:
  MapCursor(ExecContext& context, CursorPtr input, RowFunction function, bool merge_key)
      : context_(context),
        input_(std::move(input)),
        function_(std::move(function)),
        merge_key_(merge_key),
        groups_(context) {}

  Result<TablePtr> next() override {
    while (input_ != nullptr) {
      WEIR_TRY(TablePtr table, input_->next());
      if (table == nullptr) {
        input_ = nullptr;
        merged_ = cursor_of(groups_.finish());
        break;
      }
      WEIR_CHECK(context_.check());
      function_.prepare(table->columns(), false);
      WEIR_TRY(TablePtr out, map(*table));
      if (out != nullptr) return out;
    }
    return merged_->next();
  }

 private:
  // The mapped table if its key is as before, else null and its rows are in groups_.
  Result<TablePtr> map(Table& table) {
    WEIR_TRY(Chunk chunk, collect(context_, table));
    if (chunk.rows == 0) return TablePtr();
    WEIR_TRY(RowFunction::Records records, function_.records(context_, chunk));
    if (merge_key_) add_key_columns(table.key(), records);
    if (keeps_key(table.key(), records)) {
      GroupKey key;
      for (const ColumnInfo& column : records.columns)
        if (const Scalar* value = table.key().find(column.label)) key.add(column.label, *value);
      return make_table(std::move(key), std::move(records.columns), std::move(records.chunk));
    }
    WEIR_CHECK(regroup(key_labels(table.key(), records.columns), records));
    return TablePtr();
  }

  static void add_key_columns(const GroupKey& key, RowFunction::Records& records) {
    for (const auto& entry : key.entries()) {
      if (find_column(records.columns, entry.label)) continue;
      records.columns.push_back({entry.label, entry.value.type()});
      records.chunk.columns.push_back(constant_column(entry.value, records.chunk.rows));
    }
  }

  Result<void> regroup(const std::vector<std::string>& labels,
                       const RowFunction::Records& records) {
    std::vector<size_t> in_key;
    for (const std::string& label : labels) in_key.push_back(*find_column(records.columns, label));
    const Chunk& chunk = records.chunk;
    auto same = [&](size_t a, size_t b) {
      for (size_t i : in_key)
        if (compare_rows(*chunk.columns[i], a, *chunk.columns[i], b) != 0) return false;
      return true;
    };
    for (size_t begin = 0, end = 0; begin < chunk.rows; begin = end) {
      WEIR_CHECK(context_.check());
      for (end = begin + 1; end < chunk.rows && same(begin, end);) ++end;
      GroupKey key;
      for (size_t i : in_key) key.add(records.columns[i].label, chunk.columns[i]->at(begin));
      WEIR_CHECK(groups_.find_or_add(key).add_rows(records.columns, chunk, begin, end - begin));
    }
    return {};
  }

  ExecContext& context_;
  CursorPtr input_;
  RowFunction function_;
  bool merge_key_;
  TableGroups groups_;
  CursorPtr merged_;
};

Result<Operation> map(CallContext& call, const Arguments& arguments) {
  WEIR_TRY(auto function, arguments.function("fn"));
  WEIR_TRY(bool merge_key, arguments.boolean_or("mergeKey", false));
  flux::Interpreter& interpreter = call.interpreter();
  auto make = [function, merge_key, &interpreter](ExecContext& context,
                                                  CursorPtr input) -> Result<CursorPtr> {
    return CursorPtr(std::make_unique<MapCursor>(context, std::move(input),
                                                 RowFunction(interpreter, function), merge_key));
  };
  return Operation{std::move(make)};
}

}  // namespace

void register_map(Registry& registry) {
  add_operation(registry, "universe", "map", "(<-tables: stream, fn: function, ?mergeKey: bool)",
                map);
}

}  // namespace weir::query
