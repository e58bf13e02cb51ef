// The bodies of log records: what each type says, as bytes and back.
//
// Series, measurements and fields are named by ids; the records that define an id come before the
// first that uses it. Decoders check everything and fail with Errc::invalid; they run on bytes
// whose checksum was right, but may be fuzzed. Layout: docs/format.md#log-records. Pure functions.
#pragma once

#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/wal_reader.h"
#include "model/value.h"
#include "store/predicate.h"
#include "store/store.h"

namespace weir::store {

enum class RecordType : uint8_t {
  bucket = 1,       // a bucket's number, id and options: created or updated
  bucket_drop = 2,  // a bucket is gone, with all its points
  series = 3,       // series ids and their canonical keys
  fields = 4,       // field ids of measurements and their names
  field_types = 5,  // types of fields within a shard group
  rows = 6,         // points, by series id
  removal = 7,      // a delete: range and predicate
  packed_rows = 8,  // points, column by column (packed_rows.h)
};
inline bool is_rows(RecordType type) {
  return type == RecordType::rows || type == RecordType::packed_rows;
}
inline constexpr WalKind kStoreLog{"weirlog1", 8, 32 * 1024 * 1024};

struct LogRecord {
  uint64_t lsn = 0;
  RecordType type = RecordType::rows;
  std::string_view body;
};
inline LogRecord log_record(const WalRecord& record) {
  return {record.lsn, static_cast<RecordType>(record.type), record.body};
}

// A bucket's number: given at creation, never used again. Keys on disk begin with it.
using BucketNumber = uint32_t;
using SeriesId = uint32_t;       // within a bucket, from 0
using MeasurementId = uint32_t;  // within a bucket, from 0
using FieldId = uint16_t;        // within a measurement, from 0

struct BucketRecord {
  BucketNumber number = 0;
  BucketId id{};
  BucketOptions options;  // the shard group duration resolved
};
std::string encode(const BucketRecord& record);
Result<BucketRecord> decode_bucket(std::string_view body);

std::string encode_bucket_drop(BucketNumber number);
Result<BucketNumber> decode_bucket_drop(std::string_view body);

struct SeriesRecord {
  BucketNumber bucket = 0;
  SeriesId id = 0;
  std::string_view canonical_key;
};
std::string encode(const SeriesRecord& record);
Result<SeriesRecord> decode_series(std::string_view body);

struct FieldRecord {
  BucketNumber bucket = 0;
  MeasurementId measurement = 0;
  FieldId field = 0;
  std::string_view name;
};
std::string encode(const FieldRecord& record);
Result<FieldRecord> decode_field(std::string_view body);

struct FieldTypeRecord {
  BucketNumber bucket = 0;
  int64_t group_start_ns = 0;
  MeasurementId measurement = 0;
  FieldId field = 0;
  model::FieldType type = model::FieldType::float64;
};
std::string encode(const FieldTypeRecord& record);
Result<FieldTypeRecord> decode_field_type(std::string_view body);

struct RemovalRecord {
  BucketNumber bucket = 0;
  int64_t start_ns = 0, stop_ns = 0;  // both inclusive
  PredicatePtr predicate;             // null: everything
};
std::string encode(const RemovalRecord& record);
Result<RemovalRecord> decode_removal(std::string_view body);

// One field of a row layout, packed so that layouts compare as arrays.
struct LayoutField {
  FieldId field = 0;
  model::FieldType type = model::FieldType::float64;
  friend bool operator==(const LayoutField&, const LayoutField&) = default;
};
using Layout = std::vector<LayoutField>;

// Writes a rows record: a bucket, then points.
//   point: varint series | signed time difference to the point before | varint layout
//          [0: a new one follows: varint n, n x (varint field, u8 type)] | n values
//   value: 8 bytes; a boolean 1 byte; a string varint length and bytes
class RowsEncoder {
 public:
  explicit RowsEncoder(BucketNumber bucket);
  // Starts a point; `layout_key` names the layout among those of this record (from 0, new ones in
  // order); exactly the layout's values follow.
  void add_point(SeriesId series, int64_t time_ns, size_t layout_key, const Layout& layout);
  void add_value(const model::FieldValue& value);
  size_t size() const { return body_.size(); }
  bool empty() const { return points_ == 0; }
  bool is_full() const { return false; }  // its size alone is limited
  size_t layouts() const { return layouts_; }
  std::string take() { return std::move(body_); }

 private:
  std::string body_;
  size_t points_ = 0, layouts_ = 0;
  int64_t last_time_ns_ = 0;
};

// The values of a point whose fields all take 8 bytes.
class FixedValues {
 public:
  FixedValues(const char* first, size_t stride) : first_(first), stride_(stride) {}
  uint64_t operator[](size_t field) const {
    uint64_t bits;
    std::memcpy(&bits, first_ + field * stride_, sizeof(bits));
    return bits;
  }

 private:
  const char* first_;
  size_t stride_;
};

class PackedRows;

// Walks a record of rows, packed or not.
class RowsDecoder {
 public:
  RowsDecoder(RecordType type, std::string_view body);
  ~RowsDecoder();
  RowsDecoder(const RowsDecoder&) = delete;
  RowsDecoder& operator=(const RowsDecoder&) = delete;

  BucketNumber bucket() const { return bucket_; }
  // Moves to the next point; false at the end. Then its values must be read, all of them.
  Result<bool> next();
  size_t points_seen() const { return points_seen_; }
  SeriesId series() const { return series_; }
  int64_t time_ns() const { return time_ns_; }
  const Layout& layout() const { return *layout_; }
  // The next value's 64 bits; for strings `text` views the record and the bits are 0.
  Result<uint64_t> value(model::FieldType type, std::string_view& text);
  // All values at once, if the layout has only types of 8 bytes.
  Result<FixedValues> fixed_values();
  bool layout_is_fixed() const { return layout_fixed_; }
  // The series of this point and those behind it, where they are known ahead.
  std::span<const SeriesId> series_ahead() const;

 private:
  Result<bool> next_packed();

  ByteReader in_;
  BucketNumber bucket_ = 0;
  std::deque<std::pair<Layout, bool>> layouts_;  // with "all values take 8 bytes"
  SeriesId series_ = 0;
  int64_t time_ns_ = 0;
  const Layout* layout_ = nullptr;
  bool layout_fixed_ = false;
  size_t points_seen_ = 0;

  // Of a packed record; its points are decoded at the first one.
  bool is_packed_;
  std::unique_ptr<PackedRows> packed_;
  size_t table_ = 0, field_ = 0;   // of this point, and of the next value
  std::vector<size_t> rows_seen_;  // of each table
};

}  // namespace weir::store
