#include "query/result/csv_reader.h"

#include <algorithm>
#include <charconv>
#include <memory>
#include <string>

#include "query/exec/context.h"
#include "query/exec/regroup.h"
#include "query/flux/calendar.h"

namespace weir::query {

namespace {

// Tables look columns up one by one; real ones have tens.
constexpr size_t kColumnsMax = 5000;

Error at_line(size_t line, std::string message) {
  return Error{Errc::invalid, "csv: line " + std::to_string(line) + ": " + std::move(message)};
}

struct Record {
  size_t line = 0;  // from 1, of its first character
  std::vector<std::string> fields;
};

// Splits text into records. A line without any character is a record without fields.
class RecordReader {
 public:
  explicit RecordReader(std::string_view text) : text_(text) {}

  // False at the end.
  Result<bool> next(Record& record) {
    record.fields.clear();
    record.line = line_;
    if (at_ >= text_.size()) return false;
    if (at_end_of_line()) return skip_line_end(), true;
    while (true) {
      WEIR_TRY(std::string field, next_field());
      record.fields.push_back(std::move(field));
      if (at_ < text_.size() && text_[at_] == ',') {
        ++at_;
        continue;
      }
      skip_line_end();
      return true;
    }
  }

 private:
  bool at_end_of_line() const {
    return text_[at_] == '\n' ||
           (text_[at_] == '\r' && (at_ + 1 == text_.size() || text_[at_ + 1] == '\n'));
  }
  void skip_line_end() {
    if (at_ < text_.size() && text_[at_] == '\r') ++at_;
    if (at_ < text_.size() && text_[at_] == '\n') ++at_;
    ++line_;
  }
  Result<std::string> next_field() {
    std::string field;
    if (at_ < text_.size() && text_[at_] == '"') return quoted_field();
    while (at_ < text_.size() && text_[at_] != ',' && !at_end_of_line()) field += text_[at_++];
    return field;
  }
  Result<std::string> quoted_field() {
    size_t first_line = line_;
    std::string field;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '\n') ++line_;
      if (text_[at_] != '"') {
        field += text_[at_];
      } else if (at_ + 1 < text_.size() && text_[at_ + 1] == '"') {
        field += '"', ++at_;
      } else {
        ++at_;
        if (at_ < text_.size() && text_[at_] != ',' && !at_end_of_line())
          return at_line(line_, "text after a closing quote");
        return field;
      }
    }
    return at_line(first_line, "a quoted field is not closed");
  }

  std::string_view text_;
  size_t at_ = 0;
  size_t line_ = 1;
};

Result<ColumnType> column_type(const Record& record, const std::string& name) {
  if (name == "boolean") return ColumnType::boolean;
  if (name == "long") return ColumnType::integer;
  if (name == "unsignedLong") return ColumnType::unsigned_integer;
  if (name == "double") return ColumnType::floating;
  if (name == "string" || name == "tag") return ColumnType::string;
  if (name == "dateTime" || name == "dateTime:RFC3339" || name == "dateTime:RFC3339Nano" ||
      name == "time")
    return ColumnType::time;
  return at_line(record.line, "unsupported datatype \"" + name + "\"");
}

template <class T>
bool parse_number(std::string_view text, T& value) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

Result<Scalar> parse_value(size_t line, ColumnType type, const std::string& text) {
  auto wrong = [&] {
    return at_line(line, "cannot read \"" + text + "\" as " + std::string(to_string(type)));
  };
  switch (type) {
    case ColumnType::string:
      return Scalar::of_string(text);
    case ColumnType::boolean:
      // As Go's strconv.ParseBool, and so InfluxDB, reads it.
      for (std::string_view word : {"true", "True", "TRUE", "t", "T", "1"})
        if (text == word) return Scalar::of_bool(true);
      for (std::string_view word : {"false", "False", "FALSE", "f", "F", "0"})
        if (text == word) return Scalar::of_bool(false);
      return wrong();
    case ColumnType::integer: {
      int64_t value = 0;
      if (!parse_number(text, value)) return wrong();
      return Scalar::of_int(value);
    }
    case ColumnType::unsigned_integer: {
      uint64_t value = 0;
      if (!parse_number(text, value)) return wrong();
      return Scalar::of_uint(value);
    }
    case ColumnType::floating: {
      double value = 0;
      if (!parse_number(text, value)) return wrong();
      return Scalar::of_float(value);
    }
    case ColumnType::time: {
      auto time = flux::parse_time(text);
      if (!time.ok()) return wrong();
      auto ns = time->ns();
      if (!ns.ok()) return wrong();
      return Scalar::of_time(*ns);
    }
  }
  return wrong();
}

