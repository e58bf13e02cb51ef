#include "server/backup/tar.h"

#include <doctest/doctest.h>

#include <vector>

namespace weir::server {
namespace {

struct Unpacked {
  std::vector<std::pair<std::string, std::string>> files;
  int ended = 0;
  Result<void> result;
};

Unpacked unpack(std::string_view archive, size_t piece_bytes) {
  Unpacked found;
  TarReader reader({[&](const TarEntry& entry) -> Result<void> {
                      found.files.emplace_back(entry.name, "");
                      return {};
                    },
                    [&](std::string_view bytes) -> Result<void> {
                      found.files.back().second += bytes;
                      return {};
                    },
                    [&]() -> Result<void> {
                      found.ended++;
                      return {};
                    }});
  while (!archive.empty() && found.result.ok()) {
    found.result = reader.feed(archive.substr(0, piece_bytes));
    archive.remove_prefix(std::min(piece_bytes, archive.size()));
  }
  if (found.result.ok()) found.result = reader.finish();
  return found;
}

const std::vector<std::pair<std::string, std::string>> kFiles = {
    {"store/log/1.log", std::string(700, 'x')},
    {"empty", ""},
    {std::string(kTarNameBytesMax, 'n'), std::string(512, '\0')},
    {"backup.json", "{}"}};

std::string pack() {
  std::string archive;
  for (const auto& [name, bytes] : kFiles) {
    archive += tar_header({name, bytes.size()}, 1'700'000'000) + bytes + tar_padding(bytes.size());
    CHECK(tar_bytes(bytes.size()) % kTarBlockBytes == 0);
  }
  return archive + tar_end();
}

}  // namespace

TEST_CASE("an archive is read back, whatever the pieces it comes in") {
  const std::string archive = pack();
  for (size_t piece :
       {size_t{1}, size_t{7}, size_t{511}, size_t{512}, size_t{513}, archive.size()}) {
    const Unpacked found = unpack(archive, piece);
    CHECK(found.result.ok());
    CHECK(found.files == kFiles);
    CHECK(found.ended == 4);
  }
}

TEST_CASE("an archive that is cut anywhere is not whole") {
  const std::string archive = pack();
  for (size_t bytes = 0; bytes < archive.size(); bytes++) {
    CHECK(!unpack(archive.substr(0, bytes), 4096).result.ok());
  }
}

TEST_CASE("a flipped bit in a header is found") {
  const std::string archive = pack();
  for (size_t at = 0; at < kTarBlockBytes; at++) {
    std::string flipped = archive;
    flipped[at] = static_cast<char>(flipped[at] ^ 1);
    const Unpacked found = unpack(flipped, 4096);
    // Behind the checksum's own end stand bytes that mean nothing.
    const bool is_same = found.result.ok() && found.files == kFiles;
    CHECK((!found.result.ok() || (is_same && at >= 154 && at < 156)));
  }
}

TEST_CASE("what is no plain file, and what comes after the end, is refused") {
  auto with_type = [](char type) {
    std::string header = tar_header({"x", 0}, 0);
    unsigned sum = 0;
    header[156] = type;
    for (size_t i = 0; i < header.size(); i++) {
      sum += i >= 148 && i < 156 ? ' ' : static_cast<unsigned char>(header[i]);
    }
    char digits[8];
    std::snprintf(digits, sizeof digits, "%06o", sum);
    header.replace(148, 6, digits, 6);
    return header;
  };
  CHECK(unpack(with_type('0') + tar_end(), 512).result.ok());
  for (char type : {'1', '2', '5', 'L', 'x'}) {
    CHECK(!unpack(with_type(type) + tar_end(), 512).result.ok());
  }
  CHECK(!unpack(tar_end() + with_type('0') + tar_end(), 512).result.ok());
}

TEST_CASE("a size beyond eleven octal digits is told as GNU tar tells it") {
  const uint64_t bytes = (uint64_t{1} << 40) + 5;
  std::string header = tar_header({"large", bytes}, 0);
  uint64_t told = 0;
  TarReader reader({[&](const TarEntry& entry) -> Result<void> {
                      told = entry.bytes;
                      return {};
                    },
                    [](std::string_view) { return Result<void>(); },
                    [] { return Result<void>(); }});
  REQUIRE(reader.feed(header).ok());
  CHECK(told == bytes);
}

}  // namespace weir::server
