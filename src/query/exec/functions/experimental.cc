// Package experimental: the functions over tables that differ from those of `universe`; the others
// are these under another name.
#include <algorithm>
#include <map>

#include "query/exec/functions/kit.h"
#include "query/exec/functions/packages.h"
#include "query/exec/functions/windowing.h"
#include "query/exec/relabel.h"

namespace weir::query {

namespace {

using flux::Value;

constexpr std::string_view kExperimental = "experimental";

// group(mode: "extend"): more columns in the key.
class ExtendCursor {
 public:
  ExtendCursor(ExecContext& context, std::vector<std::string> columns)
      : context_(context), columns_(std::move(columns)), groups_(context) {}

  Result<void> add(Table& table) {
    for (const std::string& label : columns_)
      if (!table.find(label)) return invalid("unknown column \"" + label + "\"");
    std::vector<size_t> in_key;
    for (size_t i = 0; i < table.columns().size(); ++i) {
      const std::string& label = table.columns()[i].label;
      bool listed = std::find(columns_.begin(), columns_.end(), label) != columns_.end();
      if (listed || table.key().has(label)) in_key.push_back(i);
    }
    Chunk chunk;
    while (true) {
      WEIR_TRY(bool more, table.next(chunk));
      if (!more) return {};
      WEIR_CHECK(add_rows(table.columns(), in_key, chunk));
    }
  }
  std::vector<TablePtr> finish() { return groups_.finish(true); }

 private:
  Result<void> add_rows(const Columns& columns, const std::vector<size_t>& in_key,
                        const Chunk& chunk) {
    auto same = [&](size_t a, size_t b) {
      return std::all_of(in_key.begin(), in_key.end(), [&](size_t i) {
        const Column& column = *chunk.columns[i];
        return column.constant || compare_rows(column, a, column, b) == 0;
      });
    };
    for (size_t begin = 0, end = 0; begin < chunk.rows; begin = end) {
      WEIR_CHECK(context_.check());
      for (end = begin + 1; end < chunk.rows && same(begin, end);) ++end;
      GroupKey key;
      for (size_t i : in_key) key.add(columns[i].label, chunk.columns[i]->at(begin));
      WEIR_CHECK(groups_.find_or_add(key).add_rows(columns, chunk, begin, end - begin));
    }
    return {};
  }

