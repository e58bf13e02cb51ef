#include "base/wal_reader.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/bytes.h"
#include "base/crc32c.h"

namespace weir {
namespace {

Error damage(const std::string& path, uint64_t offset, std::string_view what) {
  return {Errc::io, fmt::format("log segment {} is damaged at offset {}: {}", path, offset, what)};
}

bool all_zero(std::string_view bytes) {
  return bytes.find_first_not_of('\0') == std::string_view::npos;
}

// Whether a good record after `bytes`' front says that record `lsn` had been synced before it: then
// what does not read at the front was complete once. Looks at every offset, since the length at
// the front cannot be trusted.
bool synced_by_later_record(const WalKind& kind, std::string_view bytes, uint64_t lsn) {
  constexpr uint64_t kRecordsMax = 64 * 1024 * 1024;  // more than fit in a segment
  for (size_t at = 1; at + kWalRecordHeaderBytes <= bytes.size(); at++) {
    std::string_view rest = bytes.substr(at);
    RecordHeader header = read_record_header(rest);
    if (header.lsn <= lsn || header.lsn - lsn > kRecordsMax) continue;
    if (header.unsynced >= header.lsn - lsn) continue;  // written together with `lsn`
    if (record_is_good(kind, rest, header)) return true;
  }
  return false;
}

constexpr std::string_view kUnknownType =
    "a record's type is unknown; a newer version may have written it";

std::string_view what_is_wrong(const WalKind& kind, std::string_view rest,
                               const RecordHeader& header, uint64_t lsn) {
  if (rest.size() < kWalRecordHeaderBytes) return "a record's header is cut";
  if (header.body_bytes > kind.body_bytes_max) return "a record's length is out of range";
  if (header.body_bytes > rest.size() - kWalRecordHeaderBytes) return "a record is cut";
  if (!record_is_good(kind, rest, header)) return "a record's checksum is wrong";
  if (header.lsn != lsn) return "a record is out of sequence";
  return kUnknownType;
}

}  // namespace

Result<WalSummary> read_segment(const WalKind& kind, std::string_view bytes,
                                const std::string& path, bool is_last,
                                const std::function<Result<void>(const WalRecord&)>& visit) {
  WalSummary summary;
  std::string_view head = bytes.substr(0, kWalHeaderBytes);
  ByteReader in(head);
  std::string_view magic = in.bytes(kind.magic.size());
  summary.first_lsn = summary.next_lsn = in.le<uint64_t>();
  auto crc = in.le<uint32_t>();
  if (!in.ok() || magic != kind.magic || crc != crc32c(head.substr(0, 16)) ||
      summary.first_lsn == 0) {
    // A last segment without records may have lost its header with the machine.
    if (!is_last || bytes.size() > kWalHeaderBytes) {
      if (!is_last || !all_zero(bytes)) return damage(path, 0, "its header does not read");
    }
    summary.first_lsn = summary.next_lsn = 0;
    summary.torn = true;
    summary.torn_why = "its header was never completed";
    return summary;
  }
  size_t at = kWalHeaderBytes;
  while (at < bytes.size()) {
    std::string_view rest = bytes.substr(at);
    RecordHeader header;
    if (rest.size() >= kWalRecordHeaderBytes) header = read_record_header(rest);
    bool good = rest.size() >= kWalRecordHeaderBytes && record_is_good(kind, rest, header) &&
                header.lsn == summary.next_lsn && header.type >= 1 && header.type <= kind.types;
    if (!good) {
      if (all_zero(rest)) break;
      std::string_view why = what_is_wrong(kind, rest, header, summary.next_lsn);
      // Whole, so written and not torn: nothing for a program that does not know it to cut off.
      if (why == kUnknownType) return damage(path, at, why);
      if (!is_last || synced_by_later_record(kind, rest, summary.next_lsn))
        return damage(path, at, why);
      summary.torn = true;
      summary.torn_why = why;
      break;
    }
    std::string_view body = rest.substr(kWalRecordHeaderBytes, header.body_bytes);
    WalRecord record{header.lsn, header.type, body};
    if (Result<void> visited = visit(record); !visited.ok()) {
      return damage(path, at, visited.error().message);
    }
    summary.next_lsn++;
    summary.records++;
    at += kWalRecordHeaderBytes + header.body_bytes;
  }
  summary.good_bytes = at;
  return summary;
}

}  // namespace weir
