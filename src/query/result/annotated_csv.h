// AnnotatedCsvWriter: results as InfluxDB's annotated CSV, written while the tables are read.
//
// A result is a list of tables; a block of annotation rows and a header is written when the columns
// or the group key's labels change, and for an empty table, whose key goes into #default. Tables
// are numbered from 0 within a result. Every line ends with CRLF, every result with an empty line.
// Bytes are handed over in pieces of about kPieceBytes; until the first has left, nothing is
// committed and an error can still be answered otherwise.
// Used by query::Engine, on the query's thread. Fails when a table fails or when nobody listens.
// Spec: InfluxDB "Annotated CSV", RFC 4180.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "query/exec/table.h"
#include "query/query.h"
#include "query/result/number_text.h"
#include "query/result/result_writer.h"

namespace weir::query {

class AnnotatedCsvWriter final : public ResultWriter {
 public:
  // `write` outlives the writer.
  AnnotatedCsvWriter(const CsvDialect& dialect, const WriteBytes& write);

  Result<void> write_result(ExecContext& context, std::string_view name,
                            TableCursor& tables) override;
  // As a table of its own.
  Result<void> write_error(std::string_view message) override;
  Result<void> finish() override;

  bool anything_sent() const override { return sent_ > 0; }
  uint64_t bytes() const override { return sent_ + used_; }

 private:
  // What is the same in each row of a chunk, or a column that is not.
  struct Piece {
    const Column* column = nullptr;  // null: `text` alone
    std::string text;                // follows the column's value
  };

  void write_header(std::string_view name, const Table& table, bool empty);
  Result<void> write_table(ExecContext& context, std::string_view name, Table& table);
  Result<void> write_rows(const Chunk& chunk, const std::string& row_start);
  void append(std::string_view text);
  void append_field(std::string& out, std::string_view text) const;
  void append_value(std::string& out, const Column& column, size_t row);
  char* write_text(char* out, std::string_view text) const;
  char* write_value(char* out, const Column& column, size_t row);
  std::vector<Piece> pieces_of(const Chunk& chunk, const std::string& row_start);
  Result<void> reserve(size_t bytes);
  Result<void> flush();

  const CsvDialect dialect_;
  const WriteBytes& write_;
  std::vector<char> buffer_;
  size_t used_ = 0;
  uint64_t sent_ = 0;
  bool refused_ = false;  // nobody listens any more
  TimeText time_text_;
  bool block_open_ = false;  // a header was written in this result
  Columns last_columns_;
  std::vector<bool> last_in_key_;
  uint64_t table_id_ = 0;
};

// As #datatype spells it: long, double, dateTime:RFC3339 ...
std::string_view csv_type(ColumnType type);

}  // namespace weir::query