  ExecContext& context_;
  std::vector<std::string> columns_;
  TableGroups groups_;
};

Result<Operation> group(CallContext&, const Arguments& arguments) {
  WEIR_TRY(std::string mode, arguments.string("mode"));
  WEIR_TRY(auto columns, arguments.strings("columns"));
  if (mode != "extend")
    return invalid("invalid group mode \"" + mode +
                   "\"; experimental.group requires mode \"extend\"");
  auto make = [columns](ExecContext& context, CursorPtr input) -> Result<CursorPtr> {
    auto shared = std::make_shared<CursorPtr>(std::move(input));
    return deferred([&context, columns, shared]() -> Result<std::vector<TablePtr>> {
      ExtendCursor groups(context, columns);
      while (true) {
        WEIR_TRY(TablePtr table, (*shared)->next());
        if (table == nullptr) return groups.finish();
        WEIR_CHECK(groups.add(*table));
      }
    });
  };
  return Operation{std::move(make)};
}

Result<Operation> set(CallContext&, const Arguments& arguments) {
  WEIR_TRY(const flux::Record* record, arguments.record("o"));
  std::vector<std::pair<std::string, Scalar>> values;
  for (const auto& [label, value] : record->properties()) {
    if (value.is_null()) return invalid("set: value of \"" + label + "\" is null");
    WEIR_TRY(Scalar scalar, to_scalar(value, label));
    values.emplace_back(label, std::move(scalar));
  }
  std::sort(values.begin(), values.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  auto how = [values](const Table& table) -> Result<Relabel> {
    Relabel out = Relabel::same(table);
    out.key = GroupKey();
    for (const auto& [label, value] : values) {
      Relabel::Out column{{label, value.type()}, std::nullopt, value};
      if (std::optional<size_t> over = table.find(label))
        out.columns[*over] = column;
      else
        out.columns.push_back(column);
    }
    for (const auto& entry : table.key().entries()) {
      const Scalar* value = &entry.value;
      for (const auto& [label, changed] : values)
        if (label == entry.label) value = &changed;
      out.key.add(entry.label, *value);
    }
    return out;
  };
  return Operation{[how](ExecContext& context, CursorPtr input) -> Result<CursorPtr> {
    return relabel(context, std::move(input), false, how);
  }};
}

class PreviewCursor final : public TableCursor {
 public:
  PreviewCursor(ExecContext& context, CursorPtr input, int64_t rows, int64_t tables)
      : context_(context), input_(std::move(input)), rows_(rows), tables_(tables) {}
  Result<TablePtr> next() override {
    if (tables_ <= 0) return TablePtr();
    --tables_;
    WEIR_TRY(TablePtr table, input_->next());
    if (table == nullptr) return TablePtr();
    GroupKey key = table->key();
    Columns columns = table->columns();
    auto take = [left = static_cast<size_t>(std::max<int64_t>(rows_, 0))](
                    const Chunk& in, Chunk& out) mutable -> Result<bool> {
      size_t taken = std::min(left, in.rows);
      left -= taken;
      out = slice(in, 0, taken);
      return left > 0;
    };
    return per_chunk(context_, std::move(table), std::move(key), std::move(columns), take);
  }

 private:
  ExecContext& context_;
  CursorPtr input_;
  int64_t rows_, tables_;
};

Result<Operation> preview(CallContext&, const Arguments& arguments) {
  WEIR_TRY(int64_t rows, arguments.integer_or("nrows", 5));
  WEIR_TRY(int64_t tables, arguments.integer_or("ntables", 5));
  auto make = [=](ExecContext& context, CursorPtr input) -> Result<CursorPtr> {
    return CursorPtr(std::make_unique<PreviewCursor>(context, std::move(input), rows, tables));
  };
  return Operation{std::move(make)};
}

// Reads all of the first stream, then yields the second, which is opened only then.
class ChainCursor final : public TableCursor {
 public:
  ChainCursor(ExecContext& context, CursorPtr first, StreamNode second)
      : context_(context), first_(std::move(first)), second_(std::move(second)) {}
  Result<TablePtr> next() override {
    while (first_ != nullptr) {
      WEIR_TRY(TablePtr table, first_->next());
      if (table == nullptr) {
        first_ = nullptr;
        WEIR_TRY(opened_, open(context_, second_));
        break;
      }
      Chunk chunk;
      for (bool more = true; more;) {
        WEIR_TRY(more, table->next(chunk));
      }
    }
    return opened_->next();
  }

 private:
  ExecContext& context_;
  CursorPtr first_;
  StreamNode second_;
  CursorPtr opened_;
};

Result<Value> chain(CallContext& call, const Arguments& arguments) {
  WEIR_TRY(StreamNode first, stream_argument(arguments, "first"));
  WEIR_TRY(StreamNode second, stream_argument(arguments, "second"));
  size_t depth = std::max(first->depth, second->depth) + 1;
  auto make = [second](ExecContext& context, TableStream::Inputs inputs) -> Result<CursorPtr> {
    return CursorPtr(std::make_unique<ChainCursor>(context, std::move(inputs[0]), second));
  };
  auto node = std::const_pointer_cast<TableStream>(
      make_node(call, "chain", std::vector<StreamNode>{std::move(first)}, std::move(make)));
  node->depth = depth;
  return stream_value(std::move(node));
}

Result<Value> object_keys(CallContext&, const Arguments& arguments) {
  WEIR_TRY(const flux::Record* record, arguments.record("o"));
  flux::Array keys;
  for (const auto& [label, value] : record->properties()) keys.push_back(Value::of_string(label));
  return Value::of_array(std::move(keys));
}

// Flux's own codes of errors.
uint64_t flux_code(Errc code) {
  switch (code) {
    case Errc::invalid:
    case Errc::unprocessable:
    case Errc::empty_value:
      return 3;
    case Errc::not_found:
      return 5;
    case Errc::conflict:
      return 6;
    case Errc::forbidden:
      return 7;
    case Errc::too_large:
    case Errc::too_many_requests:
      return 8;
    case Errc::not_implemented:
      return 12;
    case Errc::unavailable:
      return 14;
    case Errc::unauthorized:
      return 16;
    default:
      return 13;
  }
}

Result<Value> catch_error(CallContext& call, const Arguments& arguments) {
  WEIR_TRY(auto function, arguments.function("fn"));
  auto value = call.interpreter().call(*function, {});
  flux::Record out;
  if (value.ok()) {
    out.set("value", *value);
    out.set("code", Value::null_of(flux::ValueType::unsigned_integer));
    out.set("msg", Value::null_of(flux::ValueType::string));
    return Value::of_record(std::move(out));
  }
  // What ends the query is not for the script to catch.
  WEIR_CHECK(host_of(call).context().check());
  out.set("value", Value());
  out.set("code", Value::of_uint(flux_code(value.error().code)));
  out.set("msg", Value::of_string(value.error().message));
  return Value::of_record(std::move(out));
}

// ---- unpivot -------------------------------------------------------------------------------

Result<void> unpivot_table(ExecContext& context, const std::vector<std::string>& others,
                           Table& table, TableGroups& groups) {
  WEIR_TRY(Chunk chunk, collect(context, table));
  for (const std::string& label : others)
    if (!table.find(label)) return invalid("unpivot could not find column named \"" + label + "\"");
  for (size_t at = 0; at < table.columns().size(); ++at) {
    const ColumnInfo& field = table.columns()[at];
    bool kept = table.key().has(field.label) ||
                std::find(others.begin(), others.end(), field.label) != others.end();
    if (kept) continue;
    std::vector<uint32_t> rows;
    for (uint32_t row = 0; row < chunk.rows; ++row)
      if (chunk.columns[at]->is_valid(row)) rows.push_back(row);
    if (rows.empty()) continue;
    Chunk some = gather(chunk, rows), out;
    Columns columns;
    GroupKey key;
    Scalar name = Scalar::of_string(field.label);
    key.add("_field", name);
    out.rows = rows.size();
    for (const auto& entry : table.key().entries()) {
      if (entry.label == "_field") continue;
      key.add(entry.label, entry.value);
      columns.push_back({entry.label, entry.value.type()});
      out.columns.push_back(constant_column(entry.value, out.rows));
    }
    columns.push_back({"_field", ColumnType::string});
    out.columns.push_back(constant_column(name, out.rows));
    for (const std::string& label : others) {
      if (table.key().has(label)) continue;
      size_t other = *table.find(label);
      columns.push_back(table.columns()[other]);
      out.columns.push_back(some.columns[other]);
    }
    columns.push_back({"_value", field.type});
    out.columns.push_back(some.columns[at]);
    WEIR_CHECK(groups.find_or_add(key).add_rows(columns, out, 0, out.rows));
  }
  return {};
}

Result<Operation> unpivot(CallContext&, const Arguments& arguments) {
  WEIR_TRY(auto others, arguments.strings_or("otherColumns", {"_time"}));
  auto make = [others](ExecContext& context, CursorPtr input) -> Result<CursorPtr> {
    auto shared = std::make_shared<CursorPtr>(std::move(input));
    return deferred([&context, others, shared]() -> Result<std::vector<TablePtr>> {
      TableGroups groups(context);
      while (true) {
        WEIR_TRY(TablePtr table, (*shared)->next());
        if (table == nullptr) return groups.finish();
        WEIR_CHECK(unpivot_table(context, others, *table, groups));
      }
    });
  };
  return Operation{std::move(make)};
}

// table.fill(): one row for tables that have none.
Result<Operation> fill_table(CallContext&, const Arguments&) { return fill_empty_tables(); }

constexpr std::string_view kScript = R"(
alignTime = (tables=<-, alignTo=time(v: 0)) =>
    tables
        |> stateDuration(fn: (r) => true, column: "timeDiff", unit: 1ns)
        |> map(fn: (r) => ({r with _time: time(v: int(v: alignTo) + r.timeDiff)}))
        |> drop(columns: ["timeDiff"])
_length = (d, other) => if d == 0s then other else d
window = (tables=<-, every=0s, period=0s, offset=0s, location=location, createEmpty=false) =>
    tables
        |> window(
            every: _length(d: every, other: period),
            period: _length(d: period, other: every),
            offset: offset,
            location: location,
            createEmpty: createEmpty,
        )
integral = (tables=<-, unit=1s, interpolate="") =>
    tables |> integral(unit: unit, interpolate: interpolate)
kaufmansAMA = (tables=<-, n) => tables |> kaufmansAMA(n: n)
histogram = (tables=<-, bins, normalize=false) =>
    tables |> histogram(bins: bins, normalize: normalize)
histogramQuantile = (tables=<-, quantile=0.0, minValue=0.0) =>
    tables |> histogramQuantile(quantile: quantile, minValue: minValue)
)";

}  // namespace

void register_experimental(Registry& registry) {
  add_operation(registry, kExperimental, "group",
                "(<-tables: stream, mode: string, columns: array)", group);
  add_operation(registry, kExperimental, "set", "(<-tables: stream, o: record)", set);
  add_operation(registry, kExperimental, "preview",
                "(<-tables: stream, ?nrows: int, ?ntables: int)", preview);
  add_operation(registry, kExperimental, "unpivot", "(<-tables: stream, ?otherColumns: array)",
                unpivot);
  add_operation(registry, "experimental/table", "fill", "(<-tables: stream)", fill_table);
  registry.add_function(kExperimental, "chain", "(first: stream, second: stream)", chain);
  registry.add_function(kExperimental, "objectKeys", "(o: record)", object_keys);
  registry.add_function(kExperimental, "catch", "(fn: function)", catch_error);
  const flux::Library& universe = *registry.find("universe");
  for (std::string_view name : {"count", "distinct", "fill", "first", "last", "max", "mean", "min",
                                "mode", "quantile", "skew", "spread", "stddev", "sum", "unique"}) {
    auto native = universe.members.find(name);
    WEIR_ASSERT(native != universe.members.end(), "experimental offers what universe has not");
    registry.add_value(kExperimental, name, native->second.binding.value);
  }
  registry.add_value(kExperimental, "to", universe.members.find("wideTo")->second.binding.value);
  registry.add_script(kExperimental, kScript);
}

}  // namespace weir::query
