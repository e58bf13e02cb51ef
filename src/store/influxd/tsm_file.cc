#include "store/influxd/tsm_file.h"

#include <fmt/core.h>
#include <zlib.h>

#include "base/bytes.h"

namespace weir::store::influxd {
namespace {

constexpr uint32_t kMagic = 0x16d1'16d1;
constexpr size_t kHeaderBytes = 5;
constexpr size_t kFooterBytes = 8;

}  // namespace

BlockPlace IndexedKey::block(size_t i) const {
  ByteReader reader(entries.substr(i * kEntryBytes, kEntryBytes));
  BlockPlace place;
  place.time_min_ns = reader.be<int64_t>();
  place.time_max_ns = reader.be<int64_t>();
  place.offset = reader.be<uint64_t>();
  place.size = reader.be<uint32_t>();
  return place;
}

Result<std::unique_ptr<TsmFile>> TsmFile::open(const std::string& path) {
  WEIR_TRY(auto file, MappedFile::open(path));
  WEIR_TRY(auto tsm, parse(file->bytes(), path));
  tsm->file_ = std::move(file);
  return tsm;
}

Result<std::unique_ptr<TsmFile>> TsmFile::parse(std::string_view bytes, std::string path) {
  ByteReader header(bytes);
  if (header.be<uint32_t>() != kMagic) return damage_at(path, 0, "not a TSM file");
  if (const uint8_t version = header.u8(); version != 1) {
    return damage_at(path, 4, fmt::format("TSM version {}, wanted 1", version));
  }
  if (bytes.size() < kHeaderBytes + kFooterBytes) {
    return damage_at(path, bytes.size(), "the file ends before its footer");
  }
  const size_t index_end = bytes.size() - kFooterBytes;
  const auto index_begin = ByteReader(bytes.substr(index_end)).be<uint64_t>();
  if (index_begin < kHeaderBytes || index_begin > index_end) {
    return damage_at(path, index_end,
                     fmt::format("the index is said to begin at {}, beyond the "
                                 "file: was its end lost?",
                                 index_begin));
  }
  std::unique_ptr<TsmFile> tsm(new TsmFile());
  tsm->path_ = std::move(path);
  tsm->bytes_ = bytes;
  tsm->index_begin_ = static_cast<size_t>(index_begin);
  tsm->index_end_ = index_end;
  return tsm;
}

Result<bool> TsmFile::Keys::next() {
  const std::string_view bytes = file_.bytes_.substr(0, file_.index_end_);
  if (at_ == bytes.size()) return false;
  ByteReader reader(bytes.substr(at_));
  const std::string_view key = reader.bytes(reader.be<uint16_t>());
  const uint8_t type_number = reader.u8();
  const std::string_view entries =
      reader.bytes(size_t{reader.be<uint16_t>()} * IndexedKey::kEntryBytes);
  if (!reader.ok()) return damage_at(file_.path(), at_, "the index ends within an entry");
  if (key <= key_.key) return damage_at(file_.path(), at_, "the keys of the index do not ascend");
  auto type = block_type(type_number);
  if (!type.ok()) return damage_at(file_.path(), at_, type.error().message);
  key_ = {key, *type, entries};
  at_ += reader.position();
  return true;
}

double TsmFile::Keys::progress() const {
  const size_t size = file_.index_end_ - file_.index_begin_;
  return size == 0 ? 1 : static_cast<double>(at_ - file_.index_begin_) / static_cast<double>(size);
}

Result<void> TsmFile::read_block(const BlockPlace& place, Column& column) const {
  const std::string_view blocks = bytes_.substr(0, index_begin_);
  constexpr size_t kChecksumBytes = 4;
  if (place.offset < kHeaderBytes || place.offset > blocks.size() ||
      place.size > blocks.size() - place.offset || place.size < kChecksumBytes) {
    return damage_at(path(), place.offset,
                     fmt::format("a block of {} bytes lies outside the file's blocks", place.size));
  }
  const std::string_view stored = blocks.substr(place.offset, place.size);
  const std::string_view block = stored.substr(kChecksumBytes);
  const auto wanted = ByteReader(stored).be<uint32_t>();
  const auto got = static_cast<uint32_t>(
      ::crc32(0, reinterpret_cast<const Bytef*>(block.data()), static_cast<uInt>(block.size())));
  if (got != wanted) {
    return damage_at(
        path(), place.offset,
        fmt::format("the block's checksum is {:08x}, wanted {:08x}: it is damaged", got, wanted));
  }
  auto decoded = decode_block(block, column);
  if (!decoded.ok()) return damage_at(path(), place.offset, decoded.error().message);
  return {};
}

}  // namespace weir::store::influxd
