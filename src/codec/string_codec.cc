// Strings: a dictionary where few are distinct, else one zstd frame, else plain.
#include <absl/container/flat_hash_map.h>
#include <zstd.h>

#include <algorithm>

#include "base/assert.h"
#include "codec/column_codec.h"
#include "codec/column_format.h"
#include "codec/integer_codec.h"

namespace weir::codec {
namespace {

// More distinct values than this gain too little over zstd to be worth the table.
constexpr size_t kDictionaryMax = 256;
// Level 3 is where zstd's ratio on short texts stops growing at ingest speed.
constexpr int kZstdLevel = 3;
// Below this zstd's frame header costs more than it saves.
constexpr size_t kZstdBytesMin = 64;

struct Dictionary {
  std::vector<std::string_view> entries;
  std::vector<uint64_t> indexes;  // one per row
};

// Empty if there are more than kDictionaryMax distinct values.
Dictionary make_dictionary(std::span<const std::string_view> values) {
  Dictionary dictionary;
  absl::flat_hash_map<std::string_view, uint64_t, std::hash<std::string_view>, std::equal_to<>>
      index_of;
  dictionary.indexes.reserve(values.size());
  for (std::string_view value : values) {
    auto [place, is_new] = index_of.try_emplace(value, dictionary.entries.size());
    if (is_new) {
      if (dictionary.entries.size() == kDictionaryMax) return {};
      dictionary.entries.push_back(value);
    }
    dictionary.indexes.push_back(place->second);
  }
  return dictionary;
}

void append_lengths(std::span<const std::string_view> values, std::string& out) {
  std::vector<uint64_t> lengths(values.size());
  for (size_t i = 0; i < values.size(); i++) lengths[i] = values[i].size();
  encode_integers(lengths, Effort::quick, out);
}

void append_dictionary(const Dictionary& dictionary, std::string& out) {
  out.push_back(static_cast<char>(StringMode::dictionary));
  ByteWriter(out).varint(dictionary.entries.size());
  append_lengths(dictionary.entries, out);
  for (std::string_view entry : dictionary.entries) out.append(entry);
  encode_integers(dictionary.indexes, Effort::quick, out);
}

void append_plain(std::span<const std::string_view> values, std::string& out) {
  out.push_back(static_cast<char>(StringMode::plain));
  append_lengths(values, out);
  for (std::string_view value : values) out.append(value);
}

// False, and nothing appended, if zstd cannot make it smaller.
bool append_zstd(std::span<const std::string_view> values, size_t total_bytes, std::string& out) {
  std::string bytes;
  bytes.reserve(total_bytes);
  for (std::string_view value : values) bytes.append(value);
  std::string packed(ZSTD_compressBound(bytes.size()), '\0');
  const size_t size =
      ZSTD_compress(packed.data(), packed.size(), bytes.data(), bytes.size(), kZstdLevel);
  if (ZSTD_isError(size) != 0 || size + 5 >= total_bytes) return false;
  out.push_back(static_cast<char>(StringMode::zstd));
  append_lengths(values, out);
  ByteWriter(out).sized(std::string_view(packed.data(), size));
  return true;
}

// Lengths of strings that lie end to end; fails if they sum to more than `bytes_max`.
Result<size_t> read_lengths(ByteReader& in, std::span<uint64_t> lengths, uint64_t bytes_max) {
  WEIR_CHECK(decode_integers(in, lengths.size(), lengths));
  uint64_t total = 0;
  for (uint64_t length : lengths) {
    if (length > bytes_max - total) return Error{Errc::invalid, "strings: lengths out of range"};
    total += length;
  }
  return static_cast<size_t>(total);
}

void cut(std::string_view bytes, std::span<const uint64_t> lengths, std::vector<std::string>& out) {
  for (size_t i = 0; i < lengths.size(); i++) {
    out[i].assign(bytes.substr(0, lengths[i]));
    bytes.remove_prefix(lengths[i]);
  }
}

Result<void> read_plain(ByteReader& in, std::vector<std::string>& out) {
  std::vector<uint64_t> lengths(out.size());
  WEIR_TRY(const size_t total, read_lengths(in, lengths, in.remaining()));
  const std::string_view bytes = in.bytes(total);
  if (!in.ok()) return Error{Errc::invalid, "plain strings: cut short"};
  cut(bytes, lengths, out);
  return {};
}

Result<void> read_zstd(ByteReader& in, std::vector<std::string>& out) {
  std::vector<uint64_t> lengths(out.size());
  WEIR_TRY(const size_t total, read_lengths(in, lengths, kExpandedStringBytesMax));
  const std::string_view packed = in.sized();
  if (!in.ok()) return Error{Errc::invalid, "compressed strings: cut short"};
  // The frame says its own size: a damaged length must not make us allocate first and fail then.
  if (ZSTD_getFrameContentSize(packed.data(), packed.size()) != total) {
    return Error{Errc::invalid, "compressed strings: the frame's size is not the lengths' sum"};
  }
  std::string bytes(total, '\0');
  const size_t size = ZSTD_decompress(bytes.data(), bytes.size(), packed.data(), packed.size());
  if (ZSTD_isError(size) != 0 || size != total) {
    return Error{Errc::invalid, "compressed strings: damaged frame"};
  }
  cut(bytes, lengths, out);
  return {};
}

Result<void> read_dictionary(ByteReader& in, std::vector<std::string>& out) {
  const uint64_t count = in.varint();
  if (!in.ok() || count == 0 || count > kDictionaryMax) {
    return Error{Errc::invalid, "dictionary: entry count out of range"};
  }
  std::vector<uint64_t> lengths(count);
  WEIR_TRY(const size_t total, read_lengths(in, lengths, in.remaining()));
  std::string_view bytes = in.bytes(total);
  if (!in.ok()) return Error{Errc::invalid, "dictionary: cut short"};
  std::vector<std::string_view> entries;
  for (uint64_t length : lengths) {
    entries.push_back(bytes.substr(0, length));
    bytes.remove_prefix(length);
  }
  std::vector<uint64_t> indexes(out.size());
  WEIR_CHECK(decode_integers(in, indexes.size(), indexes));
  size_t expanded = 0;
  for (size_t i = 0; i < out.size(); i++) {
    if (indexes[i] >= count) return Error{Errc::invalid, "dictionary: index out of range"};
    const std::string_view entry = entries[indexes[i]];
    expanded += entry.size();
    if (expanded > kExpandedStringBytesMax) {
      return Error{Errc::invalid, "dictionary: expands to too many bytes"};
    }
    out[i].assign(entry);
  }
  return {};
}

}  // namespace

void encode_strings(std::span<const std::string_view> values, std::string& out) {
  WEIR_ASSERT(values.size() <= kColumnRowsMax, "a string column over kColumnRowsMax rows");
  size_t total_bytes = 0;
  for (std::string_view value : values) total_bytes += value.size();
  if (values.empty() || total_bytes > kExpandedStringBytesMax) return append_plain(values, out);
  const size_t begin = out.size();
  const Dictionary dictionary = make_dictionary(values);
  if (!dictionary.entries.empty()) append_dictionary(dictionary, out);
  const size_t dictionary_bytes = out.size() - begin;
  // A dictionary of few entries needs no rival.
  if (dictionary_bytes > 0 && dictionary_bytes * 4 <= total_bytes) return;
  std::string other;
  if (total_bytes < kZstdBytesMin || !append_zstd(values, total_bytes, other)) {
    append_plain(values, other);
  }
  if (dictionary_bytes > 0 && dictionary_bytes <= other.size()) return;
  out.resize(begin);
  out.append(other);
}

Result<void> decode_strings(ByteReader& in, size_t rows, std::vector<std::string>& out) {
  if (rows > kColumnRowsMax) return Error{Errc::invalid, "strings: too many rows"};
  out.resize(rows);
  const auto mode = static_cast<StringMode>(in.u8());
  if (!in.ok()) return Error{Errc::invalid, "strings: no mode byte"};
  switch (mode) {
    case StringMode::plain:
      return read_plain(in, out);
    case StringMode::dictionary:
      return read_dictionary(in, out);
    case StringMode::zstd:
      return read_zstd(in, out);
    default:
      return Error{Errc::invalid, "strings: unknown mode"};
  }
}

}  // namespace weir::codec
