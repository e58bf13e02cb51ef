// The log reader and the record decoders on foreign bytes. Beyond not crashing: what is read stands
// before good_bytes, and reading the good part again gives the same records.
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/crc32c.h"
#include "base/wal_reader.h"
#include "store/engine/log_records.h"

namespace {

using namespace weir;
using namespace weir::store;

void require(bool condition) {
  if (!condition) std::abort();
}

void decode(const LogRecord& record) {
  switch (record.type) {
    case RecordType::bucket:
      (void)decode_bucket(record.body).ok();
      return;
    case RecordType::bucket_drop:
      (void)decode_bucket_drop(record.body).ok();
      return;
    case RecordType::series:
      (void)decode_series(record.body).ok();
      return;
    case RecordType::fields:
      (void)decode_field(record.body).ok();
      return;
    case RecordType::field_types:
      (void)decode_field_type(record.body).ok();
      return;
    case RecordType::removal: {
      Result<RemovalRecord> removal = decode_removal(record.body);
      if (removal.ok()) require(decode_removal(encode(*removal)).ok());
      return;
    }
    case RecordType::rows:
    case RecordType::packed_rows: {
      RowsDecoder rows(record.type, record.body);
      while (true) {
        Result<bool> more = rows.next();
        if (!more.ok() || !*more) return;
        for (const LayoutField& field : rows.layout()) {
          std::string_view text;
          if (!rows.value(field.type, text).ok()) return;
        }
      }
    }
  }
}

// Record checksums are what stops a fuzzer; this rewrites them, so that bodies are reached too.
std::string with_right_checksums(std::string_view bytes) {
  std::string fixed = segment_header(kStoreLog, 1);
  uint64_t lsn = 1;
  while (bytes.size() >= 2) {
    auto type = static_cast<uint8_t>(1 + static_cast<uint8_t>(bytes[0]) % kStoreLog.types);
    size_t size = std::min<size_t>(static_cast<uint8_t>(bytes[1]), bytes.size() - 2);
    std::string_view body = bytes.substr(2, size);
    append_record_header(fixed, size, crc32c(body), lsn, lsn - 1, type);
    fixed += body;
    lsn++;
    bytes.remove_prefix(2 + size);
  }
  return fixed;
}

void read(std::string_view bytes, bool is_last) {
  uint64_t records = 0;
  auto visit = [&](const WalRecord& record) -> Result<void> {
    records++;
    decode(log_record(record));
    return {};
  };
  Result<WalSummary> summary = read_segment(kStoreLog, bytes, "segment", is_last, visit);
  if (!summary.ok() || summary->first_lsn == 0) return;
  require(summary->records == records && summary->good_bytes <= bytes.size());
  records = 0;
  Result<WalSummary> again =
      read_segment(kStoreLog, bytes.substr(0, summary->good_bytes), "segment", false, visit);
  require(again.ok() && again->records == summary->records && !again->torn);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  read(bytes, true);
  read(bytes, false);
  read(with_right_checksums(bytes), true);
  return 0;
}
