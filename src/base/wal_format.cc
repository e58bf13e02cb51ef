#include "base/wal_format.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/bytes.h"
#include "base/crc32c.h"

namespace weir {
namespace {

// The header without the CRC: what the sum covers after the body.
std::string summed_header(uint32_t body_bytes, uint64_t lsn, uint32_t unsynced, uint8_t type) {
  std::string bytes;
  ByteWriter out(bytes);
  out.le(body_bytes);
  out.le(lsn);
  out.le(unsynced);
  out.u8(type);
  return bytes;
}

}  // namespace

std::string segment_header(const WalKind& kind, uint64_t first_lsn) {
  std::string bytes;
  ByteWriter out(bytes);
  out.bytes(kind.magic);
  out.le(first_lsn);
  out.le(crc32c(bytes));
  return bytes;
}

void append_record_header(std::string& out, size_t body_bytes, uint32_t body_crc, uint64_t lsn,
                          uint64_t synced_lsn, uint8_t type) {
  auto size = static_cast<uint32_t>(body_bytes);
  auto unsynced = static_cast<uint32_t>(std::min<uint64_t>(lsn - 1 - synced_lsn, UINT32_MAX));
  ByteWriter writer(out);
  writer.le(size);
  writer.le(crc32c(summed_header(size, lsn, unsynced, type), body_crc));
  writer.le(lsn);
  writer.le(unsynced);
  writer.u8(type);
}

RecordHeader read_record_header(std::string_view bytes) {
  ByteReader in(bytes);
  RecordHeader header;
  header.body_bytes = in.le<uint32_t>();
  header.crc = in.le<uint32_t>();
  header.lsn = in.le<uint64_t>();
  header.unsynced = in.le<uint32_t>();
  header.type = in.u8();
  return header;
}

bool record_is_good(const WalKind& kind, std::string_view bytes, const RecordHeader& header) {
  if (header.body_bytes > kind.body_bytes_max) return false;
  if (header.body_bytes > bytes.size() - kWalRecordHeaderBytes) return false;
  uint32_t crc = crc32c(bytes.substr(kWalRecordHeaderBytes, header.body_bytes));
  crc = crc32c(summed_header(header.body_bytes, header.lsn, header.unsynced, header.type), crc);
  return crc == header.crc;
}

std::string segment_name(uint64_t first_lsn) { return fmt::format("{:020}.log", first_lsn); }

bool is_segment_name(std::string_view name) {
  return name.size() == 24 && name.ends_with(".log") &&
         std::all_of(name.begin(), name.begin() + 20, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace weir
