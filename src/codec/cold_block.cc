#include "codec/cold_block.h"

#include <zstd.h>

#include <array>
#include <memory>
#include <vector>

#include "codec/bit_packing.h"
#include "codec/column_format.h"
#include "codec/unpack.h"

namespace weir::codec {
namespace {

// Higher levels look for longer matches, which numbers do not have: on devices' data they gain at
// most one part in thirty for twelve times the work, and level 3 and 9 lose.
constexpr int kZstdLevel = 1;
// A width must hold all but one in so many values, or exceptions cost more than they save.
constexpr size_t kExceptionsPart = 32;

constexpr bool is_cold_width(unsigned width) {
  return width == 1 || width == 2 || width == 4 || (width % 8 == 0 && width >= 8 && width <= 64);
}

std::string planes_of(std::span<const uint64_t> values, unsigned width) {
  std::string bytes;
  if (width < 8) {
    append_bits(values, width, bytes);
    return bytes;
  }
  bytes.reserve(values.size() * width / 8);
  for (unsigned shift = 0; shift < width; shift += 8) {
    for (uint64_t value : values) bytes.push_back(static_cast<char>(value >> shift));
  }
  return bytes;
}

struct FreeCompressor {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};
struct FreeDecompressor {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

std::string compressed(const std::string& bytes) {
  thread_local std::unique_ptr<ZSTD_CCtx, FreeCompressor> context(ZSTD_createCCtx());
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, kZstdLevel);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_contentSizeFlag, 0);
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  const size_t size =
      ZSTD_compress2(context.get(), out.data(), out.size(), bytes.data(), bytes.size());
  if (ZSTD_isError(size) != 0) return bytes + std::string(16, '\0');  // never the shortest
  out.resize(size);
  return out;
}

std::string block_of(std::span<const uint64_t> values, const PackedPlan& plan) {
  std::string block;
  append_packed_head(values, plan, block);
  const std::string frame = compressed(planes_of(values, plan.width));
  ByteWriter writer(block);
  writer.varint(frame.size());
  writer.bytes(frame);
  return block;
}

void read_planes(const char* planes, size_t count, unsigned width, std::span<uint64_t> values) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(planes);
  unpack(planes, values.size(), 8, values.data(), 0);
  for (unsigned shift = 8; shift < width; shift += 8) {
    bytes += count;
    for (size_t i = 0; i < values.size(); i++) values[i] |= uint64_t{bytes[i]} << shift;
  }
}

}  // namespace

bool append_cold(std::span<const uint64_t> values, size_t size_max, std::string& out) {
  std::array<size_t, 65> counts{};
  for (uint64_t value : values) counts[bit_width(value)]++;
  std::string best;
  size_t exceptions = values.size(), tried = 0, held = 0;
  for (unsigned width = 0; width <= 64 && tried < 2; width++) {
    held += counts[width];
    exceptions = values.size() - held;
    if (!is_cold_width(width) || exceptions * kExceptionsPart > values.size()) continue;
    std::string block = block_of(values, {width, exceptions, 0});
    if (best.empty() || block.size() < best.size()) best = std::move(block);
    if (exceptions == 0 && width >= 8) break;
    tried++;
  }
  if (best.empty() || best.size() >= size_max) return false;
  out += best;
  return true;
}

Result<void> read_cold(ByteReader& in, size_t count, std::span<uint64_t> values) {
  WEIR_TRY(PackedHead head, PackedHead::read(in, count));
  const unsigned width = head.width();
  if (!is_cold_width(width)) return Error{Errc::invalid, "cold block: no such width"};
  const std::string_view frame = in.sized();
  if (!in.ok()) return Error{Errc::invalid, "cold block: cut short"};
  // At most 8 bytes a value, kept for the next block.
  thread_local std::vector<char> bytes;
  thread_local std::unique_ptr<ZSTD_DCtx, FreeDecompressor> context(ZSTD_createDCtx());
  const size_t size = packed_bytes(count, width);
  bytes.resize(size + kUnpackPadding);
  const size_t got =
      ZSTD_decompressDCtx(context.get(), bytes.data(), size, frame.data(), frame.size());
  if (ZSTD_isError(got) != 0 || got != size) {
    return Error{Errc::invalid, "cold block: its frame does not decompress"};
  }
  if (width < 8) {
    unpack(bytes.data(), values.size(), width, values.data(), 0);
  } else {
    read_planes(bytes.data(), count, width, values);
  }
  return head.patch(count, values);
}

}  // namespace weir::codec
