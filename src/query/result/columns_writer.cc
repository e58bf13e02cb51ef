#include "query/result/columns_writer.h"

#include <cstring>
#include <unordered_map>

#include "base/json.h"
#include "query/exec/context.h"
#include "query/result/annotated_csv.h"
#include "query/result/down_sample.h"

namespace weir::query {

namespace {

constexpr size_t kPieceBytes = 64 * 1024;
constexpr size_t kAlignment = 8;

void pad(std::string& bytes, char with) {
  bytes.append((kAlignment - bytes.size() % kAlignment) % kAlignment, with);
}

void append_u32(std::string& bytes, size_t value) {
  const auto word = static_cast<uint32_t>(value);
  bytes.append(reinterpret_cast<const char*>(&word), sizeof word);
}

// As annotated CSV spells it.
OrderedJson constant_value(const Column& column) {
  if (!column.is_valid(0)) return nullptr;
  char text[kFloatTextMax];
  char* end = text;
  switch (column.type) {
    case ColumnType::boolean:
      return column.bool_at(0) ? "true" : "false";
    case ColumnType::string:
      return std::string(column.text(0));
    case ColumnType::integer:
      end = write_int(text, column.int_at(0));
      break;
    case ColumnType::unsigned_integer:
      end = write_uint(text, column.word(0));
      break;
    case ColumnType::floating:
      end = write_float(text, column.float_at(0));
      break;
    case ColumnType::time:
      end = TimeText().write(text, column.int_at(0));
      break;
  }
  return std::string(text, end);
}

// Each distinct text once, and every row's place among them.
OrderedJson append_texts(const Column& column, size_t begin, size_t count, std::string& payload) {
  OrderedJson texts = OrderedJson::array();
  std::unordered_map<std::string_view, size_t> places;
  for (size_t row = begin; row < begin + count; ++row) {
    auto [place, added] = places.try_emplace(column.text(row), places.size());
    if (added) texts.push_back(std::string(column.text(row)));
    append_u32(payload, place->second);
  }
  return texts;
}

void append_values(const Column& column, size_t begin, size_t count, std::string& payload,
                   OrderedJson& header) {
  header["at"] = payload.size();
  if (column.type == ColumnType::string) {
    header["texts"] = append_texts(column, begin, count, payload);
  } else if (column.type == ColumnType::boolean) {
    for (size_t row = begin; row < begin + count; ++row)
      payload.push_back(column.bool_at(row) ? 1 : 0);
  } else {
    payload.append(reinterpret_cast<const char*>(column.words.data() + begin), count * 8);
  }
  pad(payload, '\0');
  if (!column.has_nulls()) return;
  header["valid_at"] = payload.size();
  payload.append(reinterpret_cast<const char*>(column.valid.data() + begin), count);
  pad(payload, '\0');
}

}  // namespace

Result<void> ColumnsWriter::flush() {
  if (held_.empty()) return {};
  sent_ += held_.size();
  const bool listening = write_(held_);
  held_.clear();
  if (!listening) return Error{Errc::unavailable, "query canceled"};
  return {};
}

Result<void> ColumnsWriter::write_frame(std::string header, std::string_view payload) {
  pad(header, ' ');
  append_u32(held_, header.size());
  append_u32(held_, payload.size());
  held_ += header;
  held_ += payload;
  if (held_.size() >= kPieceBytes) return flush();
  return {};
}

Result<void> ColumnsWriter::write_rows(std::string_view name, const Table& table,
                                       const Chunk& chunk, size_t begin, size_t count) {
  payload_.clear();
  OrderedJson columns = OrderedJson::array();
  for (size_t i = 0; i < table.columns().size(); ++i) {
    const ColumnInfo& info = table.columns()[i];
    const Scalar* key = table.key().find(info.label);
    OrderedJson column = {
        {"label", info.label}, {"type", csv_type(info.type)}, {"group", key != nullptr}};
    if (key != nullptr) {
      column["value"] = constant_value(*constant_column(*key, 1));
    } else if (count > 0 && chunk.columns[i]->constant) {
      column["value"] = constant_value(*chunk.columns[i]);
    } else if (count > 0) {
      append_values(*chunk.columns[i], begin, count, payload_, column);
    }
    columns.push_back(std::move(column));
  }
  const OrderedJson header = {
      {"result", name}, {"table", table_id_}, {"rows", count}, {"columns", std::move(columns)}};
  return write_frame(dump_json(header), payload_);
}

Result<void> ColumnsWriter::write_table(ExecContext& context, std::string_view name, Table& table) {
  Chunk chunk;
  bool is_empty = true, more = true;
  while (more) {
    if (format_.points > 0) {
      WEIR_TRY(chunk, collect(context, table));
      if (auto rows = rows_to_draw(table, chunk, format_.points)) chunk = gather(chunk, *rows);
      more = false;
    } else {
      WEIR_TRY(more, table.next(chunk));
      if (!more) break;
    }
    WEIR_CHECK(context.count_rows(chunk.rows));
    for (size_t begin = 0; begin < chunk.rows; begin += kFrameRowsMax) {
      WEIR_CHECK(context.check());
      WEIR_CHECK(
          write_rows(name, table, chunk, begin, std::min(kFrameRowsMax, chunk.rows - begin)));
      is_empty = false;
    }
  }
  if (is_empty) WEIR_CHECK(write_rows(name, table, {}, 0, 0));
  ++table_id_;
  return {};
}

Result<void> ColumnsWriter::write_result(ExecContext& context, std::string_view name,
                                         TableCursor& tables) {
  table_id_ = 0;
  while (true) {
    WEIR_TRY(TablePtr table, tables.next());
    if (table == nullptr) return {};
    WEIR_CHECK(write_table(context, name, *table));
    ++context.statistics.tables;
  }
}

Result<void> ColumnsWriter::write_error(std::string_view message) {
  has_ended_ = true;
  return write_frame(dump_json(OrderedJson{{"error", message}}), {});
}

Result<void> ColumnsWriter::finish() {
  if (!has_ended_) WEIR_CHECK(write_frame(R"({"end":true})", {}));
  return flush();
}

}  // namespace weir::query
