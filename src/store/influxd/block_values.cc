// Floats, booleans and strings of a block.
#include <fmt/core.h>
#include <snappy.h>

#include <bit>

#include "base/bytes.h"
#include "store/influxd/block.h"

namespace weir::store::influxd {
namespace {

// Bits from the highest of each byte on; a read past the end fails and gives zeros.
class BitReader {
 public:
  explicit BitReader(std::string_view bytes) : bytes_(bytes) {}
  bool ok() const { return ok_; }

  uint64_t read(unsigned count) {
    if (count > bytes_.size() * 8 - position_) return ok_ = false, 0;
    uint64_t value = 0;
    while (count > 0) {
      const auto byte = static_cast<unsigned char>(bytes_[position_ / 8]);
      const unsigned left = 8 - position_ % 8;
      const unsigned taken = std::min(left, count);
      value = value << taken | ((byte >> (left - taken)) & ((1U << taken) - 1));
      position_ += taken;
      count -= taken;
    }
    return value;
  }

 private:
  std::string_view bytes_;
  size_t position_ = 0;
  bool ok_ = true;
};

// The end of a block's floats: a NaN that no value can be, since InfluxDB stores none.
constexpr uint64_t kEndOfFloats = 0x7ff8'0000'0000'0001;

Error wrong_encoding(std::string_view what, std::string_view bytes) {
  if (bytes.empty()) return Error{Errc::invalid, fmt::format("{}: end early", what)};
  return Error{Errc::invalid, fmt::format("{}: got encoding {}, wanted 1", what,
                                          static_cast<unsigned char>(bytes[0]) >> 4)};
}

bool has_encoding_1(std::string_view bytes) {
  return !bytes.empty() && static_cast<unsigned char>(bytes[0]) >> 4 == 1;
}

}  // namespace

// Each value is XORed with the one before: bit 0 repeats it, 10 gives the bits within the last
// window, 11 a new window of 5 bits leading zeros and 6 bits width (0 means 64). Pelkonen et al.,
// "Gorilla: a fast, scalable, in-memory time series database", §4.1.2.
Result<void> decode_floats(std::string_view bytes, size_t count, std::vector<uint64_t>& bits) {
  if (!has_encoding_1(bytes)) return wrong_encoding("floats", bytes);
  BitReader reader(bytes.substr(1));
  uint64_t value = reader.read(64);
  unsigned leading = 0, width = 64;
  for (size_t i = 0; i <= count; i++) {
    if (i > 0 && reader.read(1) == 1) {
      if (reader.read(1) == 1) {
        leading = static_cast<unsigned>(reader.read(5));
        width = static_cast<unsigned>(reader.read(6));
        if (width == 0) width = 64;
        if (leading + width > 64) {
          return Error{Errc::invalid, fmt::format("floats: {} leading zeros and {} bits are more "
                                                  "than 64",
                                                  leading, width)};
        }
      }
      value ^= reader.read(width) << (64 - leading - width);
    }
    if (!reader.ok()) return Error{Errc::invalid, "floats: end early"};
    if (value == kEndOfFloats) return {};
    if (i == count) break;
    bits.push_back(value);
  }
  return Error{Errc::invalid, fmt::format("floats: more than the block's {} timestamps", count)};
}

Result<void> decode_booleans(std::string_view bytes, std::vector<uint64_t>& bits) {
  if (!has_encoding_1(bytes)) return wrong_encoding("booleans", bytes);
  ByteReader reader(bytes.substr(1));
  const uint64_t count = reader.varint();
  if (!reader.ok() || count > reader.remaining() * 8) {
    return Error{Errc::invalid, "booleans: end early"};
  }
  BitReader values(reader.rest());
  for (uint64_t i = 0; i < count; i++) bits.push_back(values.read(1));
  return {};
}

Result<void> decode_strings(std::string_view bytes, std::string& text,
                            std::vector<uint64_t>& bits) {
  if (!has_encoding_1(bytes)) return wrong_encoding("strings", bytes);
  const std::string_view compressed = bytes.substr(1);
  // Snappy expands a byte to 64 at the very most: a size beyond that is damage, not a reason to
  // take memory.
  constexpr size_t kExpansionMax = 64;
  size_t size = 0;
  if (!snappy::GetUncompressedLength(compressed.data(), compressed.size(), &size) ||
      size > kBlockTextBytesMax || size > compressed.size() * kExpansionMax) {
    return Error{Errc::invalid, "strings: no snappy block"};
  }
  text.resize(size);
  if (!snappy::RawUncompress(compressed.data(), compressed.size(), text.data())) {
    return Error{Errc::invalid, "strings: the snappy block is damaged"};
  }
  ByteReader reader(text);
  while (!reader.at_end()) {
    const std::string_view value = reader.sized();
    if (!reader.ok()) return Error{Errc::invalid, "strings: end early"};
    bits.push_back((reader.position() - value.size()) << 32 | value.size());
  }
  return {};
}

}  // namespace weir::store::influxd
