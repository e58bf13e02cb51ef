// EngineCore: opening a directory and reading the log back.
#include <fmt/core.h>

#include "base/wal_recovery.h"
#include "store/engine/engine_core.h"

namespace weir::store {

Result<void> EngineCore::recover() {
  std::string log_directory = options_.directory + "/log";
  WEIR_CHECK(files_.create_directories(log_directory));
  WEIR_CHECK(files_.sync_directory(options_.directory));  // the log's name, before what is in it
  WEIR_TRY(lock_, files_.lock(options_.directory + "/lock"));
  WEIR_TRY(chunks_, ChunkStore::open(options_.directory + "/chunks", false, options_.chunk_env));
  WEIR_CHECK(load_catalog());
  replay_chunks_ = chunks_->iterator(chunks_->snapshot());
  WEIR_TRY(WalContents log,
           read_log(kStoreLog, files_, log_directory, meta_.log_start_lsn, "store",
                    [this](const WalRecord& record) { return replay(log_record(record)); }));
  replay_chunks_.reset();
  replay_sealed_.clear();
  for (const BucketPtr& bucket : all_buckets()) {
    bucket->last_values.forget_all(bucket->index.series_count());
  }
  writer_ =
      std::make_unique<WalWriter>(kStoreLog, files_, log_directory, options_.log_segment_bytes);
  WEIR_CHECK(writer_->start(std::move(log.segments), log.next_lsn));
  log_ = std::make_unique<Log>(
      *writer_, options_.durability, log.next_lsn,
      [this](const LogRecord& record) { apply(record); }, options_.log_retry);
  if (options_.background) maintenance_thread_ = std::thread([this] { run_maintenance(); });
  return {};
}

Result<void> EngineCore::load_catalog() {
  bool found = false;
  WEIR_CHECK(chunks_->read_catalog(std::string(catalog::kMetaKey),
                                   [&](std::string_view, std::string_view value) -> Result<void> {
                                     WEIR_TRY(meta_, catalog::decode_meta(value));
                                     found = true;
                                     return {};
                                   }));
  if (!found) {
    // So that even an empty store says which format it has.
    WEIR_CHECK(
        chunks_->write_catalog({{std::string(catalog::kMetaKey), catalog::encode_meta(meta_)}}));
  }
  buckets_.lock()->next_number = meta_.next_bucket;
  WEIR_CHECK(
      chunks_->read_catalog("b", [&](std::string_view, std::string_view value) -> Result<void> {
        WEIR_TRY(BucketRecord record, decode_bucket(value));
        put_bucket(record);
        return {};
      }));
  for (const BucketPtr& bucket : all_buckets()) {
    WEIR_TRY(bucket->measurements_saved,
             catalog::load_bucket(*chunks_, bucket->number, bucket->index, bucket->head));
    bucket->series_saved = bucket->index.series_count();
    for (MeasurementId id = 0; id < bucket->index.measurement_count(); id++) {
      bucket->fields_saved.push_back(bucket->index.fields(id).size());
    }
  }
  return {};
}

Result<void> EngineCore::replay(const LogRecord& record) {
  bool is_done = record.lsn < meta_.log_start_lsn;  // its effects are in chunks and catalog
  switch (record.type) {
    case RecordType::bucket: {
      WEIR_TRY(BucketRecord bucket, decode_bucket(record.body));
      if (!is_done) put_bucket(bucket);
      return {};
    }
    case RecordType::bucket_drop: {
      if (Result<BucketNumber> number = decode_bucket_drop(record.body); !number.ok()) {
        return number.error();
      }
      if (!is_done) apply(record);  // what it has on disk goes once the engine runs
      return {};
    }
    case RecordType::rows:
    case RecordType::packed_rows: {
      if (is_done) return {};
      BucketPtr bucket;
      const Layout* typed = nullptr;  // of the point before, for these two
      std::pair<int64_t, MeasurementId> typed_for;
      std::optional<int64_t> group_seen;  // of the point before, and what is in chunks, if anything
      SealedLsns* sealed = nullptr;
      std::optional<SeriesId> sought;  // the last one in the group
      Head::SealedLsn sealed_lsn = [&](int64_t group_start_ns,
                                       const RowsDecoder& point) -> Result<uint64_t> {
        SeriesId series = point.series();
        if (!bucket->index.has(series)) {
          return Error{Errc::io,
                       fmt::format("a row names series {}, which is not defined", series)};
        }
        std::pair here(group_start_ns, bucket->index.measurement_of(series));
        if (typed != &point.layout() || typed_for != here) {
          WEIR_CHECK(replay_types(bucket->index, here.first, here.second, point.layout()));
          typed = &point.layout(), typed_for = here;
        }
        if (group_seen != group_start_ns) {
          std::string prefix = ChunkKey::group_prefix(bucket->number, group_start_ns);
          replay_chunks_->seek(prefix);
          WEIR_CHECK(replay_chunks_->status());
          group_seen = group_start_ns;
          sought.reset();
          const bool has = replay_chunks_->valid() && replay_chunks_->key().starts_with(prefix);
          sealed = has ? &replay_sealed_[{bucket->number, group_start_ns}] : nullptr;
        }
        if (sealed == nullptr) return 0;
        uint64_t& lsn = sealed->of(series);
        if (lsn == SealedLsns::kUnknown) {
          WEIR_TRY(lsn, ChunkStore::largest_lsn(*replay_chunks_, bucket->number, group_start_ns,
                                                series, sought));
          sought = series;
        }
        return lsn;
      };
      return apply_rows(record, &sealed_lsn, bucket);
    }
    case RecordType::removal: {
      WEIR_TRY(RemovalRecord removal, decode_removal(record.body));
      BucketPtr bucket = find(removal.bucket);
      if (is_done || bucket == nullptr) return {};
      return replay_removal(*bucket, record, removal);
    }
    default:
      return replay_definition(record);
  }
}

// Rows say their types once more. A delete before them in the log has dropped types that, when they
// were written, were still in use.
Result<void> EngineCore::replay_types(SeriesIndex& index, int64_t group_start_ns,
                                      MeasurementId measurement, const Layout& layout) {
  for (const LayoutField& field : layout) {
    if (field.field >= index.fields(measurement).size()) {
      return Error{Errc::io,
                   fmt::format("a row names field {}, which is not defined", field.field)};
    }
    if (!index.field_type(group_start_ns, measurement, field.field)) {
      index.set_field_type(group_start_ns, measurement, field.field, field.type);
    }
  }
  return {};
}

Result<void> EngineCore::replay_definition(const LogRecord& record) {
  if (record.type == RecordType::series) {
    WEIR_TRY(SeriesRecord series, decode_series(record.body));
    BucketPtr bucket = find(series.bucket);
    if (bucket == nullptr) return {};
    bucket->log_share.add(record.lsn, record.body.size() + kLogRecordBytes);
    SeriesIndex& index = bucket->index;
    if (series.id == index.series_count()) {
      WEIR_CHECK(index.add_series(series.canonical_key));
    } else if (series.id < index.series_count() && !index.has(series.id) &&
               record.lsn < meta_.log_start_lsn) {
      return {};  // forgotten since
    } else if (!index.has(series.id) || index.key(series.id).canonical() != series.canonical_key) {
      return Error{Errc::io, fmt::format("series {} is defined out of order", series.id)};
    }
    return {};
  }
  if (record.type == RecordType::fields) {
    WEIR_TRY(FieldRecord field, decode_field(record.body));
    BucketPtr bucket = find(field.bucket);
    if (bucket == nullptr) return {};
    SeriesIndex& index = bucket->index;
    bool fits = field.measurement < index.measurement_count() &&
                field.field <= index.fields(field.measurement).size();
    if (fits && field.field == index.fields(field.measurement).size()) {
      index.add_field(field.measurement, field.name);
    } else if (!fits || index.fields(field.measurement)[field.field] != field.name) {
      return Error{Errc::io, fmt::format("field {} is defined out of order", field.field)};
    }
    return {};
  }
  WEIR_TRY(FieldTypeRecord type, decode_field_type(record.body));
  BucketPtr bucket = find(type.bucket);
  if (bucket == nullptr || record.lsn < meta_.log_start_lsn) return {};
  SeriesIndex& index = bucket->index;
  if (type.measurement >= index.measurement_count() ||
      type.field >= index.fields(type.measurement).size()) {
    return Error{Errc::io, fmt::format("the type of field {} comes before the field", type.field)};
  }
  WEIR_CHECK(finish_removals(*bucket));
  index.set_field_type(type.group_start_ns, type.measurement, type.field, type.type);
  bucket->head.group(type.group_start_ns).changed = true;
  return {};
}

}  // namespace weir::store
