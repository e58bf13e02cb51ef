#include "store/influxd/tombstones.h"

#include <fmt/core.h>
#include <zlib.h>

#include <limits>

#include "base/bytes.h"
#include "store/influxd/mapped_file.h"

namespace weir::store::influxd {
namespace {

constexpr DeletedRange kEver = {std::numeric_limits<int64_t>::min(),
                                std::numeric_limits<int64_t>::max()};
// Deleting millions of series makes some hundred megabytes; beyond this it is a bomb.
constexpr size_t kUnpackedBytesMax = size_t{4} << 30;

// The gzip members that `packed` is made of, one after the other, as one run of bytes. A last
// member that was cut short by a crash gives what it holds.
Result<std::string> unpack_members(std::string_view packed, const std::string& path,
                                   size_t offset) {
  std::string out;
  z_stream stream{};
  constexpr int kGzipWindow = 15 + 16;
  if (inflateInit2(&stream, kGzipWindow) != Z_OK) {
    return Error{Errc::internal, "zlib could not start"};
  }
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  size_t rest = packed.size();
  int status = Z_OK;
  while (rest > 0) {
    char block[65536];
    const auto given = static_cast<uInt>(std::min<size_t>(rest, size_t{1} << 30));
    stream.avail_in = given;
    stream.next_out = reinterpret_cast<Bytef*>(block);
    stream.avail_out = sizeof block;
    status = inflate(&stream, Z_NO_FLUSH);
    rest -= given - stream.avail_in;
    out.append(block, sizeof block - stream.avail_out);
    if (status == Z_STREAM_END) {
      inflateReset(&stream);
    } else if (status != Z_OK || out.size() > kUnpackedBytesMax) {
      inflateEnd(&stream);
      return damage_at(path, offset + packed.size() - rest, "the gzip data is damaged");
    }
  }
  inflateEnd(&stream);
  return out;
}

}  // namespace

size_t Tombstones::size() const {
  size_t count = prefixes_.size();
  for (const auto& [key, ranges] : keys_) count += ranges.size();
  return count;
}

// Returns how many bytes were understood.
Result<size_t> Tombstones::parse_entries(std::string_view entries, bool has_flags) {
  constexpr uint32_t kPrefixFlag = 0x8000'0000, kSizeMask = 0x00ff'ffff;
  ByteReader reader(entries);
  while (!reader.at_end()) {
    const size_t begin = reader.position();
    uint32_t size = reader.be<uint32_t>();
    const bool is_prefix = has_flags && (size & kPrefixFlag) != 0;
    if (has_flags && (size & ~(kPrefixFlag | kSizeMask)) != 0) return begin;
    if (has_flags) size &= kSizeMask;
    std::string key(reader.bytes(size));
    const auto start_ns = reader.be<int64_t>();
    const auto stop_ns = reader.be<int64_t>();
    if (!reader.ok()) return begin;
    if (is_prefix) {
      prefixes_.emplace_back(std::move(key), DeletedRange{start_ns, stop_ns});
    } else {
      keys_[std::move(key)].push_back({start_ns, stop_ns});
    }
  }
  return entries.size();
}

Result<Tombstones> Tombstones::parse(std::string_view bytes, const std::string& path) {
  constexpr uint32_t kVersion2 = 0x1502, kVersion3 = 0x1503, kVersion4 = 0x1504;
  constexpr size_t kHeaderBytes = 4;
  Tombstones tombstones;
  const auto version = ByteReader(bytes).be<uint32_t>();
  if (version != kVersion2 && version != kVersion3 && version != kVersion4) {
    while (!bytes.empty()) {
      const size_t end = std::min(bytes.find('\n'), bytes.size());
      if (end > 0) tombstones.keys_[std::string(bytes.substr(0, end))] = {kEver};
      bytes.remove_prefix(std::min(end + 1, bytes.size()));
    }
    return tombstones;
  }
  std::string_view entries = bytes.substr(kHeaderBytes);
  std::string unpacked;
  if (version != kVersion2) {
    WEIR_TRY(unpacked, unpack_members(entries, path, kHeaderBytes));
    entries = unpacked;
  }
  WEIR_TRY(const size_t understood,
           tombstones.parse_entries(entries, /*has_flags=*/version == kVersion4));
  if (understood == entries.size()) return tombstones;
  return damage_at(path, kHeaderBytes + understood,
                   version == kVersion2 ? "a tombstone is cut short or of a kind not known"
                                        : "a tombstone (counted in unpacked bytes) is cut short or "
                                          "of a kind not known");
}

std::vector<DeletedRange> Tombstones::ranges(std::string_view key) const {
  std::vector<DeletedRange> found;
  if (auto place = keys_.find(key); place != keys_.end()) found = place->second;
  for (const auto& [prefix, range] : prefixes_) {
    if (key.starts_with(prefix)) found.push_back(range);
  }
  return found;
}

}  // namespace weir::store::influxd
