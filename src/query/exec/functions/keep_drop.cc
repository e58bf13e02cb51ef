// keep() and drop(): only some columns, by name or by a predicate on the name.
#include <algorithm>

#include "query/exec/functions/kit.h"
#include "query/exec/relabel.h"

namespace weir::query {

namespace {

using Choose = std::function<Result<bool>(const std::string& label)>;

Result<Choose> chooser(CallContext& call, const Arguments& arguments) {
  if (arguments.has("columns") == arguments.has("fn"))
    return invalid("exactly one of the arguments columns and fn must be given");
  if (arguments.has("columns")) {
    WEIR_TRY(auto listed, arguments.strings("columns"));
    return Choose([listed](const std::string& label) -> Result<bool> {
      return std::find(listed.begin(), listed.end(), label) != listed.end();
    });
  }
  WEIR_TRY(auto function, arguments.function("fn"));
  flux::Interpreter& interpreter = call.interpreter();
  return Choose([function, &interpreter](const std::string& label) -> Result<bool> {
    WEIR_TRY(flux::Value chosen,
             interpreter.call(*function, {{"column", flux::Value::of_string(label)}}));
    if (!chosen.is(flux::ValueType::boolean)) return invalid("fn must return bool");
    return chosen.as_bool();
  });
}

// Dropping a column of the points' own leaves every key as it is.
bool may_change_keys(const Arguments& arguments, bool keeps) {
  if (keeps || !arguments.has("columns")) return true;
  auto listed = arguments.strings("columns");
  if (!listed.ok()) return true;
  return std::any_of(listed->begin(), listed->end(), [](const std::string& label) {
    return label != "_time" && label != "_value";
  });
}

BuildOperation keep_or_drop(bool keeps) {
  return [keeps](CallContext& call, const Arguments& arguments) -> Result<Operation> {
    WEIR_TRY(Choose choose, chooser(call, arguments));
    bool any_may_merge = may_change_keys(arguments, keeps);
    NodeSpec spec;
    if (keeps && arguments.has("columns")) {
      WEIR_TRY(auto listed, arguments.strings("columns"));
      spec = KeepSpec{std::move(listed)};
    }
    auto make = [choose, keeps, any_may_merge](ExecContext& context,
                                               CursorPtr input) -> Result<CursorPtr> {
      auto how = [choose, keeps](const Table& table) -> Result<Relabel> {
        Relabel out = Relabel::same(table);
        for (const ColumnInfo& column : table.columns()) {
          WEIR_TRY(bool chosen, choose(column.label));
          if (chosen != keeps) out.remove(column.label);
        }
        return out;
      };
      return relabel(context, std::move(input), any_may_merge, how);
    };
    return Operation{std::move(make), std::move(spec)};
  };
}

}  // namespace

void register_keep_drop(Registry& registry) {
  constexpr std::string_view kSignature = "(<-tables: stream, ?columns: array, ?fn: function)";
  add_operation(registry, "universe", "keep", kSignature, keep_or_drop(true));
  add_operation(registry, "universe", "drop", kSignature, keep_or_drop(false));
}

}  // namespace weir::query
