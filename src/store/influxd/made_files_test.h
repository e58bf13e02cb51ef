// Files of InfluxDB made byte by byte, for the tests of this folder.
#pragma once

#include <zlib.h>

#include <bit>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace weir::store::influxd::made {

inline std::string be64(uint64_t value) {
  std::string out;
  ByteWriter(out).be(value);
  return out;
}

inline std::string varint(uint64_t value) {
  std::string out;
  ByteWriter(out).varint(value);
  return out;
}

// Timestamps in the raw encoding.
inline std::string raw_times(const std::vector<int64_t>& times) {
  std::string out(1, '\0');
  for (size_t i = 0; i < times.size(); i++) {
    out += be64(static_cast<uint64_t>(i == 0 ? times[0] : times[i] - times[i - 1]));
  }
  return out;
}

inline std::string raw_integers(const std::vector<int64_t>& values) {
  std::string out(1, '\0');
  int64_t before = 0;
  for (int64_t value : values) {
    const auto delta =
        static_cast<int64_t>(static_cast<uint64_t>(value) - static_cast<uint64_t>(before));
    out += be64(static_cast<uint64_t>(delta) << 1 ^ static_cast<uint64_t>(delta >> 63));
    before = value;
  }
  return out;
}

inline std::string block(uint8_t type, const std::string& times, const std::string& values) {
  return std::string(1, static_cast<char>(type)) + varint(times.size()) + times + values;
}

struct Block {
  int64_t first, last;
  std::string bytes;
};
inline Block integers(const std::vector<int64_t>& times, const std::vector<int64_t>& values) {
  return {times.front(), times.back(), block(1, raw_times(times), raw_integers(values))};
}

// A whole TSM file; the type of a key is that of its first block.
inline std::string tsm(const std::map<std::string, std::vector<Block>>& keys) {
  std::string out("\x16\xd1\x16\xd1\x01", 5), index;
  ByteWriter body(out), entries(index);
  for (const auto& [key, blocks] : keys) {
    entries.be(static_cast<uint16_t>(key.size()));
    entries.bytes(key);
    entries.bytes(blocks[0].bytes.substr(0, 1));
    entries.be(static_cast<uint16_t>(blocks.size()));
    for (const Block& made : blocks) {
      entries.be(made.first);
      entries.be(made.last);
      entries.be(uint64_t{out.size()});
      entries.be(static_cast<uint32_t>(made.bytes.size() + 4));
      body.be(static_cast<uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(made.bytes.data()),
                                          static_cast<uInt>(made.bytes.size()))));
      body.bytes(made.bytes);
    }
  }
  const std::string footer = be64(out.size());
  return out + index + footer;
}

inline std::string tombstone(uint32_t size_word, std::string_view key, int64_t first,
                             int64_t last) {
  std::string out;
  ByteWriter writer(out);
  writer.be(size_word);
  writer.bytes(key);
  writer.be(first);
  writer.be(last);
  return out;
}

inline std::string gzip(std::string_view text) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, static_cast<uLong>(text.size())) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace weir::store::influxd::made
