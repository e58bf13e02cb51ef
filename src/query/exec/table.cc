#include "query/exec/table.h"

#include <algorithm>

#include "query/exec/context.h"

namespace weir::query {

Result<void> ExecContext::check(size_t more_bytes) const {
  if (canceled != nullptr && canceled->load(std::memory_order_relaxed))
    return Error{Errc::unavailable, "query canceled"};
  if (memory.used + more_bytes > memory.limit)
    return Error{Errc::too_large, "query needs more memory than it may use: limit " +
                                      std::to_string(memory.limit) + " bytes"};
  if (clock.steady_ms() > deadline_ms)
    return Error{Errc::unavailable, "query took longer than it may: deadline exceeded"};
  return {};
}

Result<void> ExecContext::count_rows(size_t rows) {
  if (rows_max != 0 && statistics.rows_written + rows > rows_max)
    return Error{Errc::too_large,
                 "the answer has more rows than it may: limit " + std::to_string(rows_max)};
  statistics.rows_written += rows;
  return {};
}

std::optional<size_t> find_column(const Columns& columns, std::string_view label) {
  for (size_t i = 0; i < columns.size(); ++i)
    if (columns[i].label == label) return i;
  return std::nullopt;
}

const Scalar* GroupKey::find(std::string_view label) const {
  for (const Entry& entry : entries_)
    if (entry.label == label) return &entry.value;
  return nullptr;
}

void GroupKey::remove(std::string_view label) {
  std::erase_if(entries_, [&](const Entry& entry) { return entry.label == label; });
}

std::string GroupKey::identity() const {
  std::vector<const Entry*> sorted;
  for (const Entry& entry : entries_) sorted.push_back(&entry);
  std::sort(sorted.begin(), sorted.end(),
            [](const Entry* a, const Entry* b) { return a->label < b->label; });
  std::string out;
  auto add_text = [&](std::string_view text) {
    out += std::to_string(text.size());
    out += ':';
    out += text;
  };
  for (const Entry* entry : sorted) {
    add_text(entry->label);
    out += static_cast<char>('a' + static_cast<int>(entry->value.type()));
    if (entry->value.is_null()) {
      out += '-';
    } else if (entry->value.type() == ColumnType::string) {
      add_text(entry->value.text());
    } else {
      out += std::to_string(entry->value.word());
      out += ';';
    }
  }
  return out;
}

int compare(const GroupKey& a, const GroupKey& b) {
  size_t common = std::min(a.entries().size(), b.entries().size());
  for (size_t i = 0; i < common; ++i) {
    const auto &x = a.entries()[i], &y = b.entries()[i];
    if (int order = x.label.compare(y.label); order != 0) return order;
    if (int order = compare(x.value, y.value); order != 0) return order;
  }
  return static_cast<int>(a.entries().size()) - static_cast<int>(b.entries().size());
}

namespace {

class HeldTable final : public Table {
 public:
  HeldTable(GroupKey key, Columns columns, std::vector<Chunk> chunks, MemoryCharge charge)
      : Table(std::move(key), std::move(columns)),
        chunks_(std::move(chunks)),
        charge_(std::move(charge)) {}
  Result<bool> next(Chunk& chunk) override {
    while (at_ < chunks_.size()) {
      chunk = std::move(chunks_[at_++]);
      if (chunk.rows > 0) return true;
    }
    return false;
  }

 private:
  std::vector<Chunk> chunks_;
  MemoryCharge charge_;
  size_t at_ = 0;
};

class PerTableCursor final : public TableCursor {
 public:
  PerTableCursor(ExecContext& context, CursorPtr input, PerTable function)
      : context_(context), input_(std::move(input)), function_(std::move(function)) {}
  Result<TablePtr> next() override {
    while (true) {
      WEIR_CHECK(context_.check());
      WEIR_TRY(TablePtr table, input_->next());
      if (table == nullptr) return TablePtr();
      WEIR_TRY(TablePtr out, function_(std::move(table)));
      if (out != nullptr) return out;
    }
  }

