// Package experimental/mqtt: messages to a broker, as far as the server lets queries reach it.
//
// publish() sends one. to() sends the rows of a table as line protocol, in one message, and passes
// the table on. A row without a time, a name or any value is not sent.
#include <algorithm>
#include <cmath>

#include "model/field_text.h"
#include "model/series_key.h"
#include "query/exec/functions/kit.h"
#include "query/exec/functions/packages.h"
#include "query/outgoing.h"

namespace weir::query {

namespace {

using flux::Value;

constexpr std::string_view kPackage = "experimental/mqtt";

// What both functions take.
Result<MqttMessage> message_of(const Arguments& arguments) {
  MqttMessage message;
  WEIR_TRY(message.broker, arguments.string("broker"));
  WEIR_TRY(message.client_id, arguments.string_or("clientid", ""));
  WEIR_TRY(const int64_t qos, arguments.integer_or("qos", 0));
  if (qos < 0 || qos > 2) return invalid("qos: got " + std::to_string(qos) + ", wanted 0, 1 or 2");
  message.qos = static_cast<int>(qos);
  WEIR_TRY(message.retain, arguments.boolean_or("retain", false));
  if (arguments.has("username") != arguments.has("password"))
    return invalid("username and password: wanted both or neither");
  if (arguments.has("username")) {
    WEIR_TRY(message.user, arguments.string("username"));
    WEIR_TRY(message.password, arguments.string("password"));
  }
  WEIR_TRY(const flux::Duration timeout,
           arguments.duration_or("timeout", flux::Duration::of_ns(1'000'000'000)));
  message.timeout_ms = timeout.nanoseconds / 1'000'000;
  if (timeout.months != 0 || timeout.negative || message.timeout_ms == 0)
    return invalid("timeout: wanted a length of time without months, of a millisecond or more");
  return message;
}

Result<void> send(ExecContext& context, const MqttMessage& message) {
  if (context.outgoing == nullptr)
    return Error{Errc::forbidden, "a query may not reach other hosts: no broker is told"};
  return context.outgoing->publish(message, [&context] { return context.check(); });
}

Result<Value> publish(CallContext& call, const Arguments& arguments) {
  WEIR_TRY(MqttMessage message, message_of(arguments));
  WEIR_TRY(message.topic, arguments.string("topic"));
  if (message.topic.empty()) return invalid("empty topic");
  WEIR_TRY(message.payload, arguments.string("message"));
  if (message.payload.empty()) return invalid("empty message");
  WEIR_CHECK(send(host_of(call).context(), message));
  return Value::of_bool(true);
}

struct Lines {
  std::string name;  // empty: of the column _measurement
  std::string time_column;
  std::vector<std::string> tag_columns, value_columns;  // those of values sorted
};

model::FieldValue field_at(const Column& column, size_t row) {
  switch (column.type) {
    case ColumnType::boolean:
      return model::FieldValue::of_bool(column.bool_at(row));
    case ColumnType::unsigned_integer:
      return model::FieldValue::of_uint(column.word(row));
    case ColumnType::floating:
      return model::FieldValue::of_float(column.float_at(row));
    case ColumnType::string:
      return model::FieldValue::of_string(column.text(row));
    case ColumnType::integer:
    case ColumnType::time:
      break;
  }
  return model::FieldValue::of_int(column.int_at(row));
}

// The rows of one table as text; `topic` is what stands for those of the first: its name and tags.
class LineWriter {
 public:
  LineWriter(const Lines& lines, const Table& table, const Chunk& chunk)
      : lines_(lines), table_(table), chunk_(chunk) {}

  Result<void> prepare() {
    const std::optional<size_t> time = table_.find(lines_.time_column);
    if (!time) return invalid("could not get time column");
    time_ = *time;
    if (table_.columns()[time_].type != ColumnType::time)
      return invalid("invalid type for time column: " +
                     std::string(to_string(table_.columns()[time_].type)));
    if (lines_.name.empty()) {
      if ((measurement_ = table_.find("_measurement"))) {
        WEIR_CHECK(wants_text(*measurement_, "measurement"));
      }
    }
    for (size_t i = 0; i < table_.columns().size(); ++i) {
      const std::string& label = table_.columns()[i].label;
      if (i == time_ || i == measurement_) continue;
      if (std::find(lines_.tag_columns.begin(), lines_.tag_columns.end(), label) ==
          lines_.tag_columns.end())
        continue;
      WEIR_CHECK(wants_text(i, "tag"));
      tags_.push_back(i);
    }
    for (const std::string& label : lines_.value_columns) {
      const std::optional<size_t> at = table_.find(label);
      const bool is_tag = at && std::find(tags_.begin(), tags_.end(), *at) != tags_.end();
      if (at && *at != time_ && at != measurement_ && !is_tag) values_.push_back(*at);
    }
    return {};
  }

  void write_row(size_t row) {
    const std::string name = name_at(row);
    if (name.empty() || !chunk_.columns[time_]->is_valid(row)) return;
    const size_t start = text_.size();
    model::append_escaped_measurement(text_, name);
    for (size_t at : tags_) {
      if (!has_text(at, row)) continue;
      text_ += ',';
      model::append_escaped_tag(text_, table_.columns()[at].label);
      text_ += '=';
      model::append_escaped_tag(text_, chunk_.columns[at]->text(row));
    }
    bool has_values = false;
    for (size_t at : values_) {
      const Column& column = *chunk_.columns[at];
      if (!column.is_valid(row)) continue;
      if (column.type == ColumnType::floating && !std::isfinite(column.float_at(row))) continue;
      text_ += has_values ? ',' : ' ';
      has_values = true;
      model::append_escaped_tag(text_, table_.columns()[at].label);
      text_ += '=';
      model::append_value(text_, field_at(column, row));
    }
    if (!has_values) return text_.resize(start);
    text_ += ' ' + std::to_string(chunk_.columns[time_]->int_at(row)) + '\n';
    if (topic_.empty()) topic_ = topic_at(row, name);
  }

  const std::string& text() const { return text_; }
  const std::string& topic() const { return topic_; }

 private:
  Result<void> wants_text(size_t at, std::string_view role) const {
    const ColumnType type = table_.columns()[at].type;
    if (type == ColumnType::string) return {};
    return invalid("invalid type for " + std::string(role) +
                   " column: " + std::string(to_string(type)));
  }
  bool has_text(size_t at, size_t row) const {
    return chunk_.columns[at]->is_valid(row) && !chunk_.columns[at]->text(row).empty();
  }
  std::string name_at(size_t row) const {
    if (!lines_.name.empty()) return lines_.name;
    if (!measurement_ || !has_text(*measurement_, row)) return {};
    return std::string(chunk_.columns[*measurement_]->text(row));
  }
  std::string topic_at(size_t row, const std::string& name) const {
    std::string topic = "/" + name;
    for (size_t at : tags_)
      if (has_text(at, row))
        topic +=
            "/" + table_.columns()[at].label + "/" + std::string(chunk_.columns[at]->text(row));
    return topic;
  }

  const Lines& lines_;
  const Table& table_;
  const Chunk& chunk_;
  size_t time_ = 0;
  std::optional<size_t> measurement_;
  std::vector<size_t> tags_, values_;
  std::string text_, topic_;
};

Result<TablePtr> send_table(ExecContext& context, const Lines& lines, MqttMessage message,
                            Table& table) {
  WEIR_TRY(Chunk chunk, collect(context, table));
  LineWriter writer(lines, table, chunk);
  WEIR_CHECK(writer.prepare());
  for (size_t row = 0; row < chunk.rows; ++row) writer.write_row(row);
  if (!writer.text().empty()) {
    message.payload = writer.text();
    if (message.topic.empty()) message.topic = writer.topic();
    WEIR_CHECK(send(context, message));
  }
  return make_table(table.key(), table.columns(), std::move(chunk));
}

Result<Operation> to(CallContext&, const Arguments& arguments) {
  WEIR_TRY(MqttMessage message, message_of(arguments));
  WEIR_TRY(message.topic, arguments.string_or("topic", ""));
  Lines lines;
  WEIR_TRY(lines.name, arguments.string_or("name", ""));
  WEIR_TRY(lines.time_column, arguments.string_or("timeColumn", "_time"));
  WEIR_TRY(lines.tag_columns, arguments.strings_or("tagColumns", {}));
  WEIR_TRY(lines.value_columns, arguments.strings_or("valueColumns", {}));
  if (lines.value_columns.empty()) lines.value_columns = {"_value"};
  std::sort(lines.value_columns.begin(), lines.value_columns.end());
  auto make = [message = std::move(message), lines = std::move(lines)](
                  ExecContext& context, CursorPtr input) -> Result<CursorPtr> {
    return per_table(context, std::move(input), [&context, message, lines](TablePtr table) {
      return send_table(context, lines, message, *table);
    });
  };
  return Operation{std::move(make)};
}

}  // namespace

void register_mqtt(Registry& registry) {
  registry.mark_effects(kPackage);
  const std::string common =
      "broker: string, ?qos: int, ?retain: bool, ?clientid: string, ?username: string, "
      "?password: string, ?timeout: duration, ";
  registry.add_function(kPackage, "publish", "(" + common + "topic: string, message: string)",
                        publish);
  add_operation(registry, kPackage, "to",
                "(<-tables: stream, " + common +
                    "?topic: string, ?name: string, ?timeColumn: string, ?tagColumns: array, "
                    "?valueColumns: array)",
                to);
}

}  // namespace weir::query
