#include "store/engine/chunk_reader.h"

#include <fmt/core.h>
#include <xxhash.h>

#include <cstring>

#include "codec/column_codec.h"
#include "codec/decimal.h"
#include "store/engine/metrics.h"

namespace weir::store {
namespace {

using model::FieldType;

Error damaged(std::string_view what, size_t offset) {
  return {Errc::io, fmt::format("chunk is damaged at offset {}: {}", offset, what)};
}

int64_t after(int64_t time_ns, uint64_t apart) {
  return static_cast<int64_t>(static_cast<uint64_t>(time_ns) + apart);
}

Result<void> decode_values(ByteReader& in, size_t count, FieldRun& run) {
  switch (run.type) {
    case FieldType::float64:
      return codec::decode_double_bits(in, count, run.bits);
    case FieldType::int64:  // its bits are those of an unsigned column
    case FieldType::uint64:
      return codec::decode_uints(in, count, run.bits);
    case FieldType::boolean: {
      std::vector<uint8_t> values;
      WEIR_CHECK(codec::decode_bools(in, count, values));
      run.bits.assign(values.begin(), values.end());
      return {};
    }
    case FieldType::string: {
      auto values = std::make_shared<std::vector<std::string>>();
      WEIR_CHECK(codec::decode_strings(in, count, *values));
      for (const std::string& text : *values) run.bits.push_back(string_bits(text));
      run.keep.push_back(std::move(values));
      return {};
    }
  }
  return {};
}

}  // namespace

Result<ChunkReader> ChunkReader::open(std::string_view bytes) {
  if (bytes.size() <= kChunkChecksumBytes) {
    return damaged("it is too short", bytes.size());
  }
  std::string_view summed = bytes.substr(0, bytes.size() - kChunkChecksumBytes);
  uint64_t checksum = ByteReader(bytes.substr(summed.size())).le<uint64_t>();
  if (checksum != XXH3_64bits(summed.data(), summed.size())) {
    return damaged("its checksum is wrong", 0);
  }
  return read_header(summed);
}

Result<ChunkReader> ChunkReader::open_again(std::string_view bytes) {
  return read_header(bytes.substr(0, bytes.size() - kChunkChecksumBytes));
}

Result<ChunkReader> ChunkReader::read_header(std::string_view summed) {
  ChunkReader chunk;
  chunk.bytes_ = summed;
  ByteReader in(summed);
  chunk.version_ = in.u8();
  if (chunk.version_ == 1) {
    WEIR_CHECK(chunk.read_header_v1(in));
  } else if (chunk.version_ == 2) {
    WEIR_CHECK(chunk.read_header_v2(in));
  } else {
    return damaged(fmt::format("got version {}, wanted at most {}", chunk.version_, kChunkVersion),
                   0);
  }
  return chunk;
}

Result<void> ChunkReader::read_header_v1(ByteReader& in) {
  if (in.u8() != 0) return damaged("its second byte is not 0", 1);
  uint16_t columns = in.le<uint16_t>();
  rows_ = in.le<uint32_t>();
  time_min_ns_ = in.le<int64_t>();
  time_max_ns_ = after(time_min_ns_, in.le<uint64_t>());
  lsn_min_ = in.le<uint64_t>();
  lsn_max_ = in.le<uint64_t>();
  times_bytes_ = in.le<uint32_t>();
  return read_columns(in, columns);
}

Result<void> ChunkReader::read_header_v2(ByteReader& in) {
  is_joined_ = (in.u8() & kChunkIsJoined) != 0;
  uint64_t columns = in.varint();
  rows_ = in.varint();
  time_min_ns_ = in.le<int64_t>();
  unit_ = in.varint();
  time_max_ns_ = time_at(in.varint());
  lsn_max_ = in.varint();
  lsn_min_ = lsn_max_ - in.varint();
  times_bytes_ = in.varint();
  if (times_bytes_ > bytes_.size())
    return damaged("its times are longer than it is", in.position());
  return read_columns(in, columns);
}

Result<void> ChunkReader::read_columns(ByteReader& in, uint64_t count) {
  if (!in.ok() || rows_ == 0 || rows_ > codec::kColumnRowsMax) {
    return damaged("its row count is out of range", 4);
  }
  for (uint64_t i = 0; i < count; i++) WEIR_CHECK(read_column_header(in));
  times_offset_ = in.position();
  size_t offset = times_offset_ + times_bytes_;
  for (ColumnHeader& column : columns_) {
    column.offset = offset;
    offset += column.bytes;
  }
  if (offset != bytes_.size()) return damaged("its columns do not fill it", in.position());
  return {};
}

Result<void> ChunkReader::read_column_header(ByteReader& in) {
  ColumnHeader column;
  uint64_t field = in.varint();
  uint8_t flags = in.u8();
  column.has_gaps = (flags & kColumnHasGaps) != 0;
  bool has_statistics = (flags & kColumnHasStatistics) != 0;
  bool has_times = version_ == 1 || (flags & kColumnHasTimes) != 0;
  uint8_t known_flags = kColumnHasGaps | kColumnHasStatistics;
  if (version_ != 1) known_flags |= kColumnHasTimes;
  auto type = static_cast<uint8_t>(flags & ~known_flags);
  uint64_t count = column.has_gaps ? in.varint() : rows_;
  column.bytes = in.varint();
  column.time_first_ns = time_min_ns_;
  column.time_last_ns = time_max_ns_;
  if (has_times) {
    column.time_first_ns = time_at(in.varint());
    column.time_last_ns = after(time_max_ns_, ~(in.varint() * unit_) + 1);
  }
  if (!in.ok() || field > UINT16_MAX || type < uint8_t(FieldType::float64) ||
      type > uint8_t(FieldType::string) || count == 0 || count > rows_ ||
      column.bytes > bytes_.size()) {
    return damaged("a column's header does not read", in.position());
  }
  column.field = {static_cast<FieldId>(field), static_cast<FieldType>(type)};
  column.count = static_cast<uint32_t>(count);
  if (has_statistics) read_statistics(in, column);
  if (!in.ok()) return damaged("a column's statistics do not read", in.position());
  columns_.push_back(column);
  return {};
}

void ChunkReader::read_statistics(ByteReader& in, ColumnHeader& column) const {
  ColumnStatistics& statistics = column.statistics.emplace();
  bool is_float = column.field.type == FieldType::float64;
  uint8_t digits = 0;
  if (version_ == 1) digits = kStatisticsRaw;
  if (version_ != 1 && is_float) digits = in.u8();
  if (digits == kStatisticsRaw) {
    for (uint64_t* bits : {&statistics.first, &statistics.last, &statistics.min, &statistics.max}) {
      *bits = in.le<uint64_t>();
    }
  } else {
    auto difference = [&] { return static_cast<uint64_t>(in.signed_varint()); };
    statistics.first = difference();
    statistics.last = statistics.first + difference();
    statistics.min = statistics.first - difference();
    statistics.max = statistics.first + difference();
    if (is_float && digits > codec::kDecimalDigitsMax) return in.fail();
    if (is_float) {
      for (uint64_t* bits :
           {&statistics.first, &statistics.last, &statistics.min, &statistics.max}) {
        codec::unscale_decimals(std::span(bits, 1), digits);
      }
    }
  }
  if (version_ == 1 || is_float) {
    statistics.sum = in.le<uint64_t>();
  } else {
    statistics.sum = static_cast<uint64_t>(in.signed_varint()) + column.count * statistics.first;
  }
  statistics.time_of_min_ns = time_at(in.varint());
  statistics.time_of_max_ns = time_at(in.varint());
}

Result<std::vector<int64_t>> ChunkReader::times() const {
  ByteReader in(bytes_.substr(times_offset_, times_bytes_));
  std::vector<int64_t> times;
  Result<void> decoded = codec::decode_times_on(time_axis(), in, rows_, times);
  if (!decoded.ok()) return damaged(decoded.error().message, times_offset_);
  if (!in.at_end()) return damaged("bytes are left after its times", times_offset_);
  return times;
}

std::optional<codec::TimeAxis> ChunkReader::regular_times() const {
  return codec::regular_times_on(time_axis(), bytes_.substr(times_offset_, times_bytes_));
}

Result<void> ChunkReader::first_values(const ColumnHeader& column, std::span<uint64_t> bits) const {
  ByteReader in(bytes_.substr(column.offset, column.bytes));
  chunks_read_total.add(1);
  Result<void> decoded = column.field.type == FieldType::float64
                             ? codec::decode_first_double_bits(in, rows_, bits)
                             : codec::decode_first_uints(in, rows_, bits);
  if (!decoded.ok()) return damaged(decoded.error().message, column.offset);
  if (!in.at_end()) return damaged("bytes are left after a column", column.offset);
  return {};
}

bool ChunkReader::has_regular_times() const {
  return codec::times_are_regular(bytes_.substr(times_offset_, times_bytes_));
}

Result<FieldRun> ChunkReader::run(const ColumnHeader& column,
                                  const std::vector<int64_t>& times) const {
  WEIR_TRY(FieldRun run, run_without_times(column, times));
  if (!column.has_gaps) run.times = times;
  return run;
}

Result<FieldRun> ChunkReader::run(const ColumnHeader& column) const {
  WEIR_TRY(std::vector<int64_t> times, this->times());
  WEIR_TRY(FieldRun run, run_without_times(column, times));
  if (!column.has_gaps) run.times = std::move(times);
  return run;
}

Result<FieldRun> ChunkReader::run_without_times(const ColumnHeader& column,
                                                const std::vector<int64_t>& times) const {
  FieldRun run;
  run.type = column.field.type;
  ByteReader in(bytes_.substr(column.offset, column.bytes));
  chunks_read_total.add(1);
  std::vector<uint8_t> present;
  if (column.has_gaps) {
    Result<void> decoded = codec::decode_bools(in, rows_, present);
    if (!decoded.ok()) return damaged(decoded.error().message, column.offset);
  }
  Result<void> decoded = decode_values(in, column.count, run);
  if (!decoded.ok()) return damaged(decoded.error().message, column.offset);
  if (!in.at_end()) return damaged("bytes are left after a column", column.offset);
  if (!column.has_gaps) return run;
  for (size_t row = 0; row < rows_; row++) {
    if (present[row] != 0) run.times.push_back(times[row]);
  }
  if (run.times.size() != run.bits.size()) {
    return damaged("a column's count does not match its gaps", column.offset);
  }
  return run;
}

}  // namespace weir::store
