// to() and wideTo(): write tables into a bucket, through the same path as /api/v2/write, and pass
// them on as they are.
//
// to() makes a field of each row, `_field` named, `_value` valued, or those of the record that
// fieldFn returns; wideTo() makes a field of each column outside the group key. A row without a
// time, or without any field that is not null, is not written.
#include <algorithm>
#include <cmath>

#include "model/point_batch.h"
#include "model/series_key.h"
#include "query/exec/functions/kit.h"
#include "query/exec/row_function.h"

namespace weir::query {

namespace {

struct Target {
  std::string bucket;
  bool by_id = false;
  std::string time_column = "_time", measurement_column = "_measurement";
  std::optional<std::vector<std::string>> tag_columns;
  std::shared_ptr<const flux::Function> field_function;
  bool wide = false;
};

// Where the parts of a table's points stand.
struct Layout {
  size_t time = 0, measurement = 0;
  std::vector<size_t> tags;  // sorted by label
};

Result<size_t> required_column(const Table& table, const std::string& label, ColumnType type) {
  std::optional<size_t> at = table.find(label);
  if (!at) return invalid("no column with label " + label + " exists");
  if (table.columns()[*at].type != type)
    return invalid("column " + label + " of type " +
                   std::string(to_string(table.columns()[*at].type)) + " is not of type " +
                   std::string(to_string(type)));
  return *at;
}

bool is_tag(const Target& target, const Table& table, const ColumnInfo& column) {
  if (column.label == target.measurement_column || column.label == target.time_column) return false;
  if (target.tag_columns)
    return std::find(target.tag_columns->begin(), target.tag_columns->end(), column.label) !=
           target.tag_columns->end();
  if (column.type != ColumnType::string) return false;
  if (target.wide) return table.key().has(column.label);
  return column.label != "_field" && column.label != "_value" && column.label != "_measurement";
}

Result<Layout> layout_of(const Target& target, const Table& table) {
  Layout layout;
  WEIR_TRY(layout.time, required_column(table, target.time_column, ColumnType::time));
  WEIR_TRY(layout.measurement,
           required_column(table, target.measurement_column, ColumnType::string));
  for (size_t i = 0; i < table.columns().size(); ++i) {
    const ColumnInfo& column = table.columns()[i];
    if (!is_tag(target, table, column)) continue;
    if (column.type != ColumnType::string)
      return invalid("invalid type for tag column \"" + column.label +
                     "\": " + std::string(to_string(column.type)));
    layout.tags.push_back(i);
  }
  std::sort(layout.tags.begin(), layout.tags.end(), [&](size_t a, size_t b) {
    return table.columns()[a].label < table.columns()[b].label;
  });
  return layout;
}

// The fields of all rows: columns, or the pair _field and _value.
struct Fields {
  Columns columns;
  Chunk chunk;
  bool named_by_row = false;  // columns are _field and _value
};

Result<Fields> fields_of(ExecContext& context, const Target& target, const Layout& layout,
                         const Table& table, const Chunk& chunk, RowFunction* function) {
  Fields fields;
  fields.chunk.rows = chunk.rows;
  if (function != nullptr) {
    function->prepare(table.columns(), false);
    WEIR_TRY(RowFunction::Records records, function->records(context, chunk));
    fields.columns = std::move(records.columns);
    fields.chunk = std::move(records.chunk);
    return fields;
  }
  auto add = [&](size_t at) {
    fields.columns.push_back(table.columns()[at]);
    fields.chunk.columns.push_back(chunk.columns[at]);
  };
  if (!target.wide) {
    WEIR_TRY(size_t field, required_column(table, "_field", ColumnType::string));
    std::optional<size_t> value = table.find("_value");
    if (!value) return invalid("no column with label _value exists");
    add(field), add(*value);
    fields.named_by_row = true;
    return fields;
  }
  for (size_t i = 0; i < table.columns().size(); ++i) {
    bool is_part = i == layout.time || i == layout.measurement ||
                   std::find(layout.tags.begin(), layout.tags.end(), i) != layout.tags.end();
    const std::string& label = table.columns()[i].label;
    if (!is_part && !table.key().has(label) && label != "_start" && label != "_stop") add(i);
  }
  return fields;
}

class BatchWriter {
 public:
  BatchWriter(const Table& table, const Chunk& chunk, const Layout& layout)
      : table_(table), chunk_(chunk), layout_(layout) {}

  Result<model::PointBatch> write(const Fields& fields) {
    for (size_t row = 0; row < chunk_.rows; ++row) {
      if (!chunk_.columns[layout_.time]->is_valid(row)) continue;
      started_ = false;
      for (size_t i = fields.named_by_row ? 1 : 0; i < fields.columns.size(); ++i) {
        const Column& values = *fields.chunk.columns[i];
        if (!values.is_valid(row)) continue;
        std::string_view name = fields.columns[i].label;
        if (fields.named_by_row) name = fields.chunk.columns[0]->text(row);
        WEIR_CHECK(add_field(name, values, row));
      }
    }
    return std::move(batch_);
  }

