// join(): rows of two streams with equal values in the columns `on`, side by side (inner join).
//
// The rows of a result are ordered by the columns `on`. Tables are joined pair by pair: those whose
// group keys agree on the columns of `on` that both keys hold. Columns of the same name that are
// not in `on` get the name of their stream as suffix. The key of a result is that of both inputs
// under the new names.
#include <algorithm>
#include <unordered_map>

#include "query/exec/functions/kit.h"
#include "query/exec/sorting.h"

namespace weir::query {

namespace {

struct Held {
  GroupKey key;
  Columns columns;
  Chunk chunk;
};

Result<std::vector<Held>> hold_all(ExecContext& context, TableCursor& cursor) {
  std::vector<Held> out;
  while (true) {
    WEIR_TRY(TablePtr table, cursor.next());
    if (table == nullptr) return out;
    WEIR_TRY(Chunk chunk, collect(context, *table));
    out.push_back({table->key(), table->columns(), std::move(chunk)});
  }
}

bool listed(const std::vector<std::string>& labels, const std::string& label) {
  return std::find(labels.begin(), labels.end(), label) != labels.end();
}

class Join {
 public:
  Join(ExecContext& context, std::vector<std::string> names, std::vector<std::string> on)
      : context_(context), names_(std::move(names)), on_(std::move(on)), groups_(context) {}

  Result<std::vector<TablePtr>> run(const std::vector<Held>& left, const std::vector<Held>& right) {
    for (const Held& a : left) {
      for (const Held& b : right) {
        if (!keys_agree(a.key, b.key)) continue;
        WEIR_CHECK(context_.check());
        WEIR_CHECK(join_pair(a, b));
      }
    }
    return groups_.finish();
  }

 private:
  bool keys_agree(const GroupKey& a, const GroupKey& b) const {
    for (const std::string& label : on_) {
      const Scalar *x = a.find(label), *y = b.find(label);
      if (x != nullptr && y != nullptr && !(*x == *y)) return false;
    }
    return true;
  }

  struct Plan {
    Columns columns;
    GroupKey key;
    std::vector<std::pair<int, size_t>> sources;  // side and column
  };

  Plan plan(const Held& a, const Held& b) const {
    Plan out;
    const Held* sides[] = {&a, &b};
    for (int side = 0; side < 2; ++side) {
      const Held &self = *sides[side], &other = *sides[1 - side];
      for (size_t i = 0; i < self.columns.size(); ++i) {
        const ColumnInfo& column = self.columns[i];
        bool on = listed(on_, column.label);
        if (on && side == 1) continue;
        std::string label = column.label;
        if (!on && find_column(other.columns, label))
          label += "_" + names_[static_cast<size_t>(side)];
        out.columns.push_back({label, column.type});
        out.sources.emplace_back(side, i);
        const Scalar* value = self.key.find(column.label);
        if (value == nullptr && on) value = other.key.find(column.label);
        if (value != nullptr) out.key.add(label, *value);
      }
    }
    return out;
  }

  // The values of the `on` columns as text; empty if one is null, which equals nothing.
  static bool identity(const Held& table, const std::vector<size_t>& on, size_t row,
                       std::string& out) {
    out.clear();
    for (size_t at : on) {
      const Column& column = *table.chunk.columns[at];
      if (!column.is_valid(row)) return false;
      if (column.type == ColumnType::string) {
        out += std::to_string(column.text(row).size());
        out += ':';
        out += column.text(row);
      } else {
        out += std::to_string(static_cast<int>(column.type));
        out += '#';
        out += std::to_string(column.word(row));
      }
    }
    return true;
  }

  Result<std::vector<size_t>> on_columns(const Held& table) const {
    std::vector<size_t> at;
    for (const std::string& label : on_) {
      std::optional<size_t> found = find_column(table.columns, label);
      if (!found) return no_column(label);
      at.push_back(*found);
    }
    return at;
  }

  Result<void> join_pair(const Held& a, const Held& b) {
    WEIR_TRY(auto on_a, on_columns(a));
    WEIR_TRY(auto on_b, on_columns(b));
    std::unordered_map<std::string, std::vector<uint32_t>> rows_of_b;
    std::string key;
    for (uint32_t row = 0; row < b.chunk.rows; ++row)
      if (identity(b, on_b, row, key)) rows_of_b[key].push_back(row);
    // Each joined row stands once in the indexes, and twice, for a moment, in columns.
    const size_t row_bytes =
        2 * sizeof(uint32_t) + 2 * sizeof(uint64_t) * (a.columns.size() + b.columns.size());
    std::vector<uint32_t> left, right;
    for (uint32_t row : sorted_rows(a.columns, a.chunk, on_, false)) {
      if (!identity(a, on_a, row, key)) continue;
      auto match = rows_of_b.find(key);
      if (match == rows_of_b.end()) continue;
      for (uint32_t other : match->second) left.push_back(row), right.push_back(other);
      WEIR_CHECK(context_.check(left.size() * row_bytes));
    }
    if (left.empty()) return {};
    Plan how = plan(a, b);
    Chunk chunk_a = gather(a.chunk, left), chunk_b = gather(b.chunk, right), out;
    out.rows = left.size();
    for (auto [side, at] : how.sources)
      out.columns.push_back(side == 0 ? chunk_a.columns[at] : chunk_b.columns[at]);
    return groups_.find_or_add(how.key).add_rows(how.columns, out, 0, out.rows);
  }

  ExecContext& context_;
  std::vector<std::string> names_, on_;
  TableGroups groups_;
};

Result<flux::Value> join(CallContext& call, const Arguments& arguments) {
  WEIR_TRY(const flux::Record* tables, arguments.record("tables"));
  WEIR_TRY(auto on, arguments.strings_or("on", {}));
  WEIR_TRY(std::string method, arguments.string_or("method", "inner"));
  if (method != "inner")
    return invalid("join: unsupported method \"" + method + "\", only \"inner\"");
  if (tables->size() != 2) return invalid("joins currently must have exactly two parents");
  if (on.empty()) return invalid("join: argument on must name at least one column");
  auto properties = tables->properties();
  // The streams are taken in the order of their names, so that suffixes and columns do not depend
  // on how the record was written.
  std::sort(properties.begin(), properties.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<StreamNode> inputs;
  std::vector<std::string> names;
  for (const auto& [name, stream] : properties) {
    if (!stream.is(flux::ValueType::stream))
      return invalid("tables: \"" + name + "\" must be a stream");
    names.push_back(name);
    WEIR_TRY(StreamNode input, input_stream(stream.as_stream()));
    inputs.push_back(std::move(input));
  }
  auto make = [names, on](ExecContext& context, TableStream::Inputs opened) -> Result<CursorPtr> {
    auto shared = std::make_shared<TableStream::Inputs>(std::move(opened));
    return deferred([&context, names, on, shared]() -> Result<std::vector<TablePtr>> {
      WEIR_TRY(auto left, hold_all(context, *(*shared)[0]));
      WEIR_TRY(auto right, hold_all(context, *(*shared)[1]));
      return Join(context, names, on).run(left, right);
    });
  };
  return stream_value(make_node(call, "join", std::move(inputs), std::move(make)));
}

}  // namespace

void register_join(Registry& registry) {
  registry.add_function("universe", "join", "(<-tables: record, ?on: array, ?method: string)",
                        join);
}

}  // namespace weir::query
