// Packed rows: many points as one log record, column by column, a fraction of their size in rows.
//
//   u32 bucket | varint points | varint layouts, each varint n, n x (varint field, u8 type)
//   with more than one layout: light integers, the layout of each point (from 0)
//   light integers: series | light integers: times
//   of each layout and field: light doubles, or light integers; of strings their lengths as light
//   integers, then their bytes end to end
//
// Points keep their order. Layout: docs/format.md#packed-rows; columns: codec/light_column.h.
// PackedRowsEncoder is used by the thread of one write. PackedRows holds a record decoded, for
// RowsDecoder; it takes no more memory than kPackedValuesMax values, whatever the bytes say, and
// fails with Errc::invalid.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "store/engine/log_records.h"

namespace weir::store {

// Fewer points than this are as short in rows, and quicker.
inline constexpr size_t kPackedPointsMin = 16;
// The rows of a light column at most.
inline constexpr size_t kPackedPointsMax = 65'536;
// 8 MiB once they are decoded; more than the points of a record that is closed in time have.
inline constexpr size_t kPackedValuesMax = 1'048'576;

class PackedRowsEncoder {
 public:
  explicit PackedRowsEncoder(BucketNumber bucket) : bucket_(bucket) {}
  // As RowsEncoder's.
  void add_point(SeriesId series, int64_t time_ns, size_t layout_key, const Layout& layout);
  void add_value(const model::FieldValue& value);
  // Bytes of what it holds, before it is packed.
  size_t size() const { return bytes_; }
  bool empty() const { return series_.empty(); }
  bool is_full() const { return series_.size() >= kPackedPointsMax; }
  size_t layouts() const { return tables_.size(); }
  std::string take() const;

 private:
  static constexpr size_t kRowsFirst = 32;
  // The points of a layout: values[field * capacity + row], of strings their lengths.
  struct Table {
    Layout layout;
    size_t rows = 0, capacity = 0;
    std::vector<uint64_t> values;
    std::vector<std::string> texts;  // by field, if any is a string
  };
  static void make_room(Table& table);

  BucketNumber bucket_;
  size_t bytes_ = 0;
  std::vector<Table> tables_;
  std::vector<uint64_t> table_of_, series_, times_;  // by point
  // Where the next value goes.
  Table* table_ = nullptr;
  size_t field_ = 0;
};

class PackedRows {
 public:
  struct Table {
    Layout layout;
    bool is_fixed = false;  // nothing but numbers of 8 bytes
    size_t rows = 0;
    std::vector<uint64_t> values;                      // [field * rows + row]
    std::vector<std::vector<std::string_view>> texts;  // by field, if any is a string
  };

  // Of what follows the bucket's number.
  static Result<PackedRows> read(ByteReader& in);

  size_t points() const { return series_.size(); }
  std::span<const SeriesId> series() const { return series_; }
  int64_t time_ns(size_t point) const { return static_cast<int64_t>(times_[point]); }
  size_t table_of(size_t point) const { return table_of_.empty() ? 0 : table_of_[point]; }
  const std::vector<Table>& tables() const { return tables_; }

 private:
  Result<void> read_layouts(ByteReader& in, size_t points);
  static Result<void> read_column(ByteReader& in, Table& table, size_t field);

  std::vector<Table> tables_;
  std::vector<uint64_t> table_of_, times_;  // by point; the first empty with a single table
  std::vector<SeriesId> series_;
};

}  // namespace weir::store
