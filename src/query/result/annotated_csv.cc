#include "query/result/annotated_csv.h"

#include <cstring>

#include "query/exec/context.h"

namespace weir::query {

namespace {

constexpr size_t kPieceBytes =
    64 * 1024;  // one HTTP chunk: large against its framing, small against a cache

// The spaces of Unicode beyond ASCII, for Go's csv.Writer quotes those too.
bool starts_with_wide_space(std::string_view text) {
  if (text.size() >= 3 && text.starts_with("\xe2\x80")) {
    auto last = static_cast<unsigned char>(text[2]);
    return last <= 0x8a || last == 0xa8 || last == 0xa9 || last == 0xaf;
  }
  for (std::string_view space : {"\u0085", "\u00a0", "\u1680", "\u205f", "\u3000"})
    if (text.starts_with(space)) return true;
  return false;
}

bool needs_quotes(std::string_view text, char delimiter) {
  if (text.empty()) return false;
  unsigned char first = static_cast<unsigned char>(text[0]);
  if (first == ' ' || (first >= '\t' && first <= '\r') || text == "\\.") return true;
  if (first >= 0xc2 && starts_with_wide_space(text)) return true;
  for (char c : text)
    if (c == delimiter || c == '"' || c == '\r' || c == '\n') return true;
  return false;
}

}  // namespace

std::string_view csv_type(ColumnType type) {
  switch (type) {
    case ColumnType::boolean:
      return "boolean";
    case ColumnType::integer:
      return "long";
    case ColumnType::unsigned_integer:
      return "unsignedLong";
    case ColumnType::floating:
      return "double";
    case ColumnType::string:
      return "string";
    case ColumnType::time:
      return "dateTime:RFC3339";
  }
  return "string";
}

AnnotatedCsvWriter::AnnotatedCsvWriter(const CsvDialect& dialect, const WriteBytes& write)
    : dialect_(dialect), write_(write), buffer_(2 * kPieceBytes) {}

Result<void> AnnotatedCsvWriter::flush() {
  if (used_ == 0) return {};
  if (refused_) return Error{Errc::unavailable, "query canceled"};
  std::string_view piece(buffer_.data(), used_);
  sent_ += used_;
  used_ = 0;
  refused_ = !write_(piece);
  if (refused_) return Error{Errc::unavailable, "query canceled"};
  return {};
}

Result<void> AnnotatedCsvWriter::finish() { return flush(); }

Result<void> AnnotatedCsvWriter::reserve(size_t bytes) {
  if (used_ >= kPieceBytes || used_ + bytes > buffer_.size()) WEIR_CHECK(flush());
  if (bytes > buffer_.size()) buffer_.resize(bytes);
  return {};
}

void AnnotatedCsvWriter::append(std::string_view text) {
  if (used_ + text.size() > buffer_.size()) buffer_.resize(2 * (used_ + text.size()));
  std::memcpy(buffer_.data() + used_, text.data(), text.size());
  used_ += text.size();
}

char* AnnotatedCsvWriter::write_text(char* out, std::string_view text) const {
  if (!needs_quotes(text, dialect_.delimiter)) {
    std::memcpy(out, text.data(), text.size());
    return out + text.size();
  }
  *out++ = '"';
  for (char c : text) {
    if (c == '"') *out++ = '"';
    *out++ = c;
  }
  *out++ = '"';
  return out;
}

void AnnotatedCsvWriter::append_field(std::string& out, std::string_view text) const {
  size_t at = out.size();
  out.resize(at + 2 * text.size() + 2);
  char* end = write_text(out.data() + at, text);
  out.resize(static_cast<size_t>(end - out.data()));
}

char* AnnotatedCsvWriter::write_value(char* out, const Column& column, size_t row) {
  if (!column.is_valid(row)) return out;
  switch (column.type) {
    case ColumnType::boolean: {
      std::string_view text = column.bool_at(row) ? "true" : "false";
      std::memcpy(out, text.data(), text.size());
      return out + text.size();
    }
    case ColumnType::integer:
      return write_int(out, column.int_at(row));
    case ColumnType::unsigned_integer:
      return write_uint(out, column.word(row));
    case ColumnType::floating:
      return write_float(out, column.float_at(row));
    case ColumnType::string:
      return write_text(out, column.text(row));
    case ColumnType::time:
      return time_text_.write(out, column.int_at(row));
  }
  return out;
}

void AnnotatedCsvWriter::append_value(std::string& out, const Column& column, size_t row) {
  if (column.type == ColumnType::string) return append_field(out, column.text(row));
  char text[kFloatTextMax];
  out.append(text, static_cast<size_t>(write_value(text, column, row) - text));
}

void AnnotatedCsvWriter::write_header(std::string_view name, const Table& table, bool empty) {
  std::string out;
  if (block_open_) out += "\r\n";
  auto annotation = [&](std::string_view label, std::string_view result, std::string_view id,
                        auto&& cell) {
    out += dialect_.comment_prefix;
    out += label;
    out += dialect_.delimiter;
    append_field(out, result);
    out += dialect_.delimiter;
    out += id;
    for (const ColumnInfo& column : table.columns()) {
      out += dialect_.delimiter;
      cell(column);
    }
    out += "\r\n";
  };
  if (dialect_.annotate_datatype) {
    annotation("datatype", "string", "long",
               [&](const ColumnInfo& column) { out += csv_type(column.type); });
  }
  if (dialect_.annotate_group) {
    annotation("group", "false", "false", [&](const ColumnInfo& column) {
      out += table.key().has(column.label) ? "true" : "false";
    });
  }
  if (dialect_.annotate_default) {
    annotation("default", name, empty ? std::to_string(table_id_) : "",
               [&](const ColumnInfo& column) {
                 const Scalar* value = empty ? table.key().find(column.label) : nullptr;
                 if (value != nullptr && !value->is_null())
                   append_value(out, *constant_column(*value, 1), 0);
               });
  }
  if (dialect_.header) {
    out += dialect_.delimiter;
    out += "result";
    out += dialect_.delimiter;
    out += "table";
    for (const ColumnInfo& column : table.columns()) {
      out += dialect_.delimiter;
      append_field(out, column.label);
    }
    out += "\r\n";
  }
  append(out);
  block_open_ = true;
}

std::vector<AnnotatedCsvWriter::Piece> AnnotatedCsvWriter::pieces_of(const Chunk& chunk,
                                                                     const std::string& row_start) {
  std::vector<Piece> pieces;
  pieces.push_back({nullptr, row_start});
  for (const ColumnPtr& column : chunk.columns) {
    pieces.back().text += dialect_.delimiter;
    if (!column->constant) {
      pieces.push_back({column.get(), ""});
    } else if (column->is_valid(0)) {
      append_value(pieces.back().text, *column, 0);
    }
  }
  pieces.back().text += "\r\n";
  return pieces;
}

Result<void> AnnotatedCsvWriter::write_rows(const Chunk& chunk, const std::string& row_start) {
  std::vector<Piece> pieces = pieces_of(chunk, row_start);
  size_t fixed_bytes = 0;  // a bound on all but text
  bool has_text = false;
  for (const Piece& piece : pieces) {
    fixed_bytes += piece.text.size();
    if (piece.column == nullptr) continue;
    if (piece.column->type == ColumnType::string) {
      has_text = true;
    } else {
      fixed_bytes += piece.column->type == ColumnType::floating ? kFloatTextMax : kTimeTextMax;
    }
  }
  for (size_t row = 0; row < chunk.rows; ++row) {
    size_t bytes = fixed_bytes;
    if (has_text) {
      for (const Piece& piece : pieces)
        if (piece.column != nullptr && piece.column->type == ColumnType::string)
          bytes += 2 * piece.column->text(row).size() + 2;
    }
    WEIR_CHECK(reserve(bytes));
    char* out = buffer_.data() + used_;
    for (const Piece& piece : pieces) {
      if (piece.column != nullptr) out = write_value(out, *piece.column, row);
      std::memcpy(out, piece.text.data(), piece.text.size());
      out += piece.text.size();
    }
    used_ = static_cast<size_t>(out - buffer_.data());
  }
  return {};
}

Result<void> AnnotatedCsvWriter::write_table(ExecContext& context, std::string_view name,
                                             Table& table) {
  Chunk chunk;
  WEIR_TRY(bool more, table.next(chunk));
  bool empty = !more;
  std::vector<bool> in_key;
  for (const ColumnInfo& column : table.columns()) in_key.push_back(table.key().has(column.label));
  if (!block_open_ || empty || in_key != last_in_key_ || table.columns() != last_columns_) {
    write_header(name, table, empty);
    last_columns_ = table.columns();
    last_in_key_ = std::move(in_key);
    if (empty) last_columns_.clear();  // its #default holds for it alone
  }
  std::string row_start(1, dialect_.delimiter);
  if (!dialect_.annotate_default) append_field(row_start, name);
  row_start += dialect_.delimiter;
  row_start += std::to_string(table_id_);
  while (more) {
    WEIR_CHECK(context.count_rows(chunk.rows));
    WEIR_CHECK(write_rows(chunk, row_start));
    WEIR_CHECK(context.check());
    WEIR_TRY(more, table.next(chunk));
  }
  ++table_id_;
  return {};
}

Result<void> AnnotatedCsvWriter::write_result(ExecContext& context, std::string_view name,
                                              TableCursor& tables) {
  block_open_ = false;
  table_id_ = 0;
  last_columns_.clear(), last_in_key_.clear();
  while (true) {
    WEIR_TRY(TablePtr table, tables.next());
    if (table == nullptr) break;
    WEIR_CHECK(reserve(0));
    WEIR_CHECK(write_table(context, name, *table));
    ++context.statistics.tables;
  }
  append("\r\n");
  return {};
}

Result<void> AnnotatedCsvWriter::write_error(std::string_view message) {
  std::string out;
  std::string separator(1, dialect_.delimiter);
  if (bytes() > 0) out += "\r\n";
  auto row = [&](std::string_view first, std::string_view second, std::string_view third) {
    out += first;
    out += separator;
    append_field(out, second);
    out += separator;
    out += third;
    out += "\r\n";
  };
  if (dialect_.annotate_datatype) row(dialect_.comment_prefix + "datatype", "string", "string");
  if (dialect_.annotate_group) row(dialect_.comment_prefix + "group", "true", "true");
  if (dialect_.annotate_default) row(dialect_.comment_prefix + "default", "", "");
  if (dialect_.header) row("", "error", "reference");
  row("", message, "");
  append(out);
  return {};
}

}  // namespace weir::query
