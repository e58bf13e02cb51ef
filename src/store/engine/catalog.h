// The catalog: what names the chunks' contents, as entries of RocksDB's default family.
//
//   "m"                          u32 format version | u32 next bucket number | u64 log start LSN
//   "b" bucket                   a bucket record (log_records.h)
//   "s" bucket, series           the series' canonical key
//   "n" bucket                   u32 the next series' number; once series have been forgotten
//   "t" bucket, measurement      the measurement's name; in stores of older versions their order of
//                                appearance among the series tells
//   "f" bucket, measurement      the measurement's field names, by id: n x (varint length, bytes)
//   "g" bucket, i64^sign start   i64 time_min | i64 time_max | varint n, n x (varint measurement,
//                                varint field, u8 type) | Roaring bitmap of live series (portable)
//
// Ids in keys are u32 big-endian. It is written when log segments are about to be freed; what
// happened since is in the log. Layout: docs/format.md#catalog. Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>

#include "store/engine/chunk_store.h"
#include "store/engine/head.h"
#include "store/engine/series_index.h"

namespace weir::store {

// 2: a series was forgotten, so that their numbers have gaps. Older programs refuse such a store.
inline constexpr uint32_t kFormatVersion = 1, kFormatVersionWithGaps = 2;

struct CatalogMeta {
  BucketNumber next_bucket = 1;
  uint64_t log_start_lsn = 1;  // records before it are not needed any more
  uint32_t version = kFormatVersion;
};

namespace catalog {

std::string bucket_key(BucketNumber bucket);
std::string series_key(BucketNumber bucket, SeriesId series);
std::string series_count_key(BucketNumber bucket);
std::string measurement_key(BucketNumber bucket, MeasurementId measurement);
std::string fields_key(BucketNumber bucket, MeasurementId measurement);
std::string group_key(BucketNumber bucket, int64_t group_start_ns);
// Is there while no series of the group has chunks to join.
std::string joined_key(BucketNumber bucket, int64_t group_start_ns);
// Prefixes of everything of a bucket but its record.
std::vector<std::string> bucket_prefixes(BucketNumber bucket);

inline constexpr std::string_view kMetaKey = "m";
std::string encode_meta(const CatalogMeta& meta);
Result<CatalogMeta> decode_meta(std::string_view value);
std::string encode_series_count(size_t count);
std::string encode_fields(const std::vector<std::string>& names);
Result<std::vector<std::string>> decode_fields(std::string_view value);
std::string encode_group(const ShardGroup& group, const SeriesIndex::GroupTypes* types);
// Fills the head's group and the index's types.
Result<void> decode_group(std::string_view key_rest, std::string_view value, Head& head,
                          SeriesIndex& index);

// Reads a bucket's series, fields and groups. Returns how many measurements have an entry.
Result<size_t> load_bucket(ChunkStore& store, BucketNumber bucket, SeriesIndex& index, Head& head);

}  // namespace catalog
}  // namespace weir::store