 private:
  Result<void> add_field(std::string_view name, const Column& values, size_t row) {
    if (values.type == ColumnType::floating && !std::isfinite(values.float_at(row))) return {};
    if (!started_) WEIR_CHECK(start_point(row));
    name = batch_.copy(name);
    switch (values.type) {
      case ColumnType::boolean:
        batch_.add_field(name, model::FieldValue::of_bool(values.bool_at(row)));
        break;
      case ColumnType::unsigned_integer:
        batch_.add_field(name, model::FieldValue::of_uint(values.word(row)));
        break;
      case ColumnType::floating:
        batch_.add_field(name, model::FieldValue::of_float(values.float_at(row)));
        break;
      case ColumnType::string:
        batch_.add_field(name, model::FieldValue::of_string(batch_.copy(values.text(row))));
        break;
      case ColumnType::integer:
      case ColumnType::time:  // stored as its nanoseconds
        batch_.add_field(name, model::FieldValue::of_int(values.int_at(row)));
        break;
    }
    return {};
  }

  Result<void> start_point(size_t row) {
    const Column& measurement = *chunk_.columns[layout_.measurement];
    if (!measurement.is_valid(row) || measurement.text(row).empty())
      return invalid("a row to be written has no measurement");
    key_.clear();
    model::append_escaped_measurement(key_, without_backslash(measurement.text(row)));
    for (size_t at : layout_.tags) {
      const Column& tag = *chunk_.columns[at];
      if (!tag.is_valid(row)) continue;
      std::string_view value = without_backslash(tag.text(row));
      if (value.empty()) continue;
      key_ += ',';
      model::append_escaped_tag(key_, without_backslash(table_.columns()[at].label));
      key_ += '=';
      model::append_escaped_tag(key_, value);
    }
    batch_.add_point(batch_.copy(key_), chunk_.columns[layout_.time]->int_at(row));
    started_ = true;
    return {};
  }

  // Line protocol cannot tell a backslash at the end of a key.
  static std::string_view without_backslash(std::string_view text) {
    while (text.ends_with('\\')) text.remove_suffix(1);
    return text;
  }

  const Table& table_;
  const Chunk& chunk_;
  const Layout& layout_;
  model::PointBatch batch_;
  std::string key_;
  bool started_ = false;  // the row has a point already
};

Result<TablePtr> write_table(ExecContext& context, const Target& target, BucketId bucket,
                             RowFunction* function, Table& table) {
  WEIR_TRY(Layout layout, layout_of(target, table));
  WEIR_TRY(Chunk chunk, collect(context, table));
  if (chunk.rows > 0) {
    WEIR_TRY(Fields fields, fields_of(context, target, layout, table, chunk, function));
    WEIR_TRY(model::PointBatch batch, BatchWriter(table, chunk, layout).write(fields));
    if (!batch.empty()) {
      WEIR_TRY(store::WriteOutcome outcome,
               store::write_and_wait(context.store, bucket, std::move(batch)));
      if (!outcome.partial.empty())
        return Error{Errc::unprocessable, "failure writing points to database: " + outcome.partial};
    }
  }
  return make_table(table.key(), table.columns(), std::move(chunk));
}

Result<Operation> writing(CallContext& call, const Arguments& arguments, Target target) {
  for (std::string_view name : {"host", "token"})
    if (arguments.has(name))
      return unsupported("to: writing to another server (" + std::string(name) + ")");
  if (arguments.has("bucket") == arguments.has("bucketID"))
    return invalid("must specify exactly one of bucket or bucketID");
  target.by_id = arguments.has("bucketID");
  WEIR_TRY(target.bucket, arguments.string(target.by_id ? "bucketID" : "bucket"));
  flux::Interpreter& interpreter = call.interpreter();
  auto make = [target, &interpreter](ExecContext& context, CursorPtr input) -> Result<CursorPtr> {
    WEIR_TRY(BucketInfo bucket, context.catalog.find_writable_bucket(target.bucket, target.by_id));
    std::shared_ptr<RowFunction> function;
    if (target.field_function != nullptr)
      function = std::make_shared<RowFunction>(interpreter, target.field_function);
    return per_table(context, std::move(input),
                     [&context, target, id = bucket.id, function](TablePtr table) {
                       return write_table(context, target, id, function.get(), *table);
                     });
  };
  return Operation{std::move(make)};
}

Result<Operation> to(CallContext& call, const Arguments& arguments) {
  Target target;
  WEIR_TRY(target.time_column, arguments.string_or("timeColumn", "_time"));
  WEIR_TRY(target.measurement_column, arguments.string_or("measurementColumn", "_measurement"));
  if (arguments.has("tagColumns")) {
    WEIR_TRY(target.tag_columns, arguments.strings("tagColumns"));
  }
  if (arguments.has("fieldFn")) {
    WEIR_TRY(target.field_function, arguments.function("fieldFn"));
  }
  return writing(call, arguments, std::move(target));
}

Result<Operation> wide_to(CallContext& call, const Arguments& arguments) {
  Target target;
  target.wide = true;
  return writing(call, arguments, std::move(target));
}

}  // namespace

void register_to(Registry& registry) {
  constexpr std::string_view kTo =
      "(<-tables: stream, ?bucket: string, ?bucketID: string, ?org: string, ?orgID: string, "
      "?host: string, ?token: string, ?timeColumn: string, ?measurementColumn: string, "
      "?tagColumns: array, ?fieldFn: function)";
  constexpr std::string_view kWideTo =
      "(<-tables: stream, ?bucket: string, ?bucketID: string, ?org: string, ?orgID: string, "
      "?host: string, ?token: string)";
  add_operation(registry, "universe", "to", kTo, to);
  add_operation(registry, "influxdata/influxdb", "to", kTo, to);
  add_operation(registry, "universe", "wideTo", kWideTo, wide_to);
  add_operation(registry, "influxdata/influxdb", "wideTo", kWideTo, wide_to);
}

}  // namespace weir::query
