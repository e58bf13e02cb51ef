#include "store/engine/chunk_writer.h"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <numeric>

#include "codec/column_codec.h"
#include "codec/decimal.h"
#include "store/engine/column_statistics.h"

namespace weir::store {
namespace {

using model::FieldType;

// One column on a common time axis.
struct Column {
  LayoutField field;
  std::vector<uint64_t> bits;    // one per row; meaningless where absent
  std::vector<uint8_t> present;  // empty: all are
};

struct Table {
  std::vector<int64_t> times;
  std::vector<Column> columns;
};

// Lays runs side by side on the union of their times.
Table align(std::vector<NamedRun>& runs) {
  Table table;
  table.times = runs.front().run.times;
  bool same = std::all_of(runs.begin(), runs.end(),
                          [&](const NamedRun& named) { return named.run.times == table.times; });
  if (!same) {
    for (const NamedRun& named : runs) {
      std::vector<int64_t> both;
      std::set_union(table.times.begin(), table.times.end(), named.run.times.begin(),
                     named.run.times.end(), std::back_inserter(both));
      table.times = std::move(both);
    }
  }
  for (NamedRun& named : runs) {
    Column column{{named.field, named.run.type}, {}, {}};
    if (named.run.rows() == table.times.size()) {
      column.bits = std::move(named.run.bits);
    } else {
      column.bits.resize(table.times.size());
      column.present.resize(table.times.size());
      size_t row = 0;
      for (size_t i = 0; i < named.run.rows(); i++) {
        while (table.times[row] != named.run.times[i]) row++;
        column.bits[row] = named.run.bits[i];
        column.present[row] = 1;
      }
    }
    table.columns.push_back(std::move(column));
  }
  return table;
}

// The rows of a column's slice that have the field.
FieldRun slice(const Table& table, const Column& column, size_t begin, size_t end) {
  FieldRun run;
  run.type = column.field.type;
  if (column.present.empty()) {
    auto first = static_cast<ptrdiff_t>(begin), last = static_cast<ptrdiff_t>(end);
    run.times.assign(table.times.begin() + first, table.times.begin() + last);
    run.bits.assign(column.bits.begin() + first, column.bits.begin() + last);
    return run;
  }
  for (size_t row = begin; row < end; row++) {
    if (column.present[row] != 0) run.push(table.times[row], column.bits[row]);
  }
  return run;
}

template <class T>
std::optional<ColumnStatistics> summarise(const FieldRun& run) {
  ColumnStatistics statistics;
  auto at = [&](size_t row) { return std::bit_cast<T>(run.bits[row]); };
  T min = at(0), max = at(0), sum = 0;
  size_t min_row = 0, max_row = 0;
  for (size_t row = 0; row < run.rows(); row++) {
    T value = at(row);
    if (value != value) return std::nullopt;  // with NaN, min and max depend on the order
    if (value < min) min = value, min_row = row;
    if (value > max) max = value, max_row = row;
    sum += value;
  }
  statistics.first = run.bits.front();
  statistics.last = run.bits.back();
  statistics.min = run.bits[min_row];
  statistics.max = run.bits[max_row];
  statistics.sum = std::bit_cast<uint64_t>(sum);
  statistics.time_of_min_ns = run.times[min_row];
  statistics.time_of_max_ns = run.times[max_row];
  return statistics;
}

}  // namespace

std::optional<ColumnStatistics> statistics_of(const FieldRun& run) {
  if (run.type == FieldType::float64) return summarise<double>(run);
  // Unsigned sums wrap as signed ones do, so the additions of int64 are done as unsigned.
  if (run.type == FieldType::uint64) return summarise<uint64_t>(run);
  if (run.type != FieldType::int64) return std::nullopt;
  std::optional<ColumnStatistics> statistics = summarise<uint64_t>(run);
  auto less = [](uint64_t a, uint64_t b) {
    return static_cast<int64_t>(a) < static_cast<int64_t>(b);
  };
  auto min = std::min_element(run.bits.begin(), run.bits.end(), less);
  auto max = std::max_element(run.bits.begin(), run.bits.end(), less);
  statistics->min = *min, statistics->max = *max;
  statistics->time_of_min_ns = run.times[static_cast<size_t>(min - run.bits.begin())];
  statistics->time_of_max_ns = run.times[static_cast<size_t>(max - run.bits.begin())];
  return statistics;
}

namespace {

template <class T>
std::vector<T> typed(const FieldRun& run) {
  std::vector<T> values(run.rows());
  std::memcpy(values.data(), run.bits.data(), run.rows() * sizeof(T));
  return values;
}

void encode_values(const FieldRun& run, codec::Effort effort, std::string& out) {
  switch (run.type) {
    case FieldType::float64:
      return codec::encode_doubles(typed<double>(run), effort, out);
    case FieldType::int64:
      return codec::encode_ints(typed<int64_t>(run), effort, out);
    case FieldType::uint64:
      return codec::encode_uints(run.bits, effort, out);
    case FieldType::boolean: {
      std::vector<uint8_t> values(run.bits.begin(), run.bits.end());
      return codec::encode_bools(values, out);
    }
    case FieldType::string: {
      std::vector<std::string_view> values;
      for (uint64_t bits : run.bits) values.push_back(string_of(bits));
      return codec::encode_strings(values, out);
    }
  }
}

uint64_t apart(int64_t low, int64_t high) {
  return static_cast<uint64_t>(high) - static_cast<uint64_t>(low);
}

// What all of a slice's times count in: the greatest common divisor of their distances.
uint64_t unit_of(std::span<const int64_t> times) {
  uint64_t unit = 0, last_step = 0;
  for (size_t i = 1; i < times.size() && unit != 1; i++) {
    uint64_t step = apart(times[i - 1], times[i]);
    if (step != last_step) unit = std::gcd(unit, step);
    last_step = step;
  }
  return std::max<uint64_t>(unit, 1);
}

// The slice's time axis, as its headers count.
struct Axis {
  int64_t min_ns = 0, max_ns = 0;
  uint64_t unit = 1;
  uint64_t count(int64_t low, int64_t high) const { return apart(low, high) / unit; }
};

// The fewest digits with which all four are decimals, or kStatisticsRaw.
uint8_t digits_of(const ColumnStatistics& statistics, std::array<int64_t, 4>& scaled) {
  const uint64_t bits[] = {statistics.first, statistics.last, statistics.min, statistics.max};
  for (unsigned digits = 0; digits <= codec::kDecimalDigitsMax; digits++) {
    bool all = true;
    for (size_t i = 0; all && i < scaled.size(); i++) {
      all = codec::scale_decimal(std::bit_cast<double>(bits[i]), digits, scaled[i]);
    }
    if (all) return static_cast<uint8_t>(digits);
  }
  return kStatisticsRaw;
}

void write_statistics(ByteWriter& out, const FieldRun& run, const ColumnStatistics& statistics,
                      const Axis& axis) {
  std::array<int64_t, 4> values = {
      static_cast<int64_t>(statistics.first), static_cast<int64_t>(statistics.last),
      static_cast<int64_t>(statistics.min), static_cast<int64_t>(statistics.max)};
  bool is_float = run.type == FieldType::float64;
  uint8_t digits = is_float ? digits_of(statistics, values) : uint8_t(0);
  if (is_float) out.u8(digits);
  if (digits == kStatisticsRaw) {
    for (uint64_t bits : {statistics.first, statistics.last, statistics.min, statistics.max}) {
      out.le(bits);
    }
  } else {
    auto [first, last, min, max] = values;
    out.signed_varint(first);
    out.signed_varint(static_cast<int64_t>(apart(first, last)));
    out.signed_varint(static_cast<int64_t>(apart(min, first)));
    out.signed_varint(static_cast<int64_t>(apart(first, max)));
  }
  if (is_float) {
    out.le(statistics.sum);
  } else {
    out.signed_varint(static_cast<int64_t>(statistics.sum - run.rows() * statistics.first));
  }
  out.varint(axis.count(axis.min_ns, statistics.time_of_min_ns));
  out.varint(axis.count(axis.min_ns, statistics.time_of_max_ns));
}

void write_column_header(ByteWriter& out, const FieldRun& run, LayoutField field, bool has_gaps,
                         size_t bytes, const Axis& axis) {
  std::optional<ColumnStatistics> statistics;
  if (run.rows() >= kStatisticsRows) statistics = statistics_of(run);
  bool has_times = run.times.front() != axis.min_ns || run.times.back() != axis.max_ns;
  out.varint(field.field);
  out.u8(static_cast<uint8_t>(static_cast<unsigned>(field.type) | (has_gaps ? kColumnHasGaps : 0u) |
                              (statistics ? kColumnHasStatistics : 0u) |
                              (has_times ? kColumnHasTimes : 0u)));
  if (has_gaps) out.varint(run.rows());
  out.varint(bytes);
  if (has_times) {
    out.varint(axis.count(axis.min_ns, run.times.front()));
    out.varint(axis.count(run.times.back(), axis.max_ns));
  }
  if (statistics) write_statistics(out, run, *statistics, axis);
}

// The end of the rows from `begin`, at most `end`, whose texts fit into a chunk; at least one row.
size_t fitting_end(const Table& table, size_t begin, size_t end) {
  size_t bytes = 0;
  for (size_t row = begin; row < end; row++) {
    for (const Column& column : table.columns) {
      bool is_text = column.field.type == FieldType::string &&
                     (column.present.empty() || column.present[row] != 0);
      if (is_text) bytes += string_of(column.bits[row]).size();
    }
    if (bytes > kChunkTextBytes && row > begin) return row;
  }
  return end;
}

bool has_texts(const Table& table) {
  return std::any_of(table.columns.begin(), table.columns.end(),
                     [](const Column& column) { return column.field.type == FieldType::string; });
}

std::string encode_slice(const Table& table, size_t begin, size_t end, uint64_t lsn_min,
                         uint64_t lsn_max, bool is_joined) {
  std::span<const int64_t> times = std::span(table.times).subspan(begin, end - begin);
  Axis axis{times.front(), times.back(), unit_of(times)};
  codec::Effort effort = is_joined ? codec::Effort::thorough : codec::Effort::quick;
  std::string headers, data;
  ByteWriter header_out(headers);
  uint16_t columns = 0;
  for (const Column& column : table.columns) {
    FieldRun run = slice(table, column, begin, end);
    if (run.rows() == 0) continue;
    columns++;
    bool has_gaps = run.rows() < end - begin;
    size_t before = data.size();
    if (has_gaps) {
      codec::encode_bools(std::span(column.present).subspan(begin, end - begin), data);
    }
    encode_values(run, effort, data);
    write_column_header(header_out, run, column.field, has_gaps, data.size() - before, axis);
  }
  std::vector<int64_t> counts;
  counts.reserve(times.size());
  for (int64_t time_ns : times) {
    counts.push_back(static_cast<int64_t>(axis.count(axis.min_ns, time_ns)));
  }
  std::string encoded_times;
  codec::encode_times(counts, effort, encoded_times);
  std::string value;
  ByteWriter out(value);
  out.u8(kChunkVersion);
  out.u8(is_joined ? kChunkIsJoined : uint8_t(0));
  out.varint(columns);
  out.varint(times.size());
  out.le(axis.min_ns);
  out.varint(axis.unit);
  out.varint(axis.count(axis.min_ns, axis.max_ns));
  out.varint(lsn_max);
  out.varint(lsn_max - lsn_min);
  out.varint(encoded_times.size());
  out.bytes(headers);
  out.bytes(encoded_times);
  out.bytes(data);
  out.le(static_cast<uint64_t>(XXH3_64bits(value.data(), value.size())));
  return value;
}

}  // namespace

std::vector<EncodedChunk> encode_chunks(ChunkKey key, std::vector<NamedRun> runs, uint64_t lsn_min,
                                        uint64_t lsn_max, const ChunkShape& shape) {
  std::map<uint16_t, std::vector<NamedRun>> column_groups;
  for (NamedRun& named : runs) {
    column_groups[static_cast<uint16_t>(named.field >> kColumnGroupShift)].push_back(
        std::move(named));
  }
  std::vector<EncodedChunk> chunks;
  key.lsn = lsn_max;
  for (auto& [number, members] : column_groups) {
    std::sort(members.begin(), members.end(),
              [](const NamedRun& a, const NamedRun& b) { return a.field < b.field; });
    Table table = align(members);
    key.column_group = number;
    size_t rows = table.times.size();
    bool limits_texts = has_texts(table);
    for (size_t begin = 0; begin < rows;) {
      size_t end = rows - begin <= shape.rows + shape.rest ? rows : begin + shape.rows;
      if (limits_texts) end = fitting_end(table, begin, end);
      key.time_min_ns = table.times[begin];
      chunks.push_back({key, encode_slice(table, begin, end, lsn_min, lsn_max, shape.is_joined)});
      begin = end;
    }
  }
  return chunks;
}

}  // namespace weir::store
