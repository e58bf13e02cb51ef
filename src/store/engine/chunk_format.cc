#include "store/engine/chunk_format.h"

#include <fmt/core.h>

#include "base/bytes.h"

namespace weir::store {
namespace {

constexpr uint64_t kSign = uint64_t(1) << 63;

void write_time(ByteWriter& out, int64_t time_ns) {
  out.be(static_cast<uint64_t>(time_ns) ^ kSign);
}
int64_t read_time(ByteReader& in) { return static_cast<int64_t>(in.be<uint64_t>() ^ kSign); }

}  // namespace

std::string ChunkKey::encode() const {
  std::string bytes = series_prefix(bucket, group_start_ns, series);
  ByteWriter out(bytes);
  out.be(column_group);
  write_time(out, time_min_ns);
  out.be(lsn);
  return bytes;
}

std::optional<ChunkKey> ChunkKey::decode(std::string_view bytes) {
  if (bytes.size() != kChunkKeyBytes) return std::nullopt;
  ByteReader in(bytes);
  ChunkKey key;
  key.bucket = in.be<BucketNumber>();
  key.group_start_ns = read_time(in);
  key.series = in.be<SeriesId>();
  key.column_group = in.be<uint16_t>();
  key.time_min_ns = read_time(in);
  key.lsn = in.be<uint64_t>();
  return key;
}

std::string ChunkKey::describe() const {
  return fmt::format("bucket {} group {} series {} columns {} time {} lsn {}", bucket,
                     group_start_ns, series, column_group, time_min_ns, lsn);
}

std::string ChunkKey::bucket_prefix(BucketNumber bucket) {
  std::string bytes;
  ByteWriter(bytes).be(bucket);
  return bytes;
}

std::string ChunkKey::group_prefix(BucketNumber bucket, int64_t group_start_ns) {
  std::string bytes = bucket_prefix(bucket);
  ByteWriter out(bytes);
  write_time(out, group_start_ns);
  return bytes;
}

std::string ChunkKey::series_prefix(BucketNumber bucket, int64_t group_start_ns, SeriesId series) {
  std::string bytes = group_prefix(bucket, group_start_ns);
  ByteWriter(bytes).be(series);
  return bytes;
}

std::string prefix_end(std::string prefix) {
  while (!prefix.empty() && prefix.back() == '\xff') prefix.pop_back();
  if (!prefix.empty()) prefix.back() = static_cast<char>(prefix.back() + 1);
  return prefix;
}

}  // namespace weir::store
