#include "http/compression.h"

#include <fmt/core.h>
#include <libdeflate.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/assert.h"
#include "http/text.h"

namespace weir::http {
namespace {

// 300 to 480 MB/s; level 6 makes line protocol and CSV a tenth smaller at a third of the speed.
constexpr int kLevel = 1;
constexpr size_t kGzipTrailerBytes = 8;
// deflate cannot compress better than this; a trailer that claims more lies.
constexpr size_t kExpansionMax = 1032;
constexpr int kGzipWindowBits = 15 + 16;  // zlib: 32 KiB window, gzip framing
constexpr size_t kStreamPieceBytes = 32 * 1024;

struct Freed {
  void operator()(libdeflate_compressor* c) const { libdeflate_free_compressor(c); }
  void operator()(libdeflate_decompressor* d) const { libdeflate_free_decompressor(d); }
};

// Both hold large tables: one of each per thread.
libdeflate_compressor& compressor() {
  thread_local std::unique_ptr<libdeflate_compressor, Freed> mine(
      libdeflate_alloc_compressor(kLevel));
  WEIR_ASSERT(mine != nullptr, "memory for a compressor");
  return *mine;
}

libdeflate_decompressor& decompressor() {
  thread_local std::unique_ptr<libdeflate_decompressor, Freed> mine(
      libdeflate_alloc_decompressor());
  WEIR_ASSERT(mine != nullptr, "memory for a decompressor");
  return *mine;
}

// The trailer holds the size of the last member, modulo 2^32: a good first guess.
size_t guess_size(std::string_view compressed, size_t most) {
  uint32_t stated = 0;
  std::memcpy(&stated, compressed.data() + compressed.size() - 4, sizeof(stated));
  return std::clamp<size_t>(stated, 1, std::min(most, compressed.size() * kExpansionMax));
}

}  // namespace

Result<std::string> gunzip(std::string_view compressed, size_t output_bytes_max) {
  auto broken = [] { return Error{Errc::invalid, "body is not valid gzip"}; };
  std::string out;
  if (compressed.empty()) return broken();
  size_t used = 0;  // of `out`
  while (!compressed.empty()) {
    if (compressed.size() < kGzipTrailerBytes) return broken();
    // One byte beyond the limit tells a body of exactly the limit from one above it.
    const size_t room_max = output_bytes_max + 1 - used;
    size_t room = guess_size(compressed, room_max);
    for (;;) {
      out.resize(used + room);
      size_t taken = 0, produced = 0;
      const libdeflate_result result =
          libdeflate_gzip_decompress_ex(&decompressor(), compressed.data(), compressed.size(),
                                        out.data() + used, room, &taken, &produced);
      if (result == LIBDEFLATE_SUCCESS) {
        compressed.remove_prefix(taken);
        used += produced;
        break;
      }
      if (result != LIBDEFLATE_INSUFFICIENT_SPACE) return broken();
      if (room >= room_max) {
        used = output_bytes_max + 1;
        break;
      }
      room = std::min(room * 2, room_max);
    }
    if (used > output_bytes_max)
      return Error{Errc::too_large, fmt::format("decompressed body exceeds the limit of {} bytes",
                                                output_bytes_max)};
  }
  out.resize(used);
  return out;
}

std::string gzip(std::string_view bytes) {
  std::string out;
  out.resize(libdeflate_gzip_compress_bound(&compressor(), bytes.size()));
  const size_t size =
      libdeflate_gzip_compress(&compressor(), bytes.data(), bytes.size(), out.data(), out.size());
  WEIR_ASSERT(size > 0, "the bound is large enough");
  out.resize(size);
  return out;
}

struct GzipStream::State {
  z_stream zlib{};
  void run(std::string_view bytes, int flush, std::string& out) {
    zlib.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    zlib.avail_in = static_cast<uInt>(bytes.size());
    std::array<char, kStreamPieceBytes> piece;
    do {
      zlib.next_out = reinterpret_cast<Bytef*>(piece.data());
      zlib.avail_out = piece.size();
      const int result = deflate(&zlib, flush);
      WEIR_ASSERT(result != Z_STREAM_ERROR, "a stream is not used after finish()");
      out.append(piece.data(), piece.size() - zlib.avail_out);
    } while (zlib.avail_out == 0);
  }
};

GzipStream::GzipStream() : state_(std::make_unique<State>()) {
  const int result = deflateInit2(&state_->zlib, kLevel, Z_DEFLATED, kGzipWindowBits,
                                  MAX_MEM_LEVEL - 1, Z_DEFAULT_STRATEGY);
  WEIR_ASSERT(result == Z_OK, "memory for a compressor");
}

GzipStream::~GzipStream() { deflateEnd(&state_->zlib); }

void GzipStream::append(std::string_view bytes, std::string& out) {
  // zlib counts in 32 bits.
  constexpr size_t kMost = 1u << 30;
  for (; bytes.size() > kMost; bytes.remove_prefix(kMost))
    state_->run(bytes.substr(0, kMost), Z_NO_FLUSH, out);
  state_->run(bytes, Z_NO_FLUSH, out);
}

void GzipStream::finish(std::string& out) { state_->run({}, Z_FINISH, out); }

struct GunzipStream::State {
  z_stream zlib{};
  bool at_end = false;
};

GunzipStream::GunzipStream() : state_(std::make_unique<State>()) {
  const int result = inflateInit2(&state_->zlib, kGzipWindowBits);
  WEIR_ASSERT(result == Z_OK, "memory for a decompressor");
}

GunzipStream::~GunzipStream() { inflateEnd(&state_->zlib); }

Result<void> GunzipStream::feed(std::string_view compressed, std::string& out) {
  z_stream& zlib = state_->zlib;
  zlib.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data()));
  zlib.avail_in = static_cast<uInt>(compressed.size());
  std::array<char, kStreamPieceBytes> piece;
  for (;;) {
    if (state_->at_end) {
      if (zlib.avail_in == 0) return {};
      inflateReset(&zlib);
      state_->at_end = false;
    }
    zlib.next_out = reinterpret_cast<Bytef*>(piece.data());
    zlib.avail_out = piece.size();
    const int result = inflate(&zlib, Z_NO_FLUSH);
    out.append(piece.data(), piece.size() - zlib.avail_out);
    if (result == Z_STREAM_END) {
      state_->at_end = true;
    } else if (result == Z_BUF_ERROR ||
               (result == Z_OK && zlib.avail_in == 0 && zlib.avail_out != 0)) {
      return {};
    } else if (result != Z_OK) {
      return Error{Errc::invalid, "body is not valid gzip"};
    }
  }
}

