#include "store/engine/log_records.h"

#include "store/engine/packed_rows.h"

namespace weir::store {
namespace {

Error malformed(std::string_view what) {
  return {Errc::invalid, "malformed " + std::string(what) + " record"};
}

bool is_field_type(uint8_t byte) {
  return byte >= uint8_t(model::FieldType::float64) && byte <= uint8_t(model::FieldType::string);
}

constexpr int kPredicateDepthMax = 200;  // deeper than any parser builds, shallow for the stack

void write_predicate(ByteWriter& out, const Predicate& predicate) {
  out.u8(static_cast<uint8_t>(predicate.kind));
  if (predicate.kind <= Predicate::Kind::not_) {
    out.varint(predicate.children.size());
    for (const PredicatePtr& child : predicate.children) write_predicate(out, *child);
    return;
  }
  out.sized(predicate.key);
  out.sized(predicate.text);
}

Result<PredicatePtr> read_predicate(ByteReader& in, int depth) {
  using Kind = Predicate::Kind;
  uint8_t kind_byte = in.u8();
  if (!in.ok() || kind_byte > uint8_t(Kind::tag_exists) || depth > kPredicateDepthMax) {
    return malformed("removal");
  }
  auto kind = static_cast<Kind>(kind_byte);
  if (kind <= Kind::not_) {
    uint64_t count = in.varint();
    if (!in.ok() || count > in.remaining() || (kind == Kind::not_ && count != 1)) {
      return malformed("removal");
    }
    std::vector<PredicatePtr> children;
    for (uint64_t i = 0; i < count; i++) {
      WEIR_TRY(PredicatePtr child, read_predicate(in, depth + 1));
      children.push_back(std::move(child));
    }
    if (kind == Kind::not_) return negation(std::move(children.front()));
    return kind == Kind::all_of ? all_of(std::move(children)) : any_of(std::move(children));
  }
  std::string key(in.sized()), text(in.sized());
  if (!in.ok()) return malformed("removal");
  switch (kind) {
    case Kind::tag_equal:
      return tag_equal(std::move(key), std::move(text));
    case Kind::tag_not_equal:
      return tag_not_equal(std::move(key), std::move(text));
    case Kind::tag_matches:
      return tag_matches(std::move(key), std::move(text));
    case Kind::tag_not_matches:
      return tag_not_matches(std::move(key), std::move(text));
    default:
      return tag_exists(std::move(key));
  }
}

}  // namespace

std::string encode(const BucketRecord& record) {
  std::string body;
  ByteWriter out(body);
  out.le(record.number);
  out.le(static_cast<uint64_t>(record.id));
  out.le(record.options.retention_ns);
  out.le(record.options.shard_group_duration_ns);
  return body;
}

Result<BucketRecord> decode_bucket(std::string_view body) {
  ByteReader in(body);
  BucketRecord record;
  record.number = in.le<BucketNumber>();
  record.id = static_cast<BucketId>(in.le<uint64_t>());
  record.options.retention_ns = in.le<int64_t>();
  record.options.shard_group_duration_ns = in.le<int64_t>();
  if (!in.ok() || !in.at_end() || record.options.shard_group_duration_ns <= 0) {
    return malformed("bucket");
  }
  return record;
}

std::string encode_bucket_drop(BucketNumber number) {
  std::string body;
  ByteWriter(body).le(number);
  return body;
}

Result<BucketNumber> decode_bucket_drop(std::string_view body) {
  ByteReader in(body);
  auto number = in.le<BucketNumber>();
  if (!in.ok() || !in.at_end()) return malformed("bucket drop");
  return number;
}

std::string encode(const SeriesRecord& record) {
  std::string body;
  ByteWriter out(body);
  out.le(record.bucket);
  out.le(record.id);
  out.bytes(record.canonical_key);
  return body;
}

Result<SeriesRecord> decode_series(std::string_view body) {
  ByteReader in(body);
  SeriesRecord record;
  record.bucket = in.le<BucketNumber>();
  record.id = in.le<SeriesId>();
  record.canonical_key = in.rest();
  if (!in.ok() || record.canonical_key.empty()) return malformed("series");
  return record;
}

std::string encode(const FieldRecord& record) {
  std::string body;
  ByteWriter out(body);
  out.le(record.bucket);
  out.le(record.measurement);
  out.le(record.field);
  out.bytes(record.name);
  return body;
}

Result<FieldRecord> decode_field(std::string_view body) {
  ByteReader in(body);
  FieldRecord record;
  record.bucket = in.le<BucketNumber>();
  record.measurement = in.le<MeasurementId>();
  record.field = in.le<FieldId>();
  record.name = in.rest();
  if (!in.ok()) return malformed("field");
  return record;
}

std::string encode(const FieldTypeRecord& record) {
  std::string body;
  ByteWriter out(body);
  out.le(record.bucket);
  out.le(record.group_start_ns);
  out.le(record.measurement);
  out.le(record.field);
  out.u8(static_cast<uint8_t>(record.type));
  return body;
}

Result<FieldTypeRecord> decode_field_type(std::string_view body) {
  ByteReader in(body);
  FieldTypeRecord record;
  record.bucket = in.le<BucketNumber>();
  record.group_start_ns = in.le<int64_t>();
  record.measurement = in.le<MeasurementId>();
  record.field = in.le<FieldId>();
  uint8_t type = in.u8();
  if (!in.ok() || !in.at_end() || !is_field_type(type)) return malformed("field type");
  record.type = static_cast<model::FieldType>(type);
  return record;
}

std::string encode(const RemovalRecord& record) {
  std::string body;
  ByteWriter out(body);
  out.le(record.bucket);
  out.le(record.start_ns);
  out.le(record.stop_ns);
  if (record.predicate != nullptr) write_predicate(out, *record.predicate);
  return body;
}

Result<RemovalRecord> decode_removal(std::string_view body) {
  ByteReader in(body);
  RemovalRecord record;
  record.bucket = in.le<BucketNumber>();
  record.start_ns = in.le<int64_t>();
  record.stop_ns = in.le<int64_t>();
  if (!in.ok()) return malformed("removal");
  if (in.at_end()) return record;
  WEIR_TRY(record.predicate, read_predicate(in, 0));
  if (!in.at_end()) return malformed("removal");
  return record;
}

RowsEncoder::RowsEncoder(BucketNumber bucket) { ByteWriter(body_).le(bucket); }

void RowsEncoder::add_point(SeriesId series, int64_t time_ns, size_t layout_key,
                            const Layout& layout) {
  ByteWriter out(body_);
  out.varint(series);
  out.signed_varint(
      static_cast<int64_t>(static_cast<uint64_t>(time_ns) - static_cast<uint64_t>(last_time_ns_)));
  last_time_ns_ = time_ns;
  points_++;
  if (layout_key < layouts_) return out.varint(layout_key + 1);
  layouts_++;
  out.varint(0);
  out.varint(layout.size());
  for (const LayoutField& field : layout) {
    out.varint(field.field);
    out.u8(static_cast<uint8_t>(field.type));
  }
}

void RowsEncoder::add_value(const model::FieldValue& value) {
  ByteWriter out(body_);
  switch (value.type()) {
    case model::FieldType::boolean:
      return out.u8(value.as_bool() ? 1 : 0);
    case model::FieldType::string:
      return out.sized(value.as_string());
    default:
      return out.le(value.bits());
  }
}

RowsDecoder::RowsDecoder(RecordType type, std::string_view body)
    : in_(body), is_packed_(type == RecordType::packed_rows) {
  bucket_ = in_.le<BucketNumber>();
}

RowsDecoder::~RowsDecoder() = default;

Result<bool> RowsDecoder::next() {
  if (is_packed_) return next_packed();
  if (in_.ok() && in_.at_end()) return false;
  points_seen_++;
  uint64_t series = in_.varint();
  auto difference = static_cast<uint64_t>(in_.signed_varint());
  uint64_t layout_key = in_.varint();
  if (!in_.ok() || series > UINT32_MAX || layout_key > layouts_.size()) return malformed("rows");
  series_ = static_cast<SeriesId>(series);
  time_ns_ = static_cast<int64_t>(static_cast<uint64_t>(time_ns_) + difference);
  if (layout_key == 0) {
    uint64_t count = in_.varint();
    if (!in_.ok() || count == 0 || count > in_.remaining()) return malformed("rows");
    Layout layout;
    bool fixed = true;
    for (uint64_t i = 0; i < count; i++) {
      uint64_t field = in_.varint();
      uint8_t type = in_.u8();
      if (!in_.ok() || field > UINT16_MAX || !is_field_type(type)) return malformed("rows");
      auto field_type = static_cast<model::FieldType>(type);
      layout.push_back({static_cast<FieldId>(field), field_type});
      fixed &= field_type <= model::FieldType::uint64;
    }
    layouts_.emplace_back(std::move(layout), fixed);
    layout_key = layouts_.size();
  }
  layout_ = &layouts_[layout_key - 1].first;
  layout_fixed_ = layouts_[layout_key - 1].second;
  return true;
}

Result<bool> RowsDecoder::next_packed() {
  if (packed_ == nullptr) {
    if (!in_.ok()) return malformed("rows");
    WEIR_TRY(PackedRows packed, PackedRows::read(in_));
    packed_ = std::make_unique<PackedRows>(std::move(packed));
    rows_seen_.resize(packed_->tables().size());
  }
  if (points_seen_ == packed_->points()) return false;
  const size_t point = points_seen_++;
  table_ = packed_->table_of(point);
  rows_seen_[table_]++;
  field_ = 0;
  series_ = packed_->series()[point];
  time_ns_ = packed_->time_ns(point);
  layout_ = &packed_->tables()[table_].layout;
  layout_fixed_ = packed_->tables()[table_].is_fixed;
  return true;
}

std::span<const SeriesId> RowsDecoder::series_ahead() const {
  if (packed_ == nullptr || points_seen_ == 0) return {};
  return packed_->series().subspan(points_seen_ - 1);
}

Result<uint64_t> RowsDecoder::value(model::FieldType type, std::string_view& text) {
  if (is_packed_) {
    const PackedRows::Table& table = packed_->tables()[table_];
    const size_t field = field_++, row = rows_seen_[table_] - 1;
    if (type == model::FieldType::string) text = table.texts[field][row];
    return table.values[field * table.rows + row];
  }
  uint64_t bits = 0;
  if (type == model::FieldType::boolean) {
    bits = in_.u8();
    if (bits > 1) in_.fail();
  } else if (type == model::FieldType::string) {
    text = in_.sized();
  } else {
    bits = in_.le<uint64_t>();
  }
  if (!in_.ok()) return malformed("rows");
  return bits;
}

Result<FixedValues> RowsDecoder::fixed_values() {
  if (is_packed_) {
    const PackedRows::Table& table = packed_->tables()[table_];
    const uint64_t* first = table.values.data() + rows_seen_[table_] - 1;
    return FixedValues(reinterpret_cast<const char*>(first), table.rows * sizeof(uint64_t));
  }
  std::string_view bytes = in_.bytes(layout_->size() * sizeof(uint64_t));
  if (!in_.ok()) return malformed("rows");
  return FixedValues(bytes.data(), sizeof(uint64_t));
}

}  // namespace weir::store
