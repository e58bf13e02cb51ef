// The packages that Flux's own test scripts use: internal/debug, internal/gen, internal/testutil,
// internal/boolean; and the options of planner, which are accepted and change nothing.
#include "query/exec/functions/kit.h"
#include "query/exec/functions/packages.h"

namespace weir::query {

namespace {

using flux::Value;
using flux::ValueType;

Result<Operation> pass(CallContext&, const Arguments&) {
  return Operation{[](ExecContext&, CursorPtr input) -> Result<CursorPtr> { return input; }};
}

Result<Operation> slurp(CallContext&, const Arguments&) {
  return per_whole_table([](const Table& table, Chunk chunk) -> Result<TablePtr> {
    return make_table(table.key(), table.columns(), std::move(chunk));
  });
}

Result<Operation> sink(CallContext&, const Arguments&) {
  auto make = [](ExecContext& context, CursorPtr input) -> Result<CursorPtr> {
    return per_table(context, std::move(input), [&context](TablePtr table) -> Result<TablePtr> {
      WEIR_CHECK(collect(context, *table));
      return TablePtr();
    });
  };
  return Operation{std::move(make)};
}

std::optional<ValueType> type_named(std::string_view name) {
  for (ValueType type : {ValueType::boolean, ValueType::integer, ValueType::unsigned_integer,
                         ValueType::floating, ValueType::string, ValueType::time,
                         ValueType::duration, ValueType::regexp, ValueType::bytes})
    if (to_string(type) == name) return type;
  return std::nullopt;
}

Result<Value> null(CallContext&, const Arguments& arguments) {
  if (!arguments.has("type")) return Value();
  WEIR_TRY(std::string name, arguments.string("type"));
  std::optional<ValueType> type = type_named(name);
  if (!type) return invalid("Invalid null type `" + name + "`");
  return Value::null_of(*type);
}

Result<Value> get_option(CallContext& call, const Arguments& arguments) {
  WEIR_TRY(std::string package, arguments.string("pkg"));
  WEIR_TRY(std::string name, arguments.string("name"));
  const Value* option = call.option(package, name);
  if (option == nullptr) return invalid("option " + package + "." + name + " not found");
  return *option;
}

Result<Value> make_any(CallContext&, const Arguments& arguments) {
  WEIR_TRY(std::string name, arguments.string("typ"));
  std::optional<ValueType> type = type_named(name);
  if (!type) return invalid("unknown type " + name);
  return Value::null_of(*type);
}

// ---- internal/gen --------------------------------------------------------------------------

constexpr int64_t kRowsGeneratedMax = 10'000'000;  // of all series together
constexpr int64_t kSecondsBetweenRows = 10;

struct Generated {
  int64_t rows = 0;
  double nulls = 0;
  uint64_t seed = 0;
  struct Tag {
    std::string name;
    int64_t cardinality = 1;
  };
  std::vector<Tag> tags;
};

// splitmix64: the same seed gives the same tables.
uint64_t next_random(uint64_t& state) {
  uint64_t z = (state += 0x9e3779b97f4a7c15ULL);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}
double next_unit(uint64_t& state) {
  return static_cast<double>(next_random(state) >> 11) * 0x1p-53;
}

TablePtr generated_table(ExecContext& context, const Generated& spec, int64_t series,
                         uint64_t& state) {
  GroupKey key;
  Columns columns = {{"_time", ColumnType::time}, {"_value", ColumnType::floating}};
  ColumnBuilder times(ColumnType::time, &context.memory);
  ColumnBuilder values(ColumnType::floating, &context.memory);
  for (int64_t row = 0; row < spec.rows; ++row) {
    times.append_int(row * kSecondsBetweenRows * 1'000'000'000);
    bool is_null = spec.nulls > 0 && next_unit(state) < spec.nulls;
    double value = next_unit(state) * 100;
    is_null ? values.append_null() : values.append_float(value);
  }
  Chunk chunk;
  chunk.rows = static_cast<size_t>(spec.rows);
  chunk.columns = {times.finish(), values.finish()};
  for (const Generated::Tag& tag : spec.tags) {
    Scalar value = Scalar::of_string(tag.name + std::to_string(series % tag.cardinality));
    series /= tag.cardinality;
    columns.push_back({tag.name, ColumnType::string});
    chunk.columns.push_back(constant_column(value, chunk.rows));
    key.add(tag.name, std::move(value));
  }
  return make_table(std::move(key), std::move(columns), std::move(chunk));
}

Result<Generated> generated_spec(const Arguments& arguments) {
  Generated spec;
  WEIR_TRY(spec.rows, arguments.integer("n"));
  WEIR_TRY(spec.nulls, arguments.floating_or("nulls", 0));
  WEIR_TRY(int64_t seed, arguments.integer_or("seed", 1));
  spec.seed = static_cast<uint64_t>(seed);
  if (spec.nulls < 0 || spec.nulls > 1) return invalid("nulls must be between 0 and 1");
  int64_t total = spec.rows;
  if (arguments.has("tags")) {
    WEIR_TRY(const flux::Array* tags, arguments.array("tags"));
    for (const Value& tag : *tags) {
      const Value* name = tag.is(ValueType::record) ? tag.as_record().find("name") : nullptr;
      const Value* count = name ? tag.as_record().find("cardinality") : nullptr;
      if (count == nullptr || !name->is(ValueType::string) || !count->is(ValueType::integer) ||
          count->as_int() < 1)
        return invalid("tags must be records {name: string, cardinality: int}");
      spec.tags.push_back({name->as_string(), count->as_int()});
      if (__builtin_mul_overflow(total, count->as_int(), &total)) total = INT64_MAX;
    }
  }
  if (spec.rows < 0 || total > kRowsGeneratedMax)
    return invalid("n: wanted at most " + std::to_string(kRowsGeneratedMax) + " rows in all");
  return spec;
}

Result<Source> gen_tables(CallContext&, const Arguments& arguments) {
  WEIR_TRY(Generated spec, generated_spec(arguments));
  auto make = [spec](ExecContext& context) -> Result<CursorPtr> {
    return deferred([&context, spec]() -> Result<std::vector<TablePtr>> {
      int64_t count = 1;
      for (const Generated::Tag& tag : spec.tags) count *= tag.cardinality;
      uint64_t state = spec.seed;
      std::vector<TablePtr> tables;
      for (int64_t series = 0; series < count; ++series) {
        WEIR_CHECK(context.check());
        tables.push_back(generated_table(context, spec, series, state));
      }
      return tables;
    });
  };
  return Source{std::move(make)};
}

void register_testutil(Registry& registry) {
  constexpr std::string_view kTestutil = "internal/testutil";
  registry.add_function(
      kTestutil, "fail", "()",
      [](CallContext&, const Arguments&) -> Result<Value> { return invalid("fail"); });
  registry.add_function(
      kTestutil, "yield", "(<-v)",
      [](CallContext&, const Arguments& arguments) -> Result<Value> { return arguments.raw("v"); });
  registry.add_function(
      kTestutil, "makeRecord", "(o)",
      [](CallContext&, const Arguments& arguments) -> Result<Value> { return arguments.raw("o"); });
  registry.add_function(kTestutil, "makeAny", "(typ: string)", make_any);
}

}  // namespace

void register_debug(Registry& registry) {
  constexpr std::string_view kDebug = "internal/debug";
  add_operation(registry, kDebug, "pass", "(<-tables: stream)", pass);
  add_operation(registry, kDebug, "opaque", "(<-tables: stream)", pass);
  add_operation(registry, kDebug, "slurp", "(<-tables: stream)", slurp);
  add_operation(registry, kDebug, "sink", "(<-tables: stream)", sink);
  registry.add_function(kDebug, "null", "(?type: string)", null);
  registry.add_function(kDebug, "getOption", "(pkg: string, name: string)", get_option);
  registry.add_function(
      kDebug, "feature", "(key: string)",
      [](CallContext&, const Arguments&) -> Result<Value> { return Value::of_bool(false); });
  registry.add_option(kDebug, "vectorize", Value::of_bool(false));
  add_source(registry, "internal/gen", "tables",
             "(n: int, ?nulls: float, ?tags: array, ?seed: int)", gen_tables);
  register_testutil(registry);
  registry.add_value("internal/boolean", "true", Value::of_bool(true));
  registry.add_value("internal/boolean", "false", Value::of_bool(false));
  for (const char* option : {"disablePhysicalRules", "disableLogicalRules"})
    registry.add_option("planner", option, Value::of_array({}));
}

}  // namespace weir::query
