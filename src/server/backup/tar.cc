#include "server/backup/tar.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>

#include "base/assert.h"

namespace weir::server {
namespace {

// Where a header's fields are: offset and length.
struct Field {
  size_t at, bytes;
};
constexpr Field kName{0, 100}, kMode{100, 8}, kOwner{108, 8}, kGroup{116, 8}, kSize{124, 12},
    kTime{136, 12}, kChecksum{148, 8}, kType{156, 1}, kMagic{257, 8}, kPrefix{345, 155};
constexpr uint64_t kOctalSizeMax = 077777777777;
constexpr char kFileType = '0';
constexpr unsigned char kBinary = 0x80;  // of a number's first byte: the others are big-endian

void put(std::string& header, Field field, std::string_view text) {
  header.replace(field.at, text.size(), text);
}

void put_octal(std::string& header, Field field, uint64_t number) {
  put(header, field, fmt::format("{:0{}o}", number, field.bytes - 1));
}

void put_size(std::string& header, uint64_t bytes) {
  if (bytes <= kOctalSizeMax) return put_octal(header, kSize, bytes);
  header[kSize.at] = static_cast<char>(kBinary);
  for (size_t i = 0; i < 8; i++) {
    header[kSize.at + kSize.bytes - 1 - i] = static_cast<char>(bytes >> (8 * i));
  }
}

// The sum of all bytes, those of the checksum itself taken for spaces.
uint64_t checksum_of(std::string_view header) {
  uint64_t sum = 0;
  for (size_t i = 0; i < header.size(); i++) {
    bool is_own = i >= kChecksum.at && i < kChecksum.at + kChecksum.bytes;
    sum += is_own ? ' ' : static_cast<unsigned char>(header[i]);
  }
  return sum;
}

std::string_view text_of(std::string_view header, Field field) {
  std::string_view text = header.substr(field.at, field.bytes);
  return text.substr(0, text.find('\0'));
}

std::optional<uint64_t> number_of(std::string_view header, Field field) {
  std::string_view raw = header.substr(field.at, field.bytes);
  if (static_cast<unsigned char>(raw[0]) == kBinary) {
    uint64_t number = 0;
    for (size_t i = 1; i < raw.size(); i++) {
      if (number >> 56 != 0) return std::nullopt;
      number = number << 8 | static_cast<unsigned char>(raw[i]);
    }
    return number;
  }
  std::string_view digits = raw.substr(0, raw.find_first_of(std::string_view(" \0", 2)));
  if (digits.empty()) return std::nullopt;
  uint64_t number = 0;
  for (char c : digits) {
    if (c < '0' || c > '7') return std::nullopt;
    number = number << 3 | static_cast<uint64_t>(c - '0');
  }
  return number;
}

}  // namespace

std::string tar_header(const TarEntry& entry, int64_t time_s) {
  WEIR_ASSERT(entry.name.size() <= kTarNameBytesMax, "a backup's files have short names");
  std::string header(kTarBlockBytes, '\0');
  put(header, kName, entry.name);
  put_octal(header, kMode, 0640);
  put_octal(header, kOwner, 0);
  put_octal(header, kGroup, 0);
  put_size(header, entry.bytes);
  put_octal(header, kTime, static_cast<uint64_t>(std::max<int64_t>(time_s, 0)));
  header[kType.at] = kFileType;
  put(header, kMagic,
      std::string_view("ustar\0"
                       "00",
                       8));
  put(header, kChecksum, fmt::format("{:06o}", checksum_of(header)));
  header[kChecksum.at + 7] = ' ';
  return header;
}

std::string tar_padding(uint64_t bytes) {
  return std::string((kTarBlockBytes - bytes % kTarBlockBytes) % kTarBlockBytes, '\0');
}

std::string tar_end() { return std::string(2 * kTarBlockBytes, '\0'); }

uint64_t tar_bytes(uint64_t file_bytes) {
  return kTarBlockBytes + file_bytes + tar_padding(file_bytes).size();
}

Result<void> TarReader::take_block() {
  auto wrong = [&](std::string_view what) {
    return Error{Errc::invalid, fmt::format("the archive is damaged at offset {}: {}",
                                            offset_ - kTarBlockBytes, what)};
  };
  std::string header;
  header.swap(block_);
  if (header.find_first_not_of('\0') == header.npos) {
    zero_blocks_++;
    return {};
  }
  if (zero_blocks_ > 0) return wrong("a file comes after the end");
  if (number_of(header, kChecksum) != checksum_of(header)) return wrong("a wrong checksum");
  if (!text_of(header, kMagic).starts_with("ustar")) return wrong("not in ustar format");
  if (header[kType.at] != kFileType || !text_of(header, kPrefix).empty()) {
    return wrong("an entry that is no plain file with a short name");
  }
  std::optional<uint64_t> bytes = number_of(header, kSize);
  if (!bytes) return wrong("a size that is no number");
  left_ = *bytes;
  padding_ = tar_padding(*bytes).size();
  is_in_entry_ = true;
  return visitor_.begin({std::string(text_of(header, kName)), *bytes});
}

Result<void> TarReader::feed(std::string_view bytes) {
  while (true) {
    if (is_in_entry_ && left_ == 0) {
      is_in_entry_ = false;
      WEIR_CHECK(visitor_.end());
    }
    if (bytes.empty()) return {};
    size_t taken = 0;
    if (left_ > 0) {
      taken = static_cast<size_t>(std::min<uint64_t>(left_, bytes.size()));
      WEIR_CHECK(visitor_.data(bytes.substr(0, taken)));
      left_ -= taken;
    } else if (padding_ > 0) {
      taken = std::min(padding_, bytes.size());
      padding_ -= taken;
    } else {
      taken = std::min(kTarBlockBytes - block_.size(), bytes.size());
      block_.append(bytes.substr(0, taken));
    }
    offset_ += taken;
    bytes.remove_prefix(taken);
    if (block_.size() == kTarBlockBytes) WEIR_CHECK(take_block());
  }
}

Result<void> TarReader::finish() const {
  if (zero_blocks_ >= 2 && block_.empty()) return {};
  return Error{Errc::invalid, fmt::format("the archive ends early, after {} bytes", offset_)};
}

}  // namespace weir::server