bool GunzipStream::at_end() const { return state_->at_end; }

bool accepts_gzip(std::string_view accept_encoding) {
  bool accepted = false;
  while (!accept_encoding.empty()) {
    const size_t comma = accept_encoding.find(',');
    const std::string_view item = accept_encoding.substr(0, comma);
    accept_encoding =
        comma == std::string_view::npos ? std::string_view() : accept_encoding.substr(comma + 1);
    const size_t semicolon = item.find(';');
    const std::string_view name = trimmed(item.substr(0, semicolon));
    const bool is_gzip = equal_ignoring_case(name, "gzip") || equal_ignoring_case(name, "x-gzip");
    if (!is_gzip && name != "*") continue;
    std::string_view weight =
        semicolon == std::string_view::npos ? "" : trimmed(item.substr(semicolon + 1));
    const bool is_refused = !weight.empty() && equal_ignoring_case(weight.substr(0, 2), "q=") &&
                            weight.substr(2).find_first_not_of("0. ") == std::string_view::npos;
    if (is_gzip) return !is_refused;  // the name outranks "*"
    accepted = !is_refused;
  }
  return accepted;
}

bool is_compressible(std::string_view content_type) {
  const std::string_view type = trimmed(content_type.substr(0, content_type.find(';')));
  if (equal_ignoring_case(type.substr(0, 5), "text/")) return true;
  for (std::string_view known :
       {"application/json", "application/csv", "application/javascript", "application/xml",
        "application/vnd.flux", "application/vnd.influxql", "application/toml",
        "application/manifest+json", "image/svg+xml"})
    if (equal_ignoring_case(type, known)) return true;
  return false;
}

}  // namespace weir::http
