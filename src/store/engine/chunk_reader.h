// Reads a chunk back: its header at once, its columns when asked.
//
// open() verifies the checksum over the whole chunk and every bound, so that a damaged chunk is an
// error (Errc::io) and never a wrong value. Pure, any thread. Layout: chunk_format.h.
#pragma once

#include <string_view>
#include <vector>

#include "codec/column_codec.h"
#include "store/engine/chunk_format.h"
#include "store/engine/field_run.h"

namespace weir::store {

class ChunkReader {
 public:
  // The bytes are the caller's and stay where they are.
  static Result<ChunkReader> open(std::string_view bytes);
  // The same for bytes that open() has read before.
  static Result<ChunkReader> open_again(std::string_view bytes);

  size_t rows() const { return rows_; }
  int64_t time_min_ns() const { return time_min_ns_; }
  int64_t time_max_ns() const { return time_max_ns_; }
  uint64_t lsn_min() const { return lsn_min_; }
  uint64_t lsn_max() const { return lsn_max_; }
  bool is_joined() const { return is_joined_; }
  const std::vector<ColumnHeader>& columns() const { return columns_; }

  Result<std::vector<int64_t>> times() const;
  // What times() would give: a first time and a step, if it is no more.
  std::optional<codec::TimeAxis> regular_times() const;
  // The first values of a column of numbers without gaps, as many as `bits` takes: two at least, if
  // there are.
  Result<void> first_values(const ColumnHeader& column, std::span<uint64_t> bits) const;
  // True if times() is as cheap as copying its result.
  bool has_regular_times() const;
  // All values of a column, whose times are decoded for it.
  Result<FieldRun> run(const ColumnHeader& column) const;
  // All values of a column; `times` is what times() gave.
  Result<FieldRun> run(const ColumnHeader& column, const std::vector<int64_t>& times) const;

 private:
  // With times only if the column has gaps.
  Result<FieldRun> run_without_times(const ColumnHeader& column,
                                     const std::vector<int64_t>& times) const;
  static Result<ChunkReader> read_header(std::string_view summed);
  codec::TimeAxis time_axis() const {
    return version_ == 1 ? codec::TimeAxis() : codec::TimeAxis{time_min_ns_, unit_};
  }
  Result<void> read_header_v1(ByteReader& in);
  Result<void> read_header_v2(ByteReader& in);
  Result<void> read_columns(ByteReader& in, uint64_t count);
  Result<void> read_column_header(ByteReader& in);
  void read_statistics(ByteReader& in, ColumnHeader& column) const;
  int64_t time_at(uint64_t count) const {
    return static_cast<int64_t>(static_cast<uint64_t>(time_min_ns_) + count * unit_);
  }

  std::string_view bytes_;
  uint8_t version_ = 0;
  bool is_joined_ = false;
  uint64_t unit_ = 1;  // of times in headers
  size_t rows_ = 0;
  int64_t time_min_ns_ = 0, time_max_ns_ = 0;
  uint64_t lsn_min_ = 0, lsn_max_ = 0;
  size_t times_offset_ = 0, times_bytes_ = 0;
  std::vector<ColumnHeader> columns_;
};

}  // namespace weir::store
