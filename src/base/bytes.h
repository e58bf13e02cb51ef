// Reading and writing numbers and byte strings in a run of bytes, every read checked.
//
// ByteReader walks a view and turns "not enough bytes" into a failed state instead of a crash:
// after the first short read ok() is false and every later read returns zero or empty, so a decoder
// may read a whole structure and check once. ByteWriter appends to a std::string.
// Big-endian (`be`) is for MQTT and for sorted keys, little-endian (`le`) for weir's own files.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace weir {

template <class T>
T byte_swapped(T value) {
  if constexpr (sizeof(T) == 1) return value;
  if constexpr (sizeof(T) == 2)
    return static_cast<T>(__builtin_bswap16(static_cast<uint16_t>(value)));
  if constexpr (sizeof(T) == 4)
    return static_cast<T>(__builtin_bswap32(static_cast<uint32_t>(value)));
  if constexpr (sizeof(T) == 8)
    return static_cast<T>(__builtin_bswap64(static_cast<uint64_t>(value)));
}

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes), size_(bytes.size()) {}

  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }
  size_t position() const { return size_ - rest_.size(); }
  size_t remaining() const { return rest_.size(); }
  std::string_view rest() const { return rest_; }
  void fail() { ok_ = false, rest_ = {}; }

  std::string_view bytes(size_t count) {
    if (count > rest_.size()) return fail(), std::string_view();
    std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }
  template <class T>
  T le() {
    T value{};
    std::string_view taken = bytes(sizeof(T));
    if (ok_) std::memcpy(&value, taken.data(), sizeof(T));
    return value;
  }
  template <class T>
  T be() {
    return byte_swapped(le<T>());
  }
  uint8_t u8() { return le<uint8_t>(); }
  // Unsigned LEB128, at most 10 bytes.
  uint64_t varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 70; shift += 7) {
      uint8_t byte = u8();
      if (!ok_) return 0;
      if (shift == 63 && byte > 1) break;
      value |= uint64_t(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    return fail(), 0;
  }
  // Zigzag LEB128: small magnitudes of either sign are short.
  int64_t signed_varint() {
    uint64_t coded = varint();
    return static_cast<int64_t>(coded >> 1) ^ -static_cast<int64_t>(coded & 1);
  }
  // A varint length, then that many bytes.
  std::string_view sized() {
    uint64_t length = varint();
    if (length > rest_.size()) return fail(), std::string_view();
    return bytes(static_cast<size_t>(length));
  }

 private:
  std::string_view rest_;
  size_t size_;
  bool ok_ = true;
};

class ByteWriter {
 public:
  explicit ByteWriter(std::string& out) : out_(out) {}

  size_t size() const { return out_.size(); }
  void bytes(std::string_view text) { out_.append(text); }
  template <class T>
  void le(T value) {
    char raw[sizeof(T)];
    std::memcpy(raw, &value, sizeof(T));
    out_.append(raw, sizeof(T));
  }
  template <class T>
  void be(T value) {
    le(byte_swapped(value));
  }
  void u8(uint8_t value) { out_.push_back(static_cast<char>(value)); }
  void varint(uint64_t value) {
    while (value >= 0x80) {
      u8(static_cast<uint8_t>(value | 0x80));
      value >>= 7;
    }
    u8(static_cast<uint8_t>(value));
  }
  void signed_varint(int64_t value) {
    varint((static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63));
  }
  void sized(std::string_view text) {
    varint(text.size());
    bytes(text);
  }

 private:
  std::string& out_;
};

static_assert(std::endian::native == std::endian::little,
              "weir's files are little-endian and read without swapping");

}  // namespace weir
