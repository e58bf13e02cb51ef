// Table, TableCursor: what flows between operators. A cursor yields tables; a table has a group
// key, columns and rows, which come in chunks.
//
// Invariants: labels are distinct; a column in the group key holds the key's value in every row;
// all columns of a chunk have its number of rows. Chunks out of the store hold at most
// model::kChunkRowsMax rows; tables that an operator had to build whole come as one chunk. A table
// without rows is "empty", which is not the same as no table. A table is valid until the cursor's
// next() is called; it need not be read to its end.
// Order: sources yield tables by series key, operators keep the order of their input, and operators
// that build new group keys say what they do. One query runs on one thread.
// Failures: any next() may fail; the query then ends with that error.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "query/exec/column.h"

namespace weir::query {

struct ExecContext;

struct ColumnInfo {
  std::string label;
  ColumnType type = ColumnType::string;
  friend bool operator==(const ColumnInfo&, const ColumnInfo&) = default;
};
using Columns = std::vector<ColumnInfo>;

std::optional<size_t> find_column(const Columns& columns, std::string_view label);

// The set of (label, value) that all rows of a table share. The order of entries is that of the
// table's columns and only matters for printing.
class GroupKey {
 public:
  struct Entry {
    std::string label;
    Scalar value;
    friend bool operator==(const Entry&, const Entry&) = default;
  };

  const std::vector<Entry>& entries() const { return entries_; }
  void add(std::string label, Scalar value) {
    entries_.push_back({std::move(label), std::move(value)});
  }
  const Scalar* find(std::string_view label) const;
  bool has(std::string_view label) const { return find(label) != nullptr; }
  void remove(std::string_view label);
  // Equal for equal sets, whatever the order of entries; never equal for others.
  std::string identity() const;

  friend bool operator==(const GroupKey&, const GroupKey&) = default;

 private:
  std::vector<Entry> entries_;
};

// Orders keys by their entries, one after the other: label, then value.
int compare(const GroupKey& a, const GroupKey& b);

struct Chunk {
  size_t rows = 0;
  std::vector<ColumnPtr> columns;
};

class Table {
 public:
  Table(GroupKey key, Columns columns) : key_(std::move(key)), columns_(std::move(columns)) {}
  virtual ~Table() = default;
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  const GroupKey& key() const { return key_; }
  const Columns& columns() const { return columns_; }
  std::optional<size_t> find(std::string_view label) const { return find_column(columns_, label); }

  // Fills `chunk` with the next rows (at least one); false at the end.
  virtual Result<bool> next(Chunk& chunk) = 0;

 private:
  GroupKey key_;
  Columns columns_;
};
using TablePtr = std::unique_ptr<Table>;

class TableCursor {
 public:
  virtual ~TableCursor() = default;
  // Null at the end.
  virtual Result<TablePtr> next() = 0;
};
using CursorPtr = std::unique_ptr<TableCursor>;

// A table that holds its rows; `chunk` may be empty. `charge`: what the table costs besides them.
TablePtr make_table(GroupKey key, Columns columns, Chunk chunk, MemoryCharge charge = {});
// A table of several chunks, given in order.
TablePtr make_table(GroupKey key, Columns columns, std::vector<Chunk> chunks);

// Reads all rows into one chunk.
Result<Chunk> collect(ExecContext& context, Table& table);
Chunk slice(const Chunk& chunk, size_t begin, size_t count);
Chunk gather(const Chunk& chunk, const std::vector<uint32_t>& order);

// One output table for each input table; null drops it.
using PerTable = std::function<Result<TablePtr>(TablePtr)>;
CursorPtr per_table(ExecContext& context, CursorPtr input, PerTable function);

// A table whose chunks are the input's chunks after `function`; it may leave `out` without rows
// (then the next chunk is read) and returns false to end the table there.
using PerChunk = std::function<Result<bool>(const Chunk& in, Chunk& out)>;
TablePtr per_chunk(ExecContext& context, TablePtr input, GroupKey key, Columns columns,
                   PerChunk function);

// Tables that `make` computes as a whole when it is first read.
using MakeTables = std::function<Result<std::vector<TablePtr>>()>;
CursorPtr deferred(MakeTables make);
CursorPtr cursor_of(std::vector<TablePtr> tables);

}  // namespace weir::query
