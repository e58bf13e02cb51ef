#include "store/engine/verify_names.h"

#include <fmt/core.h>

#include "store/write_rules.h"

namespace weir::store {
namespace {

constexpr const char* kRestore = "restore the data directory from a backup";

Damage in_catalog(std::string what) {
  Damage damage;
  damage.file = "chunks";
  damage.what = std::move(what);
  damage.remedy = kRestore;
  return damage;
}

}  // namespace

void VerifyNames::load(ChunkStore& store, const std::function<void(const Damage&)>& tell) {
  Result<void> read =
      store.read_catalog(std::string(catalog::kMetaKey),
                         [&](std::string_view, std::string_view value) -> Result<void> {
                           WEIR_TRY(meta_, catalog::decode_meta(value));
                           has_meta_ = true;
                           return {};
                         });
  if (!read.ok()) tell(in_catalog(read.error().message));
  if (read.ok() && !has_meta_) tell(in_catalog("catalog: its first entry is missing"));
  read = store.read_catalog("b", [&](std::string_view, std::string_view value) -> Result<void> {
    WEIR_TRY(BucketRecord record, decode_bucket(value));
    Bucket& bucket = buckets_[record.number];
    bucket.id = record.id;
    bucket.group_duration_ns = record.options.shard_group_duration_ns;
    return {};
  });
  if (!read.ok()) tell(in_catalog(read.error().message));
  for (auto& [number, bucket] : buckets_) {
    Result<size_t> loaded = catalog::load_bucket(store, number, bucket.index, bucket.head);
    if (loaded.ok()) continue;
    bucket.is_incomplete = true;
    Damage damage = in_catalog(loaded.error().message);
    damage.points = "bucket " + id_to_text(bucket.id);
    tell(damage);
  }
}

const VerifyNames::Bucket* VerifyNames::find(BucketNumber number) const {
  auto found = buckets_.find(number);
  return found == buckets_.end() ? nullptr : &found->second;
}

VerifyNames::Bucket* VerifyNames::bucket_of(BucketNumber number) {
  auto found = buckets_.find(number);
  return found == buckets_.end() ? nullptr : &found->second;
}

std::string VerifyNames::describe(BucketNumber number, SeriesId series) const {
  const Bucket* bucket = find(number);
  if (bucket == nullptr) return fmt::format("bucket number {}, series {}", number, series);
  if (!bucket->index.has(series)) {
    return fmt::format("bucket {}: series {}", id_to_text(bucket->id), series);
  }
  return fmt::format("bucket {}: {}", id_to_text(bucket->id),
                     bucket->index.key(series).canonical());
}

std::string VerifyNames::next_series_key(std::string_view key) const {
  std::string whole(key);  // or the beginning of one
  whole.resize(kChunkKeyBytes);
  std::optional<ChunkKey> at = key.empty() ? std::nullopt : ChunkKey::decode(whole);
  ChunkKey from = at.value_or(ChunkKey{});
  for (auto bucket = buckets_.lower_bound(from.bucket); bucket != buckets_.end(); ++bucket) {
    bool is_here = at && bucket->first == from.bucket;
    const auto& groups = bucket->second.head.groups();
    auto group = is_here ? groups.lower_bound(from.group_start_ns) : groups.begin();
    for (; group != groups.end(); ++group) {
      const Roaring& live = group->second.live;
      bool within = is_here && group->first == from.group_start_ns;
      // rank() counts those up to and with the series, so it is the next one's position.
      uint64_t before = within ? live.rank(from.series) : 0;
      uint32_t series = 0;
      if (before < live.cardinality() && live.select(static_cast<uint32_t>(before), &series)) {
        return ChunkKey::series_prefix(bucket->first, group->first, series);
      }
    }
  }
  return {};
}

void VerifyNames::note_unknown(BucketNumber number, uint64_t lsn, std::string what) {
  Unknown& first = unknown_[number];
  if (first.count++ == 0) first.lsn = lsn, first.what = std::move(what);
}

void VerifyNames::tell_unknown(const std::function<void(const Damage&)>& tell) const {
  for (const auto& [number, first] : unknown_) {
    Damage damage;
    damage.file = "log";
    damage.what = fmt::format("record {}: {}", first.lsn, first.what);
    if (first.count > 1) damage.what += fmt::format(" ({} like it)", first.count - 1);
    damage.points = fmt::format("bucket number {}", number);
    damage.remedy = kRestore;
    tell(damage);
  }
}

Result<void> VerifyNames::apply(const LogRecord& record) {
  switch (record.type) {
    case RecordType::bucket: {
      WEIR_TRY(BucketRecord bucket, decode_bucket(record.body));
      if (record.lsn < meta_.log_start_lsn) return {};
      Bucket& known = buckets_[bucket.number];
      known.id = bucket.id;
      known.group_duration_ns = bucket.options.shard_group_duration_ns;
      return {};
    }
    case RecordType::bucket_drop: {
      WEIR_TRY(BucketNumber number, decode_bucket_drop(record.body));
      unknown_.erase(number);
      buckets_.erase(number);
      dropped_.insert(number);
      return {};
    }
    case RecordType::rows:
    case RecordType::packed_rows:
      return apply_rows(record);
    case RecordType::removal: {
      WEIR_TRY(RemovalRecord removal, decode_removal(record.body));
      return {};
    }
    default:
      return apply_definition(record);
  }
}

Result<void> VerifyNames::apply_definition(const LogRecord& record) {
  if (record.type == RecordType::series) {
    WEIR_TRY(SeriesRecord series, decode_series(record.body));
    WEIR_TRY(model::SeriesKey key, model::parse_series_key(series.canonical_key));
    Bucket* bucket = bucket_of(series.bucket);
    if (bucket == nullptr || bucket->is_incomplete) return {};
    if (series.id == bucket->index.series_count()) {
      bucket->index.add_series(key, series.canonical_key);
    } else if (series.id < bucket->index.series_count() && !bucket->index.has(series.id) &&
               record.lsn < meta_.log_start_lsn) {
      return {};  // forgotten since
    } else if (!bucket->index.has(series.id) || bucket->index.key(series.id) != key) {
      note_unknown(series.bucket, record.lsn,
                   fmt::format("series {} is defined out of order", series.id));
    }
    return {};
  }
  if (record.type == RecordType::fields) {
    WEIR_TRY(FieldRecord field, decode_field(record.body));
    Bucket* bucket = bucket_of(field.bucket);
    if (bucket == nullptr || bucket->is_incomplete) return {};
    SeriesIndex& index = bucket->index;
    bool fits = field.measurement < index.measurement_count() &&
                field.field <= index.fields(field.measurement).size();
    if (fits && field.field == index.fields(field.measurement).size()) {
      index.add_field(field.measurement, field.name);
    } else if (!fits || index.fields(field.measurement)[field.field] != field.name) {
      note_unknown(field.bucket, record.lsn,
                   fmt::format("field {} is defined out of order", field.field));
    }
    return {};
  }
  Result<FieldTypeRecord> type = decode_field_type(record.body);
  return type.ok() ? Result<void>() : std::move(type).error();
}

Result<void> VerifyNames::apply_rows(const LogRecord& record) {
  RowsDecoder rows(record.type, record.body);
  bool counts = record.lsn >= meta_.log_start_lsn;
  Bucket* bucket = bucket_of(rows.bucket());
  if (bucket == nullptr && counts && !was_dropped(rows.bucket())) {
    note_unknown(rows.bucket(), record.lsn, "it has rows of a bucket that is not defined");
  }
  while (true) {
    WEIR_TRY(bool more, rows.next());
    if (!more) return {};
    if (bucket != nullptr && !bucket->is_incomplete && counts) note_row(*bucket, rows, record.lsn);
    for (const LayoutField& field : rows.layout()) {
      std::string_view text;
      WEIR_TRY(uint64_t bits, rows.value(field.type, text));
      (void)bits;
    }
  }
}

void VerifyNames::note_row(Bucket& bucket, const RowsDecoder& row, uint64_t lsn) {
  SeriesIndex& index = bucket.index;
  if (!index.has(row.series())) {
    return note_unknown(row.bucket(), lsn,
                        fmt::format("a row names series {}, which is not defined", row.series()));
  }
  MeasurementId measurement = index.measurement_of(row.series());
  for (const LayoutField& field : row.layout()) {
    if (field.field < index.fields(measurement).size()) continue;
    return note_unknown(row.bucket(), lsn,
                        fmt::format("a row names field {}, which is not defined", field.field));
  }
  if (bucket.group_duration_ns <= 0) return;
  int64_t start = shard_group_start(row.time_ns(), bucket.group_duration_ns);
  bucket.head.group(start).live.add(row.series());
}

}  // namespace weir::store