class AnnotatedReader {
 public:
  AnnotatedReader(ExecContext& context, std::string_view text)
      : context_(context), records_(text) {}

  Result<std::vector<TablePtr>> read() {
    Record record;
    while (true) {
      WEIR_TRY(bool more, records_.next(record));
      if (!more) break;
      if (record.fields.empty()) {
        WEIR_CHECK(end_table());
        continue;
      }
      if (record.fields[0].starts_with('#')) {
        WEIR_CHECK(annotation(record));
      } else if (columns_.empty()) {
        WEIR_CHECK(header(record));
      } else {
        WEIR_CHECK(row(record));
      }
    }
    WEIR_CHECK(end_table());
    return groups_.finish();
  }

 private:
  struct Field {
    ColumnInfo info;
    bool in_key = false;
    std::string fallback;
    size_t index = 0;
  };

  Result<void> annotation(const Record& record) {
    if (!columns_.empty()) {  // a new block
      WEIR_CHECK(end_table());
      columns_.clear(), datatypes_.clear(), groups_row_.clear(), defaults_.clear();
      header_width_ = 0;
    }
    const std::string& name = record.fields[0];
    if (name == "#datatype") {
      datatypes_ = record.fields;
    } else if (name == "#group") {
      groups_row_ = record.fields;
    } else if (name == "#default") {
      defaults_ = record.fields;
    }  // other annotations are comments
    return {};
  }

  Result<void> header(const Record& record) {
    if (datatypes_.empty()) return at_line(record.line, "missing annotation #datatype");
    if (groups_row_.empty()) return at_line(record.line, "missing annotation #group");
    size_t width = record.fields.size();
    if (width > kColumnsMax)
      return at_line(record.line, "more than " + std::to_string(kColumnsMax) + " columns");
    if (datatypes_.size() != width || groups_row_.size() != width ||
        (!defaults_.empty() && defaults_.size() != width))
      return at_line(record.line, "annotations and header differ in their number of columns");
    table_column_ = width;
    for (size_t i = 1; i < width; ++i) {
      const std::string& label = record.fields[i];
      if (label == "result" && i == 1) continue;
      if (label == "table" && i == 2) {
        table_column_ = i;
        continue;
      }
      Field field;
      WEIR_TRY(field.info.type, column_type(record, datatypes_[i]));
      field.info.label = label;
      auto same = [&](const Field& other) { return other.info.label == label; };
      if (std::any_of(columns_.begin(), columns_.end(), same))
        return at_line(record.line, "duplicate column \"" + label + "\"");
      if (groups_row_[i] != "true" && groups_row_[i] != "false")
        return at_line(record.line, "#group must be true or false, was \"" + groups_row_[i] + "\"");
      field.in_key = groups_row_[i] == "true";
      if (!defaults_.empty()) field.fallback = defaults_[i];
      field.index = i;
      columns_.push_back(std::move(field));
    }
    header_width_ = width;
    block_had_table_ = false;
    return {};
  }

  Result<void> row(const Record& record) {
    if (record.fields.size() != header_width_)
      return at_line(record.line, "expected " + std::to_string(header_width_) + " fields, found " +
                                      std::to_string(record.fields.size()));
    std::string table = table_column_ < header_width_ ? record.fields[table_column_] : "";
    if (!open_ || table != table_) {
      if (open_) WEIR_CHECK(end_table());
      table_ = std::move(table);
      open_ = true;
      for (const Field& field : columns_) builders_.emplace_back(field.info.type, &context_.memory);
    }
    for (size_t i = 0; i < columns_.size(); ++i) {
      const Field& field = columns_[i];
      const std::string& text =
          record.fields[field.index].empty() ? field.fallback : record.fields[field.index];
      if (text.empty()) {
        builders_[i].append_null();
        continue;
      }
      WEIR_TRY(Scalar value, parse_value(record.line, field.info.type, text));
      builders_[i].append(value);
    }
    if (++rows_ % 4096 == 0) WEIR_CHECK(context_.check());
    return {};
  }

