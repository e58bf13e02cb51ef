// Operators that change the columns of tables, and so perhaps their group keys.
//
// A Relabel says, for one table, which columns come out, where each comes from, and the new key.
// Tables whose keys stay as they were pass chunk by chunk; the others are collected, and those that
// now share a key become one. With `any_may_merge` all are collected: dropping a column can make
// the key of one table equal to that of another that never had the column.
#pragma once

#include <functional>
#include <vector>

#include "query/exec/table.h"

namespace weir::query {

struct Relabel {
  struct Out {
    ColumnInfo info;
    std::optional<size_t> from;  // index of the input column; else `value` in every row
    Scalar value;
  };
  std::vector<Out> columns;
  GroupKey key;

  // As they are.
  static Relabel same(const Table& table);
  void remove(std::string_view label);
};
using MakeRelabel = std::function<Result<Relabel>(const Table&)>;

CursorPtr relabel(ExecContext& context, CursorPtr input, bool any_may_merge, MakeRelabel make);

}  // namespace weir::query
