#include "query/exec/regroup.h"

#include <algorithm>

#include "query/exec/context.h"

namespace weir::query {

namespace {

// What a group costs besides its rows: a million groups of one row are mostly this.
size_t overhead_bytes(size_t columns) {
  constexpr size_t kKeyBytes = 200;     // the group, its key and its place in the index
  constexpr size_t kColumnBytes = 300;  // name, entry of the key, the column itself
  return kKeyBytes + columns * (kColumnBytes + sizeof(ColumnBuilder));
}

}  // namespace

TableGroups::Group::Group(ExecContext& context, GroupKey key)
    : context_(context), key_(std::move(key)), overhead_(&context.memory, overhead_bytes(0)) {}

TableGroups::~TableGroups() = default;

TableGroups::Group& TableGroups::find_or_add(const GroupKey& key) {
  auto [at, added] = by_identity_.try_emplace(key.identity(), nullptr);
  if (added) {
    groups_.push_back(std::make_unique<Group>(context_, key));
    at->second = groups_.back().get();
  }
  return *at->second;
}

std::vector<TablePtr> TableGroups::finish(bool sorted_by_key) {
  if (sorted_by_key) {
    std::stable_sort(groups_.begin(), groups_.end(),
                     [](const auto& a, const auto& b) { return compare(a->key(), b->key()) < 0; });
  }
  std::vector<TablePtr> tables;
  tables.reserve(groups_.size());
  for (auto& group : groups_) tables.push_back(group->finish());
  groups_.clear(), by_identity_.clear();
  return tables;
}

Result<void> TableGroups::Group::add_columns(const Columns& columns) {
  for (const ColumnInfo& column : columns) {
    std::optional<size_t> at = find_column(columns_, column.label);
    if (!at) {
      bool in_key = key_.has(column.label);
      columns_.push_back(column);
      in_key_.push_back(in_key);
      builders_.emplace_back(column.type, &context_.memory);
      for (size_t row = 0; row < rows_ && !in_key; ++row) builders_.back().append_null();
    } else if (columns_[*at].type != column.type) {
      return Error{Errc::invalid, "schema collision detected: column \"" + column.label +
                                      "\" is both of type " +
                                      std::string(to_string(columns_[*at].type)) + " and " +
                                      std::string(to_string(column.type))};
    }
  }
  overhead_ = MemoryCharge(&context_.memory, overhead_bytes(columns_.size()));
  return {};
}

Result<void> TableGroups::Group::add_rows(const Columns& columns, const Chunk& chunk, size_t begin,
                                          size_t count) {
  bool same = columns.size() == columns_.size();
  for (size_t i = 0; same && i < columns.size(); ++i) same = columns[i] == columns_[i];
  if (same) {
    for (size_t i = 0; i < columns_.size(); ++i)
      if (!in_key_[i]) builders_[i].append_rows(chunk.columns[i], begin, count);
    rows_ += count;
    return {};
  }
  WEIR_CHECK(add_columns(columns));
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (in_key_[i]) continue;
    std::optional<size_t> from = find_column(columns, columns_[i].label);
    if (from) {
      builders_[i].append_rows(chunk.columns[*from], begin, count);
    } else {
      for (size_t row = 0; row < count; ++row) builders_[i].append_null();
    }
  }
  rows_ += count;
  return {};
}

TablePtr TableGroups::Group::finish() {
  Chunk chunk;
  chunk.rows = rows_;
  for (size_t i = 0; i < columns_.size(); ++i) {
    chunk.columns.push_back(in_key_[i] ? constant_column(*key_.find(columns_[i].label), rows_)
                                       : builders_[i].finish());
  }
  // A key column that no input had is not a column of the table.
  GroupKey key;
  for (const ColumnInfo& column : columns_)
    if (const Scalar* value = key_.find(column.label)) key.add(column.label, *value);
  return make_table(std::move(key), std::move(columns_), std::move(chunk), std::move(overhead_));
}

Result<void> add_table(ExecContext& context, TableGroups& groups, const GroupKey& key,
                       const Columns& columns, Table& table) {
  TableGroups::Group& group = groups.find_or_add(key);
  WEIR_CHECK(group.add_columns(columns));
  Chunk chunk;
  while (true) {
    WEIR_TRY(bool more, table.next(chunk));
    if (!more) return {};
    WEIR_CHECK(context.check());
    WEIR_CHECK(group.add_rows(columns, chunk, 0, chunk.rows));
  }
}

}  // namespace weir::query
