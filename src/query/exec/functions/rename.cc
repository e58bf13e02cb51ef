// rename(), duplicate() and set(): columns under other names, copied, or replaced by one text.
#include "query/exec/functions/kit.h"
#include "query/exec/relabel.h"

namespace weir::query {

namespace {

using NewName = std::function<Result<std::string>(const std::string& label)>;
using Pairs = std::vector<std::pair<std::string, std::string>>;

Result<Pairs> renamed_pairs(const Arguments& arguments) {
  Pairs pairs;
  WEIR_TRY(const flux::Record* record, arguments.record("columns"));
  for (const auto& [from, to] : record->properties()) {
    if (!to.is(flux::ValueType::string))
      return invalid("columns: the new name of \"" + from + "\" must be a string");
    pairs.emplace_back(from, to.as_string());
  }
  return pairs;
}

Result<Relabel> renamed(const Table& table, const NewName& new_name) {
  Relabel out = Relabel::same(table);
  out.key = GroupKey();
  Columns seen;
  for (Relabel::Out& column : out.columns) {
    std::string old = column.info.label;
    WEIR_TRY(column.info.label, new_name(old));
    if (find_column(seen, column.info.label))
      return invalid("column \"" + column.info.label + "\" already exists");
    seen.push_back(column.info);
    if (const Scalar* value = table.key().find(old)) out.key.add(column.info.label, *value);
  }
  return out;
}

Operation relabelling(MakeRelabel how) {
  return {[how = std::move(how)](ExecContext& context, CursorPtr input) -> Result<CursorPtr> {
    return relabel(context, std::move(input), false, how);
  }};
}

Result<Operation> rename(CallContext& call, const Arguments& arguments) {
  if (arguments.has("columns") == arguments.has("fn"))
    return invalid("exactly one of the arguments columns and fn must be given");
  if (arguments.has("columns")) {
    WEIR_TRY(Pairs pairs, renamed_pairs(arguments));
    return relabelling([pairs](const Table& table) -> Result<Relabel> {
      for (const auto& [from, to] : pairs)
        if (!table.find(from))
          return invalid("rename error: column \"" + from + "\" doesn't exist");
      return renamed(table, [&](const std::string& label) -> Result<std::string> {
        for (const auto& [from, to] : pairs)
          if (from == label) return to;
        return label;
      });
    });
  }
  WEIR_TRY(auto function, arguments.function("fn"));
  flux::Interpreter& interpreter = call.interpreter();
  return relabelling([function, &interpreter](const Table& table) -> Result<Relabel> {
    return renamed(table, [&](const std::string& label) -> Result<std::string> {
      WEIR_TRY(flux::Value name,
               interpreter.call(*function, {{"column", flux::Value::of_string(label)}}));
      if (!name.is(flux::ValueType::string)) return invalid("fn must return a string");
      return name.as_string();
    });
  });
}

Result<Operation> duplicate(CallContext&, const Arguments& arguments) {
  WEIR_TRY(std::string column, arguments.string("column"));
  WEIR_TRY(std::string as, arguments.string("as"));
  return relabelling([column, as](const Table& table) -> Result<Relabel> {
    std::optional<size_t> from = table.find(column);
    if (!from) return invalid("duplicate error: column \"" + column + "\" doesn't exist");
    Relabel out = Relabel::same(table);
    Relabel::Out copy{{as, table.columns()[*from].type}, from, Scalar()};
    std::optional<size_t> over = table.find(as);
    if (!over) {
      out.columns.push_back(std::move(copy));
      return out;
    }
    out.columns[*over] = std::move(copy);
    if (as == column || !table.key().has(as)) return out;
    // A column of the key is overwritten: its value changes with it, or it leaves the key.
    GroupKey key;
    for (const auto& entry : table.key().entries()) {
      const Scalar* value = entry.label == as ? table.key().find(column) : &entry.value;
      if (value != nullptr) key.add(entry.label, *value);
    }
    out.key = std::move(key);
    return out;
  });
}

Result<Operation> set(CallContext&, const Arguments& arguments) {
  WEIR_TRY(std::string label, arguments.string("key"));
  WEIR_TRY(std::string text, arguments.string("value"));
  return relabelling(
      [label, value = Scalar::of_string(text)](const Table& table) -> Result<Relabel> {
        Relabel out = Relabel::same(table);
        Relabel::Out column{{label, ColumnType::string}, std::nullopt, value};
        if (std::optional<size_t> over = table.find(label)) {
          out.columns[*over] = column;
        } else {
          out.columns.push_back(column);
        }
        GroupKey key;
        for (const auto& entry : table.key().entries())
          key.add(entry.label, entry.label == label ? value : entry.value);
        out.key = std::move(key);
        return out;
      });
}

}  // namespace

void register_rename(Registry& registry) {
  add_operation(registry, "universe", "rename",
                "(<-tables: stream, ?columns: record, ?fn: function)", rename);
  add_operation(registry, "universe", "duplicate", "(<-tables: stream, column: string, as: string)",
                duplicate);
  add_operation(registry, "universe", "set", "(<-tables: stream, key: string, value: string)", set);
}

}  // namespace weir::query
