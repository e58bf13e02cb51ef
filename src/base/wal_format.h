// The bytes of a write-ahead log: docs/format.md#log draws them.
//
// The store and the broker keep one each; they differ in their kind: the magic word and what a
// record's body says. A log is the files of one directory, `<first LSN, 20 digits>.log`, each a
// header and records. LSNs (log sequence numbers) count records from 1 without gaps, across
// segments. All numbers are little-endian.
//
//   segment   8-byte magic | u64 first LSN | u32 CRC-32C of the 16 bytes before | records...
//   record    u32 body bytes | u32 CRC-32C | u64 LSN | u32 unsynced | u8 type | body
//
// The CRC covers the body, then the header without the CRC itself. `unsynced` counts the records
// directly before this one that were not known to be on disk when it was written. It is what tells
// a torn tail from damage: a bad record that a later, good one calls synced was once complete.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir {

// Which log it is.
struct WalKind {
  std::string_view magic;  // 8 bytes
  uint8_t types = 0;       // records have types 1..types
  // A body longer than this is damage. Writers split what they write long before it.
  uint32_t body_bytes_max = 0;
};

inline constexpr size_t kWalHeaderBytes = 8 + 8 + 4;
inline constexpr size_t kWalRecordHeaderBytes = 4 + 4 + 8 + 4 + 1;

std::string segment_header(const WalKind& kind, uint64_t first_lsn);
// Appends the header of a record whose body has the given size and CRC-32C.
void append_record_header(std::string& out, size_t body_bytes, uint32_t body_crc, uint64_t lsn,
                          uint64_t synced_lsn, uint8_t type);

struct RecordHeader {
  uint32_t body_bytes = 0, crc = 0;
  uint64_t lsn = 0;
  uint32_t unsynced = 0;
  uint8_t type = 0;
};
// The header at the front of `bytes`, which has at least kWalRecordHeaderBytes.
RecordHeader read_record_header(std::string_view bytes);
// Whether the record at the front of `bytes` is complete and its checksum right.
bool record_is_good(const WalKind& kind, std::string_view bytes, const RecordHeader& header);

std::string segment_name(uint64_t first_lsn);
// Whether a file name is a segment's.
bool is_segment_name(std::string_view name);

}  // namespace weir
