#include "store/engine/catalog.h"

#include <fmt/core.h>

#include "base/bytes.h"

namespace weir::store::catalog {
namespace {

constexpr uint64_t kSign = uint64_t(1) << 63;

Error damaged(std::string_view what) {
  return {Errc::io, fmt::format("catalog: {} does not read", what)};
}

std::string key(char kind, BucketNumber bucket) {
  std::string bytes(1, kind);
  ByteWriter(bytes).be(bucket);
  return bytes;
}

Result<Roaring> read_bitmap(std::string_view bytes) {
  // readSafe throws on damage; nothing may cross this function.
  try {
    return Roaring::readSafe(bytes.data(), bytes.size());
  } catch (const std::exception&) {
    return damaged("a bitmap of series");
  }
}

}  // namespace

std::string bucket_key(BucketNumber bucket) { return key('b', bucket); }

std::string series_key(BucketNumber bucket, SeriesId series) {
  std::string bytes = key('s', bucket);
  ByteWriter(bytes).be(series);
  return bytes;
}

std::string series_count_key(BucketNumber bucket) { return key('n', bucket); }

std::string measurement_key(BucketNumber bucket, MeasurementId measurement) {
  std::string bytes = key('t', bucket);
  ByteWriter(bytes).be(measurement);
  return bytes;
}

std::string fields_key(BucketNumber bucket, MeasurementId measurement) {
  std::string bytes = key('f', bucket);
  ByteWriter(bytes).be(measurement);
  return bytes;
}

std::string group_key(BucketNumber bucket, int64_t group_start_ns) {
  std::string bytes = key('g', bucket);
  ByteWriter(bytes).be(static_cast<uint64_t>(group_start_ns) ^ kSign);
  return bytes;
}

std::string joined_key(BucketNumber bucket, int64_t group_start_ns) {
  std::string bytes = group_key(bucket, group_start_ns);
  bytes[0] = 'j';
  return bytes;
}

std::vector<std::string> bucket_prefixes(BucketNumber bucket) {
  return {key('s', bucket), key('n', bucket), key('t', bucket),
          key('f', bucket), key('g', bucket), key('j', bucket)};
}

std::string encode_meta(const CatalogMeta& meta) {
  std::string value;
  ByteWriter out(value);
  out.le(meta.version);
  out.le(meta.next_bucket);
  out.le(meta.log_start_lsn);
  return value;
}

Result<CatalogMeta> decode_meta(std::string_view value) {
  ByteReader in(value);
  CatalogMeta meta;
  meta.version = in.le<uint32_t>();
  meta.next_bucket = in.le<BucketNumber>();
  meta.log_start_lsn = in.le<uint64_t>();
  if (!in.ok() || !in.at_end()) return damaged("its first entry");
  if (meta.version != kFormatVersion && meta.version != kFormatVersionWithGaps) {
    return Error{Errc::io, fmt::format("the store's format is version {}, this program reads {}",
                                       meta.version, kFormatVersionWithGaps)};
  }
  return meta;
}

std::string encode_series_count(size_t count) {
  std::string value;
  ByteWriter(value).le(static_cast<SeriesId>(count));
  return value;
}

std::string encode_fields(const std::vector<std::string>& names) {
  std::string value;
  ByteWriter out(value);
  for (const std::string& name : names) out.sized(name);
  return value;
}

Result<std::vector<std::string>> decode_fields(std::string_view value) {
  std::vector<std::string> names;
  ByteReader in(value);
  while (in.ok() && !in.at_end()) names.emplace_back(in.sized());
  if (!in.ok()) return damaged("a measurement's fields");
  return names;
}

std::string encode_group(const ShardGroup& group, const SeriesIndex::GroupTypes* types) {
  std::string value;
  ByteWriter out(value);
  out.le(group.time_min_ns);
  out.le(group.time_max_ns);
  out.varint(types == nullptr ? 0 : types->size());
  if (types != nullptr) {
    for (const auto& [type_key, type] : *types) {
      out.varint(type_key >> 16);
      out.varint(type_key & 0xffff);
      out.u8(static_cast<uint8_t>(type));
    }
  }
  std::string bitmap(group.live.getSizeInBytes(), '\0');
  group.live.write(bitmap.data());
  out.bytes(bitmap);
  return value;
}

Result<void> decode_group(std::string_view key_rest, std::string_view value, Head& head,
                          SeriesIndex& index) {
  ByteReader key_in(key_rest);
  auto start = static_cast<int64_t>(key_in.be<uint64_t>() ^ kSign);
  if (!key_in.ok() || !key_in.at_end()) return damaged("a shard group's key");
  ShardGroup& group = head.group(start);
  ByteReader in(value);
  group.time_min_ns = in.le<int64_t>();
  group.time_max_ns = in.le<int64_t>();
  uint64_t count = in.varint();
  for (uint64_t i = 0; i < count && in.ok(); i++) {
    uint64_t measurement = in.varint(), field = in.varint();
    uint8_t type = in.u8();
    if (!in.ok() || measurement >= index.measurement_count() ||
        field >= index.fields(static_cast<MeasurementId>(measurement)).size() ||
        type < uint8_t(model::FieldType::float64) || type > uint8_t(model::FieldType::string)) {
      return damaged("a shard group's field type");
    }
    index.set_field_type(start, static_cast<MeasurementId>(measurement),
                         static_cast<FieldId>(field), static_cast<model::FieldType>(type));
  }
  if (!in.ok()) return damaged("a shard group");
  WEIR_TRY(group.live, read_bitmap(in.rest()));
  if (!group.live.isSubset(index.known())) {
    return damaged("a shard group's series");
  }
  group.unjoined = group.live;  // unless the catalog says otherwise
  group.changed = false;
  return {};
}

namespace {

// Names of measurements, in order. Returns how many.
Result<size_t> load_measurements(ChunkStore& store, BucketNumber bucket, SeriesIndex& index) {
  WEIR_CHECK(store.read_catalog(key('t', bucket),
                                [&](std::string_view rest, std::string_view name) -> Result<void> {
                                  ByteReader in(rest);
                                  auto id = in.be<MeasurementId>();
                                  if (id != index.measurement_count() || !in.ok())
                                    return damaged("a measurement's key");
                                  index.add_measurement(name);
                                  return {};
                                }));
  return index.measurement_count();
}

Result<void> load_series(ChunkStore& store, BucketNumber bucket, SeriesIndex& index) {
  std::optional<SeriesId> next;  // if some were forgotten
  WEIR_CHECK(store.read_catalog(key('n', bucket),
                                [&](std::string_view, std::string_view value) -> Result<void> {
                                  ByteReader in(value);
                                  next = in.le<SeriesId>();
                                  if (in.ok() && in.at_end()) return {};
                                  return damaged("the number of series");
                                }));
  WEIR_CHECK(store.read_catalog(
      key('s', bucket), [&](std::string_view rest, std::string_view canonical) -> Result<void> {
        ByteReader in(rest);
        auto id = in.be<SeriesId>();
        bool fits = id == index.series_count() || (next && id > index.series_count());
        if (!fits || !in.ok()) return damaged("a series' key");
        index.skip_to(id);
        Result<SeriesId> added = index.add_series(canonical);
        return added.ok() ? Result<void>() : std::move(added).error();
      }));
  if (next) index.skip_to(*next);
  return {};
}

}  // namespace

Result<size_t> load_bucket(ChunkStore& store, BucketNumber bucket, SeriesIndex& index, Head& head) {
  WEIR_TRY(size_t measurements, load_measurements(store, bucket, index));
  WEIR_CHECK(load_series(store, bucket, index));
  WEIR_CHECK(store.read_catalog(key('f', bucket),
                                [&](std::string_view rest, std::string_view value) -> Result<void> {
                                  ByteReader in(rest);
                                  auto measurement = in.be<MeasurementId>();
                                  if (!in.ok() || measurement >= index.measurement_count()) {
                                    return damaged("a measurement's key");
                                  }
                                  WEIR_TRY(std::vector<std::string> names, decode_fields(value));
                                  for (const std::string& name : names)
                                    index.add_field(measurement, name);
                                  return {};
                                }));
  WEIR_CHECK(
      store.read_catalog(key('g', bucket), [&](std::string_view rest, std::string_view value) {
        return decode_group(rest, value, head, index);
      }));
  WEIR_CHECK(store.read_catalog(key('j', bucket),
                                [&](std::string_view rest, std::string_view) -> Result<void> {
                                  ByteReader in(rest);
                                  auto start = static_cast<int64_t>(in.be<uint64_t>() ^ kSign);
                                  auto group = head.groups().find(start);
                                  if (in.ok() && group != head.groups().end())
                                    group->second.unjoined = Roaring();
                                  return {};
                                }));
  return measurements;
}

}  // namespace weir::store::catalog
