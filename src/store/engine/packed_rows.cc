#include "store/engine/packed_rows.h"

#include <algorithm>
#include <utility>

#include "codec/light_column.h"

namespace weir::store {
namespace {

using model::FieldType;

Error malformed() { return {Errc::invalid, "malformed packed rows record"}; }

bool is_fixed_type(FieldType type) { return type <= FieldType::uint64; }

}  // namespace

void PackedRowsEncoder::make_room(Table& table) {
  const size_t capacity = std::max(kRowsFirst, table.capacity * 2);
  std::vector<uint64_t> values(table.layout.size() * capacity);
  for (size_t field = 0; field < table.layout.size(); field++) {
    std::copy_n(table.values.begin() + static_cast<ptrdiff_t>(field * table.capacity), table.rows,
                values.begin() + static_cast<ptrdiff_t>(field * capacity));
  }
  table.values = std::move(values);
  table.capacity = capacity;
}

void PackedRowsEncoder::add_point(SeriesId series, int64_t time_ns, size_t layout_key,
                                  const Layout& layout) {
  if (layout_key >= tables_.size()) {
    Table& table = tables_.emplace_back();
    table.layout = layout;
    for (const LayoutField& field : layout) {
      if (field.type == FieldType::string) table.texts.resize(layout.size());
    }
  }
  table_ = &tables_[layout_key];
  if (table_->rows == table_->capacity) make_room(*table_);
  table_->rows++;
  field_ = 0;
  table_of_.push_back(layout_key);
  series_.push_back(series);
  times_.push_back(static_cast<uint64_t>(time_ns));
  bytes_ += (layout.size() + 2) * sizeof(uint64_t);
}

void PackedRowsEncoder::add_value(const model::FieldValue& value) {
  uint64_t& cell = table_->values[field_ * table_->capacity + table_->rows - 1];
  if (value.type() == FieldType::string) {
    const std::string_view text = value.as_string();
    table_->texts[field_] += text;
    bytes_ += text.size();
    cell = text.size();
  } else {
    cell = value.bits();
  }
  field_++;
}

std::string PackedRowsEncoder::take() const {
  std::string body;
  ByteWriter out(body);
  out.le(bucket_);
  out.varint(series_.size());
  out.varint(tables_.size());
  for (const Table& table : tables_) {
    out.varint(table.layout.size());
    for (const LayoutField& field : table.layout) {
      out.varint(field.field);
      out.u8(static_cast<uint8_t>(field.type));
    }
  }
  if (tables_.size() > 1) codec::append_light_integers(table_of_, body);
  codec::append_light_integers(series_, body);
  codec::append_light_integers(times_, body);
  for (const Table& table : tables_) {
    for (size_t field = 0; field < table.layout.size(); field++) {
      std::span<const uint64_t> values(table.values.data() + field * table.capacity, table.rows);
      if (table.layout[field].type == FieldType::float64) {
        codec::append_light_doubles(values, body);
      } else {
        codec::append_light_integers(values, body);
      }
      if (table.layout[field].type == FieldType::string) body += table.texts[field];
    }
  }
  return body;
}

Result<PackedRows> PackedRows::read(ByteReader& in) {
  PackedRows rows;
  const uint64_t points = in.varint();
  if (!in.ok() || points == 0 || points > kPackedPointsMax) return malformed();
  WEIR_CHECK(rows.read_layouts(in, points));
  std::vector<uint64_t> ids(points);
  WEIR_CHECK(codec::read_light_integers(in, ids));
  rows.series_.resize(points);
  for (size_t i = 0; i < points; i++) {
    if (ids[i] > UINT32_MAX) return malformed();
    rows.series_[i] = static_cast<SeriesId>(ids[i]);
  }
  rows.times_.resize(points);
  WEIR_CHECK(codec::read_light_integers(in, rows.times_));
  size_t values = 0;
  for (const Table& table : rows.tables_) values += table.rows * table.layout.size();
  if (values > kPackedValuesMax) return malformed();
  for (Table& table : rows.tables_) {
    table.values.resize(table.rows * table.layout.size());
    for (size_t field = 0; field < table.layout.size(); field++) {
      WEIR_CHECK(read_column(in, table, field));
    }
  }
  if (!in.at_end()) return malformed();
  return rows;
}

Result<void> PackedRows::read_layouts(ByteReader& in, size_t points) {
  const uint64_t layouts = in.varint();
  if (!in.ok() || layouts == 0 || layouts > points) return malformed();
  for (uint64_t i = 0; i < layouts; i++) {
    const uint64_t fields = in.varint();
    if (!in.ok() || fields == 0 || fields > in.remaining()) return malformed();
    Table& table = tables_.emplace_back();
    table.is_fixed = true;
    for (uint64_t k = 0; k < fields; k++) {
      const uint64_t field = in.varint();
      const uint8_t type = in.u8();
      if (!in.ok() || field > UINT16_MAX || type < uint8_t(FieldType::float64) ||
          type > uint8_t(FieldType::string)) {
        return malformed();
      }
      table.layout.push_back({static_cast<FieldId>(field), static_cast<FieldType>(type)});
      table.is_fixed &= is_fixed_type(table.layout.back().type);
      if (table.layout.back().type == FieldType::string) table.texts.resize(fields);
    }
  }
  if (layouts == 1) {
    tables_[0].rows = points;
    return {};
  }
  table_of_.resize(points);
  WEIR_CHECK(codec::read_light_integers(in, table_of_));
  for (const uint64_t table : table_of_) {
    if (table >= tables_.size()) return malformed();
    tables_[table].rows++;
  }
  const bool has_unused =
      std::any_of(tables_.begin(), tables_.end(), [](const Table& t) { return t.rows == 0; });
  return has_unused ? Result<void>(malformed()) : Result<void>();
}

Result<void> PackedRows::read_column(ByteReader& in, Table& table, size_t field) {
  const std::span<uint64_t> values(table.values.data() + field * table.rows, table.rows);
  const FieldType type = table.layout[field].type;
  if (type == FieldType::float64) return codec::read_light_doubles(in, values);
  WEIR_CHECK(codec::read_light_integers(in, values));
  if (type == FieldType::boolean) {
    const bool all = std::all_of(values.begin(), values.end(), [](uint64_t v) { return v <= 1; });
    return all ? Result<void>() : Result<void>(malformed());
  }
  if (type != FieldType::string) return {};
  table.texts[field].reserve(table.rows);
  for (uint64_t& length : values) {
    if (length > in.remaining()) return malformed();
    table.texts[field].push_back(in.bytes(std::exchange(length, 0)));
  }
  return {};
}

}  // namespace weir::store
