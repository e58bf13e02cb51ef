// TableGroups: collects rows under new group keys; rows whose keys are equal become one table.
//
// The columns of such a table are the union of its inputs' in first-seen order, null where an input
// had no such column; one label with two types is Errc::invalid (schema collision). Rows keep the
// order in which they were added. Columns of the key are not stored row by row.
// Rows and tables count against the query's memory; callers check() it between runs of rows.
// Used by every operator that changes group keys.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "query/exec/table.h"

namespace weir::query {

class TableGroups {
 public:
  explicit TableGroups(ExecContext& context) : context_(context) {}

  // The table of a key; adds it without columns if it is new. Stays valid.
  class Group;
  Group& find_or_add(const GroupKey& key);

  bool empty() const { return groups_.empty(); }
  // All tables, in the order their keys were first seen, or sorted by key.
  std::vector<TablePtr> finish(bool sorted_by_key = false);

  ~TableGroups();

 private:
  ExecContext& context_;
  std::vector<std::unique_ptr<Group>> groups_;
  std::unordered_map<std::string, Group*> by_identity_;
};

class TableGroups::Group {
 public:
  Group(ExecContext& context, GroupKey key);

  const GroupKey& key() const { return key_; }
  size_t rows() const { return rows_; }
  // Makes sure that the table has these columns (an empty table keeps its schema).
  Result<void> add_columns(const Columns& columns);
  // Adds rows [begin, begin + count) of a chunk with these columns.
  Result<void> add_rows(const Columns& columns, const Chunk& chunk, size_t begin, size_t count);
  TablePtr finish();

 private:
  ExecContext& context_;
  GroupKey key_;
  Columns columns_;
  std::vector<ColumnBuilder> builders_;  // unused for columns of the key
  std::vector<bool> in_key_;
  size_t rows_ = 0;
  MemoryCharge overhead_;
};

// Passes all rows of `table` to the group of `key`, its columns renamed to `columns` (the same
// number, in the same order).
Result<void> add_table(ExecContext& context, TableGroups& groups, const GroupKey& key,
                       const Columns& columns, Table& table);

}  // namespace weir::query