  Columns columns_info() const {
    Columns columns;
    for (const Field& field : columns_) columns.push_back(field.info);
    return columns;
  }

  // Hands over the rows so far. A block without rows is an empty table, its key in the defaults.
  Result<void> end_table() {
    bool empty_block = !open_ && header_width_ > 0 && !block_had_table_;
    if (columns_.empty() || (!open_ && !empty_block)) return {};
    GroupKey key;
    Chunk chunk;
    if (open_) {
      for (ColumnBuilder& builder : builders_) chunk.columns.push_back(builder.finish());
      chunk.rows = chunk.columns.empty() ? 0 : chunk.columns[0]->rows;
    }
    for (size_t i = 0; i < columns_.size(); ++i) {
      const Field& field = columns_[i];
      if (!field.in_key) continue;
      if (open_) {
        key.add(field.info.label, chunk.columns[i]->at(0));
      } else if (field.fallback.empty()) {
        key.add(field.info.label, Scalar::null_of(field.info.type));
      } else {
        WEIR_TRY(Scalar value, parse_value(0, field.info.type, field.fallback));
        key.add(field.info.label, std::move(value));
      }
    }
    TableGroups::Group& group = groups_.find_or_add(key);
    WEIR_CHECK(group.add_columns(columns_info()));
    if (open_) WEIR_CHECK(group.add_rows(columns_info(), chunk, 0, chunk.rows));
    builders_.clear();
    block_had_table_ = true;
    open_ = false;
    return {};
  }

  ExecContext& context_;
  RecordReader records_;
  std::vector<std::string> datatypes_, groups_row_, defaults_;
  std::vector<Field> columns_;
  size_t header_width_ = 0, table_column_ = 0;
  std::string table_;
  bool open_ = false, block_had_table_ = false;
  std::vector<ColumnBuilder> builders_;
  size_t rows_ = 0;
  TableGroups groups_{context_};
};

}  // namespace

Result<std::vector<TablePtr>> read_annotated_csv(ExecContext& context, std::string_view text) {
  return AnnotatedReader(context, text).read();
}

Result<std::vector<TablePtr>> read_raw_csv(ExecContext& context, std::string_view text) {
  RecordReader records(text);
  Record record;
  WEIR_TRY(bool any, records.next(record));
  std::vector<TablePtr> tables;
  if (!any) return tables;
  Columns columns;
  std::vector<ColumnBuilder> builders;
  if (record.fields.size() > kColumnsMax)
    return at_line(record.line, "more than " + std::to_string(kColumnsMax) + " columns");
  for (const std::string& label : record.fields) {
    if (find_column(columns, label))
      return at_line(record.line, "duplicate column \"" + label + "\"");
    columns.push_back({label, ColumnType::string});
    builders.emplace_back(ColumnType::string, &context.memory);
  }
  Chunk chunk;
  while (true) {
    WEIR_TRY(bool more, records.next(record));
    if (!more) break;
    if (record.fields.empty()) continue;
    if (record.fields.size() != columns.size())
      return at_line(record.line, "expected " + std::to_string(columns.size()) + " fields, found " +
                                      std::to_string(record.fields.size()));
    for (size_t i = 0; i < columns.size(); ++i) builders[i].append_text(record.fields[i]);
    if (++chunk.rows % 4096 == 0) WEIR_CHECK(context.check());
  }
  for (ColumnBuilder& builder : builders) chunk.columns.push_back(builder.finish());
  tables.push_back(make_table(GroupKey(), std::move(columns), std::move(chunk)));
  return tables;
}

}  // namespace weir::query