 private:
  ExecContext& context_;
  CursorPtr input_;
  PerTable function_;
};

class PerChunkTable final : public Table {
 public:
  PerChunkTable(ExecContext& context, TablePtr input, GroupKey key, Columns columns,
                PerChunk function)
      : Table(std::move(key), std::move(columns)),
        context_(context),
        input_(std::move(input)),
        function_(std::move(function)) {}
  Result<bool> next(Chunk& chunk) override {
    Chunk in;
    while (!ended_) {
      WEIR_CHECK(context_.check());
      WEIR_TRY(bool more, input_->next(in));
      if (!more) break;
      chunk = Chunk();
      WEIR_TRY(bool goes_on, function_(in, chunk));
      ended_ = !goes_on;
      if (chunk.rows > 0) return true;
    }
    ended_ = true;
    return false;
  }

 private:
  ExecContext& context_;
  TablePtr input_;
  PerChunk function_;
  bool ended_ = false;
};

class DeferredCursor final : public TableCursor {
 public:
  explicit DeferredCursor(MakeTables make) : make_(std::move(make)) {}
  Result<TablePtr> next() override {
    if (make_) {
      WEIR_TRY(tables_, make_());
      make_ = nullptr;
    }
    if (at_ == tables_.size()) return TablePtr();
    return std::move(tables_[at_++]);
  }

 private:
  MakeTables make_;
  std::vector<TablePtr> tables_;
  size_t at_ = 0;
};

}  // namespace

TablePtr make_table(GroupKey key, Columns columns, Chunk chunk, MemoryCharge charge) {
  std::vector<Chunk> chunks;
  chunks.push_back(std::move(chunk));
  return std::make_unique<HeldTable>(std::move(key), std::move(columns), std::move(chunks),
                                     std::move(charge));
}

TablePtr make_table(GroupKey key, Columns columns, std::vector<Chunk> chunks) {
  return std::make_unique<HeldTable>(std::move(key), std::move(columns), std::move(chunks),
                                     MemoryCharge());
}

Result<Chunk> collect(ExecContext& context, Table& table) {
  Chunk first;
  WEIR_TRY(bool any, table.next(first));
  size_t width = table.columns().size();
  if (!any) {
    for (const ColumnInfo& info : table.columns())
      first.columns.push_back(ColumnBuilder(info.type).finish());
    first.columns.resize(width);
    first.rows = 0;
    return first;
  }
  Chunk chunk;
  WEIR_TRY(bool more, table.next(chunk));
  if (!more) return first;

  std::vector<ColumnBuilder> builders;
  for (const ColumnInfo& info : table.columns()) builders.emplace_back(info.type, &context.memory);
  std::vector<bool> in_key;  // their columns stay constant
  for (const ColumnInfo& info : table.columns()) in_key.push_back(table.key().has(info.label));
  Chunk out;
  auto add = [&](const Chunk& part) {
    for (size_t i = 0; i < width; ++i)
      if (!in_key[i]) builders[i].append_rows(part.columns[i], 0, part.rows);
    out.rows += part.rows;
  };
  add(first);
  while (more) {
    add(chunk);
    WEIR_CHECK(context.check());
    WEIR_TRY(more, table.next(chunk));
  }
  for (size_t i = 0; i < width; ++i) {
    out.columns.push_back(
        in_key[i] ? constant_column(*table.key().find(table.columns()[i].label), out.rows)
                  : builders[i].finish());
  }
  return out;
}

Chunk slice(const Chunk& chunk, size_t begin, size_t count) {
  Chunk out;
  out.rows = count;
  for (const ColumnPtr& column : chunk.columns) out.columns.push_back(slice(column, begin, count));
  return out;
}

Chunk gather(const Chunk& chunk, const std::vector<uint32_t>& order) {
  Chunk out;
  out.rows = order.size();
  for (const ColumnPtr& column : chunk.columns) out.columns.push_back(gather(column, order));
  return out;
}

CursorPtr per_table(ExecContext& context, CursorPtr input, PerTable function) {
  return std::make_unique<PerTableCursor>(context, std::move(input), std::move(function));
}

TablePtr per_chunk(ExecContext& context, TablePtr input, GroupKey key, Columns columns,
                   PerChunk function) {
  return std::make_unique<PerChunkTable>(context, std::move(input), std::move(key),
                                         std::move(columns), std::move(function));
}

CursorPtr deferred(MakeTables make) { return std::make_unique<DeferredCursor>(std::move(make)); }

CursorPtr cursor_of(std::vector<TablePtr> tables) {
  auto held = std::make_shared<std::vector<TablePtr>>(std::move(tables));
  return deferred([held]() -> Result<std::vector<TablePtr>> { return std::move(*held); });
}

}  // namespace weir::query
