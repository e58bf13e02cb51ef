#include "store/influxd/directory.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "store/influxd/bolt_file.h"
#include "store/influxd/made_files_test.h"
#include "store/influxd/meta_db.h"

namespace weir::store::influxd {
namespace {

using namespace std::string_literals;
using Pairs = std::vector<std::pair<std::string, std::string>>;
constexpr size_t kPageSize = 512;

// Elements of a leaf page; `flags` 1 marks buckets.
std::string leaf(const Pairs& pairs, uint32_t flags, uint64_t id) {
  std::string head, elements, data;
  ByteWriter writer(head), element(elements);
  const size_t elements_size = pairs.size() * 16;
  for (size_t i = 0; i < pairs.size(); i++) {
    element.le(flags);
    element.le(static_cast<uint32_t>(elements_size - i * 16 + data.size()));
    element.le(static_cast<uint32_t>(pairs[i].first.size()));
    element.le(static_cast<uint32_t>(pairs[i].second.size()));
    data += pairs[i].first + pairs[i].second;
  }
  const size_t size = 16 + elements.size() + data.size();
  writer.le(id);
  writer.le(uint16_t{2});
  writer.le(static_cast<uint16_t>(pairs.size()));
  writer.le(static_cast<uint32_t>((size - 1) / kPageSize));
  return head + elements + data;
}

std::string meta_page(uint64_t transaction, uint64_t root) {
  std::string page, body;
  ByteWriter head(page), writer(body);
  head.le(uint64_t{0}), head.le(uint16_t{4}), head.le(uint16_t{0}), head.le(uint32_t{0});
  writer.le(uint32_t{0xed0c'daed}), writer.le(uint32_t{2}), writer.le(uint32_t{kPageSize});
  writer.le(uint32_t{0});
  for (uint64_t word : {root, uint64_t{0}, uint64_t{0}, uint64_t{9}, transaction}) writer.le(word);
  uint64_t hash = 14695981039346656037U;
  for (char c : body) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  writer.le(hash);
  return page + body;
}

std::string padded(std::string page) {
  page.resize((page.size() + kPageSize - 1) / kPageSize * kPageSize);
  return page;
}

// Page 2: root leaf with two buckets; organizations in place, buckets behind a branch at page 3.
std::string made_bolt() {
  const Pairs organizations = {{"0000000000000001", R"({"id":"0000000000000001","name":"home"})"}};
  const Pairs first = {{"00000000000000aa",
                        R"({"id":"00000000000000aa","orgID":"0000000000000001","name":"sensors",)"
                        R"("retentionPeriod":3600000000000,"type":0})"}};
  const Pairs second = {
      {"00000000000000bb", R"({"id":"00000000000000bb","orgID":"0000000000000001","name":"_tasks",)"
                           R"("retentionPeriod":259200000000000,"padding":")" +
                               std::string(900, 'x') + R"("})"}};
  std::string in_place(16, '\0'), to_branch;
  in_place += leaf(organizations, 0, 0);
  ByteWriter(to_branch).le(uint64_t{3});
  ByteWriter(to_branch).le(uint64_t{0});
  std::string branch;
  ByteWriter writer(branch);
  writer.le(uint64_t{3}), writer.le(uint16_t{1}), writer.le(uint16_t{2}), writer.le(uint32_t{0});
  for (uint64_t child : {uint64_t{4}, uint64_t{5}}) {
    writer.le(uint32_t{0}), writer.le(uint32_t{0}), writer.le(child);
  }
  return padded(meta_page(6, 99)) + padded(meta_page(7, 2)) +
         padded(leaf({{"bucketsv1", to_branch}, {"organizationsv1", in_place}}, 1, 2)) +
         padded(branch) + padded(leaf(first, 0, 4)) + padded(leaf(second, 0, 5));
}

Pairs pairs_of(const std::string& bytes, std::string_view bucket) {
  Pairs pairs;
  auto bolt = BoltFile::parse(bytes, "influxd.bolt");
  if (!bolt.ok()) return pairs;
  auto walked = bolt->each(bucket, [&](std::string_view key, std::string_view value) {
    pairs.emplace_back(key, value);
  });
  return walked.ok() ? pairs : Pairs();
}

TEST_CASE("a Bolt file's buckets are read in place, by branch and over several pages") {
  const std::string bolt = made_bolt();
  CHECK(pairs_of(bolt, "organizationsv1").size() == 1);
  const Pairs buckets = pairs_of(bolt, "bucketsv1");
  REQUIRE(buckets.size() == 2);
  CHECK(buckets[1].second.size() > 900);
  CHECK(BoltFile::parse("no", "f").error().message.starts_with("f: offset 0: "));
  for (size_t size = 0; size < bolt.size(); size += 7) pairs_of(bolt.substr(0, size), "bucketsv1");
  for (size_t i = 0; i < bolt.size(); i++) {
    std::string broken = bolt;
    broken[i] = static_cast<char>(broken[i] ^ 0x55);
    pairs_of(broken, "bucketsv1");
  }
}

TEST_CASE("a Bolt file whose pages name themselves is refused") {
  std::string bolt = made_bolt();
  bolt[3 * kPageSize + 16 + 8] = 3;
  auto parsed = BoltFile::parse(bolt, "f");
  REQUIRE(parsed.ok());
  auto walked = parsed->each("bucketsv1", [](std::string_view, std::string_view) {});
  REQUIRE_FALSE(walked.ok());
  CHECK(walked.error().message == "f: offset 1536: the pages form no tree");
}

// A protobuf field of wire type 2 or 0.
std::string field(int number, const std::string& bytes) {
  return std::string(1, static_cast<char>(number << 3 | 2)) + made::varint(bytes.size()) + bytes;
}
std::string field(int number, uint64_t value) {
  return std::string(1, static_cast<char>(number << 3)) + made::varint(value);
}

std::string made_meta() {
  return field(1, 5) +
         field(5, field(1, "telegraf"s) + field(2, "autogen"s) +
                      field(3, field(1, "autogen"s) + field(2, 0) + field(3, 604'800'000'000'000)) +
                      field(3, field(1, "week"s) + field(2, 604'800'000'000'000)));
}

TEST_CASE("retention policies are read from InfluxDB 1's metadata") {
  auto policies = parse_meta_db(made_meta(), "meta.db");
  REQUIRE(policies.ok());
  REQUIRE(policies->size() == 2);
  CHECK((*policies)[1].database == "telegraf");
  CHECK((*policies)[1].name == "week");
  CHECK((*policies)[1].duration_ns == 604'800'000'000'000);
  CHECK(parse_meta_db("\xff\xff", "meta.db").error().message.starts_with("meta.db: offset 0: "));
}

void write(const std::filesystem::path& path, const std::string& bytes) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

TEST_CASE("the directories of InfluxDB 1 and 2 tell their buckets") {
  std::string name = (std::filesystem::temp_directory_path() / "weir-influxd-XXXXXX").string();
  REQUIRE(mkdtemp(name.data()) != nullptr);
  const std::filesystem::path root = name;
  write(root / "one/data/telegraf/week/2/000000001-000000001.tsm", "");
  write(root / "one/data/telegraf/_series/00/0000", "");
  write(root / "one/wal/telegraf/week/2/_00001.wal", "");
  write(root / "one/wal/telegraf/autogen/10/_00001.wal", "");
  write(root / "one/data/_internal/monitor/1/000000001-000000001.tsm", "");
  auto one = look_into(root / "one/");
  REQUIRE(one.ok());
  REQUIRE(one->buckets.size() == 2);
  CHECK(one->buckets[0].name == "telegraf/autogen");
  CHECK(one->buckets[0].shards[0].paths.data.empty());
  CHECK(one->notes.size() == 1);
  write(root / "one/meta/meta.db", made_meta());
  one = look_into(root / "one");
  REQUIRE(one.ok());
  CHECK(one->notes.empty());
  CHECK(one->buckets[1].name == "telegraf/week");
  CHECK(one->buckets[1].retention_ns == 604'800'000'000'000);

  write(root / "two/engine/data/00000000000000aa/autogen/3/000000001-000000001.tsm", "");
  write(root / "two/engine/data/00000000000000bb/autogen/4/000000001-000000001.tsm", "");
  auto two = look_into(root / "two");
  REQUIRE(two.ok());
  CHECK(two->version == 2);
  CHECK(two->buckets[0].name == "00000000000000aa");
  CHECK(two->notes.size() == 1);
  write(root / "two/influxd.bolt", made_bolt());
  for (const char* path : {"two", "two/engine"}) {
    two = look_into(root / path);
    REQUIRE(two.ok());
    REQUIRE(two->buckets.size() == 1);
    CHECK(two->buckets[0].name == "sensors");
    CHECK(two->buckets[0].organization == "home");
    CHECK(two->buckets[0].retention_ns == 3'600'000'000'000);
  }
  CHECK_FALSE(look_into(root).ok());
  std::filesystem::remove_all(root);
}

}  // namespace
}  // namespace weir::store::influxd
