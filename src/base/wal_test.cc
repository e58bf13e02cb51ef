#include <doctest/doctest.h>

#include "base/crc32c.h"
#include "base/fault_file_system.h"
#include "base/wal_reader.h"
#include "base/wal_recovery.h"
#include "base/wal_writer.h"

namespace weir {
namespace {

struct Record {
  uint64_t lsn;
  std::string body;
  friend bool operator==(const Record&, const Record&) = default;
};

constexpr WalKind kKind{"testlog1", 3, 1 << 20};
constexpr uint8_t kType = 3;
constexpr const char* kPath = "/log/segment";

// Records 5.. with these bodies; `synced` tells whether each was synced before the next was
// written.
std::string make_segment(const std::vector<std::string>& bodies, bool synced) {
  std::string bytes = segment_header(kKind, 5);
  uint64_t lsn = 5;
  for (const std::string& body : bodies) {
    append_record_header(bytes, body.size(), crc32c(body), lsn, synced ? lsn - 1 : 4, kType);
    bytes += body;
    lsn++;
  }
  return bytes;
}

Result<WalSummary> read(std::string_view bytes, bool is_last, std::vector<Record>& records) {
  records.clear();
  return read_segment(kKind, bytes, kPath, is_last, [&](const WalRecord& record) -> Result<void> {
    records.push_back({record.lsn, std::string(record.body)});
    return {};
  });
}

const std::vector<std::string> kBodies = {"first", "", "the third one", std::string(40, '\0')};

// Whether `records` is what was written, up to some record.
bool is_prefix(const std::vector<Record>& records) {
  for (size_t i = 0; i < records.size(); i++) {
    if (records[i] != Record{5 + i, kBodies[i]}) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("CRC-32C gives the values of RFC 3720 with and without the instruction") {
  std::string zeros(32, '\0'), ones(32, '\xff'), ascending;
  for (char c = 0; c < 32; c++) ascending.push_back(c);
  for (auto* function : {crc32c, crc32c_table}) {
    CHECK(function(zeros, 0) == 0x8a9136aa);
    CHECK(function(ones, 0) == 0x62a8ab43);
    CHECK(function(ascending, 0) == 0x46dd794e);
    CHECK(function("123456789", 0) == 0xe3069283);
    CHECK(function("6789", function("12345", 0)) == 0xe3069283);
  }
}

TEST_CASE("a log cut at any byte yields a prefix of its records and no error") {
  std::string whole = make_segment(kBodies, true);
  std::vector<Record> records;
  for (size_t size = 0; size <= whole.size(); size++) {
    CAPTURE(size);
    auto summary = read(std::string_view(whole).substr(0, size), true, records);
    if (size < kWalHeaderBytes) {
      REQUIRE(summary.ok());
      CHECK(summary->torn);
      continue;
    }
    REQUIRE(summary.ok());
    CHECK(is_prefix(records));
    CHECK(summary->records == records.size());
    CHECK(summary->good_bytes <= size);
    // An empty record's length is zeros: cut within, it cannot be told from reserved space.
    std::string_view rest = std::string_view(whole).substr(0, size).substr(summary->good_bytes);
    CHECK(summary->torn == (rest.find_first_not_of('\0') != std::string_view::npos));
    // In an earlier segment the same cut is damage, unless it falls between two records.
    auto earlier = read(std::string_view(whole).substr(0, size), false, records);
    CHECK(earlier.ok() == !summary->torn);
  }
}

TEST_CASE("a whole record of an unknown type is no torn tail") {
  std::vector<Record> records;
  auto read_with_last = [&](uint8_t type) {
    std::string bytes = make_segment(kBodies, true);
    append_record_header(bytes, 0, crc32c(""), 5 + kBodies.size(), 5, type);
    return read(bytes, true, records);
  };
  CHECK(read_with_last(kKind.types).ok());
  auto unknown = read_with_last(kKind.types + 1);
  REQUIRE_FALSE(unknown.ok());
  CHECK(unknown.error().message.ends_with("a newer version may have written it"));
}

TEST_CASE("reserved zeros after the last record are a clean end") {
  std::vector<Record> records;
  auto summary = read(make_segment(kBodies, true) + std::string(4096, '\0'), false, records);
  REQUIRE(summary.ok());
  CHECK(records.size() == kBodies.size());
  CHECK_FALSE(summary->torn);
}

TEST_CASE("a flipped byte is an error with its record's offset, or costs the last record only") {
  std::string whole = make_segment(kBodies, true);
  size_t last_record = whole.size() - kWalRecordHeaderBytes - kBodies.back().size();
  std::vector<Record> records;
  for (size_t at = 0; at < whole.size(); at++) {
    for (int mask : {0x01, 0x80, 0xff}) {
      CAPTURE(at);
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ mask);
      auto earlier = read(damaged, false, records);
      REQUIRE_FALSE(earlier.ok());
      CHECK(earlier.error().message.find(std::string(kPath) + " is damaged at offset ") !=
            std::string::npos);
      CHECK(is_prefix(records));
      auto last = read(damaged, true, records);
      CHECK(is_prefix(records));
      if (at >= last_record) {
        REQUIRE(last.ok());
        CHECK(last->torn);
        CHECK(last->good_bytes == last_record);
      } else {
        CHECK_FALSE(last.ok());
      }
    }
  }
}

TEST_CASE("records that were written together and never synced may be torn anywhere") {
  std::string whole = make_segment(kBodies, false);
  std::vector<Record> records;
  std::string damaged = whole;
  damaged[kWalHeaderBytes + kWalRecordHeaderBytes] ^= 1;  // the first body; later ones are whole
  auto summary = read(damaged, true, records);
  REQUIRE(summary.ok());
  CHECK(summary->torn);
  CHECK(records.empty());
}

TEST_CASE("segments rotate when full, free what is not needed, and keep their order") {
  FaultFileSystem files;
  WalWriter writer(kKind, files, "/log", 200);
  REQUIRE(writer.start({}, 1).ok());
  for (uint64_t lsn = 1; lsn <= 10; lsn++) {
    std::string record, body(50, 'x');
    append_record_header(record, body.size(), crc32c(body), lsn, lsn - 1, kType);
    REQUIRE(writer.append(record + body, lsn + 1).ok());
    REQUIRE(writer.sync().ok());
  }
  std::vector<WalSegment> segments = writer.segments();
  CHECK(segments.size() == 5);
  CHECK(segments[1].first_lsn == segments[0].end_lsn);
  REQUIRE(writer.remove_before(segments[2].end_lsn - 1).ok());
  CHECK(files.list("/log")->size() == 3);
  REQUIRE(writer.remove_before(1000).ok());
  CHECK(*files.list("/log") == std::vector<std::string>{segment_name(9)});
}

TEST_CASE("a log whose disk was full goes on when there is room, with every record it had") {
  for (uint64_t room = 0; room < 400; room++) {
    CAPTURE(room);
    FaultFileSystem files;
    WalWriter writer(kKind, files, "/log", 200);
    REQUIRE(writer.start({}, 1).ok());
    files.set_capacity(kWalHeaderBytes + room);
    uint64_t failures = 0;
    for (uint64_t lsn = 1; lsn <= 8; lsn++) {
      std::string record, body(40, static_cast<char>('a' + lsn));
      append_record_header(record, body.size(), crc32c(body), lsn, lsn - 1, kType);
      record += body;
      if (!writer.append(record, lsn + 1).ok()) {
        failures++;
        (void)writer.start_over();  // the disk is still full
        files.set_capacity(UINT64_MAX);
        REQUIRE(writer.start_over().ok());
        REQUIRE(writer.append(record, lsn + 1).ok());
      }
      REQUIRE(writer.sync().ok());
    }
    CHECK((room >= 390 || failures == 1));
    files.crash();
    uint64_t records = 0;
    auto log =
        read_log(kKind, files, "/log", 1, "test", [&](const WalRecord& record) -> Result<void> {
          CHECK(record.body == std::string(40, static_cast<char>('a' + record.lsn)));
          records++;
          return {};
        });
    REQUIRE_MESSAGE(log.ok(), log.error().message);
    CHECK(records == 8);
    CHECK(log->next_lsn == 9);
  }
}

TEST_CASE("a log that could not sync does not start over") {
  FaultFileSystem files;
  WalWriter writer(kKind, files, "/log", 200);
  REQUIRE(writer.start({}, 1).ok());
  std::string record, body(40, 'x');
  append_record_header(record, body.size(), crc32c(body), 1, 0, kType);
  REQUIRE(writer.append(record + body, 2).ok());
  CHECK_FALSE(writer.has_failed_sync());
  files.fail_operation(1);
  CHECK_FALSE(writer.sync().ok());
  CHECK(writer.has_failed_sync());
}

}  // namespace weir
