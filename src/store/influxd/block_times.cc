// Timestamps and integers: deltas that are stored raw, run-length encoded, or packed by simple-8b.
#include <fmt/core.h>

#include "base/bytes.h"
#include "store/influxd/block.h"
#include "store/influxd/simple8b.h"

namespace weir::store::influxd {
namespace {

enum Encoding : uint8_t { raw = 0, packed = 1, run_length = 2 };

Error cut_short(std::string_view what) {
  return Error{Errc::invalid, fmt::format("{}: end early", what)};
}

Error unknown_encoding(std::string_view what, int encoding) {
  return Error{Errc::invalid, fmt::format("{}: got encoding {}, wanted 0 to 2", what, encoding)};
}

Error too_many(std::string_view what, uint64_t count) {
  return Error{Errc::invalid,
               fmt::format("{}: got {}, wanted at most {}", what, count, kBlockValuesMax)};
}

uint64_t zigzag(uint64_t coded) { return (coded >> 1) ^ (~(coded & 1) + 1); }

// Deltas as they are stored: 8 bytes for the first, then words.
Result<std::vector<uint64_t>> packed_deltas(std::string_view what, ByteReader& reader) {
  std::vector<uint64_t> deltas = {reader.be<uint64_t>()};
  if (!reader.ok()) return cut_short(what);
  WEIR_CHECK(decode_simple8b(reader.rest(), kBlockValuesMax, deltas));
  return deltas;
}

Result<std::vector<uint64_t>> raw_deltas(std::string_view what, ByteReader& reader) {
  if (reader.remaining() % 8 != 0) return cut_short(what);
  const size_t count = reader.remaining() / 8;
  if (count > kBlockValuesMax) return too_many(what, count);
  std::vector<uint64_t> deltas(count);
  for (uint64_t& delta : deltas) delta = reader.be<uint64_t>();
  return deltas;
}

}  // namespace

// The first byte's low four bits are the power of ten that all deltas were divided by. Sums wrap
// around as the encoder's did: a raw block's deltas may exceed 63 bits.
Result<void> decode_times(std::string_view bytes, std::vector<int64_t>& times) {
  constexpr std::string_view kWhat = "timestamps";
  ByteReader reader(bytes);
  const uint8_t head = reader.u8();
  if (!reader.ok()) return cut_short(kWhat);
  uint64_t unit = 1;
  for (int power = head & 0xf; power > 0; power--) unit *= 10;
  if (head >> 4 == run_length) {
    uint64_t time = reader.be<uint64_t>();
    const uint64_t delta = reader.varint() * unit;
    const uint64_t count = reader.varint();
    if (!reader.ok()) return cut_short(kWhat);
    if (count > kBlockValuesMax) return too_many(kWhat, count);
    for (uint64_t i = 0; i < count; i++, time += delta) {
      times.push_back(static_cast<int64_t>(time));
    }
    return {};
  }
  if (head >> 4 != raw && head >> 4 != packed) return unknown_encoding(kWhat, head >> 4);
  const bool is_raw = head >> 4 == raw;
  if (is_raw) unit = 1;
  WEIR_TRY(const std::vector<uint64_t> deltas,
           is_raw ? raw_deltas(kWhat, reader) : packed_deltas(kWhat, reader));
  uint64_t time = 0;
  for (size_t i = 0; i < deltas.size(); i++) {
    time = i == 0 ? deltas[i] : time + deltas[i] * unit;
    times.push_back(static_cast<int64_t>(time));
  }
  return {};
}

Result<void> decode_integers(std::string_view bytes, std::vector<uint64_t>& bits) {
  constexpr std::string_view kWhat = "integers";
  ByteReader reader(bytes);
  const uint8_t head = reader.u8();
  if (!reader.ok()) return cut_short(kWhat);
  if (head >> 4 == run_length) {
    uint64_t value = zigzag(reader.be<uint64_t>());
    const uint64_t delta = zigzag(reader.varint());
    const uint64_t repeats = reader.varint();  // beyond the first
    if (!reader.ok()) return cut_short(kWhat);
    if (repeats >= kBlockValuesMax) return too_many(kWhat, repeats);
    for (uint64_t i = 0; i <= repeats; i++, value += delta) bits.push_back(value);
    return {};
  }
  if (head >> 4 != raw && head >> 4 != packed) return unknown_encoding(kWhat, head >> 4);
  WEIR_TRY(const std::vector<uint64_t> deltas,
           head >> 4 == raw ? raw_deltas(kWhat, reader) : packed_deltas(kWhat, reader));
  uint64_t value = 0;
  for (uint64_t delta : deltas) bits.push_back(value += zigzag(delta));
  return {};
}

}  // namespace weir::store::influxd
