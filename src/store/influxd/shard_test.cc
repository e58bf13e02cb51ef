#include "store/influxd/shard.h"

#include <doctest/doctest.h>
#include <snappy.h>

#include <filesystem>
#include <fstream>

#include "model/field_text.h"
#include "store/influxd/composite_key.h"
#include "store/influxd/made_files_test.h"

namespace weir::store::influxd {
namespace {

using namespace std::string_literals;
constexpr TimeRange kEver = {std::numeric_limits<int64_t>::min(),
                             std::numeric_limits<int64_t>::max()};

// A shard's two directories, removed at the end.
class Place {
 public:
  Place() {
    std::string name = (std::filesystem::temp_directory_path() / "weir-shard-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    root_ = name;
    std::filesystem::create_directories(root_ + "/data");
    std::filesystem::create_directories(root_ + "/wal");
  }
  ~Place() { std::filesystem::remove_all(root_); }
  ShardPaths paths() const { return {root_ + "/data", root_ + "/wal"}; }
  void write(const std::string& name, const std::string& bytes) const {
    std::ofstream(root_ + "/" + name, std::ios::binary) << bytes;
  }
  // All rows as text, one a line; notes gather in `notes`.
  std::string rows(TimeRange range = kEver, const std::string& after = "") {
    notes.clear();
    auto shard = Shard::open(paths(), range, [this](std::string note) { notes.push_back(note); });
    if (!shard.ok()) return "error: " + shard.error().message;
    if (!after.empty()) (*shard)->skip_series(after);
    std::string text;
    while ((*shard)->next_group()) {
      while (const Row* row = (*shard)->next_row()) {
        text += (*shard)->series();
        for (const RowField& field : row->fields) {
          text.append(" ").append(field.name).append("=");
          model::append_value(text, field.value);
        }
        text += " @" + std::to_string(row->time_ns) + "\n";
      }
    }
    return text;
  }
  std::vector<std::string> notes;

 private:
  std::string root_;
};

std::string wal_entry(uint8_t kind, const std::string& content) {
  std::string packed, out(1, static_cast<char>(kind));
  snappy::Compress(content.data(), content.size(), &packed);
  ByteWriter(out).be(static_cast<uint32_t>(packed.size()));
  return out + packed;
}

std::string wal_integers(const std::string& key, std::vector<std::pair<int64_t, int64_t>> values) {
  std::string out("\x02");
  ByteWriter writer(out);
  writer.be(static_cast<uint16_t>(key.size()));
  writer.bytes(key);
  writer.be(static_cast<uint32_t>(values.size()));
  for (auto [time, value] : values) writer.be(time), writer.be(value);
  return out;
}

TEST_CASE("overlapping files: later generations win, fields are joined by time") {
  Place place;
  place.write("data/000000001-000000002.tsm",
              made::tsm({{"m,t=a#!~#x", {made::integers({1, 2, 3}, {10, 20, 30})}},
                         {"m,t=a#!~#y", {made::integers({2, 4}, {200, 400})}},
                         {"m,t=b#!~#x", {made::integers({1}, {1})}}}));
  place.write("data/000000002-000000001.tsm",
              made::tsm({{"m,t=a#!~#x", {made::integers({2, 5}, {21, 50})}}}));
  place.write("data/000000003-000000001.tsm.tmp", "half written");
  CHECK(place.rows() ==
        "m,t=a x=10i @1\nm,t=a x=21i y=200i @2\nm,t=a x=30i @3\nm,t=a y=400i @4\n"
        "m,t=a x=50i @5\nm,t=b x=1i @1\n");
  CHECK(place.rows({2, 4}) == "m,t=a x=21i y=200i @2\nm,t=a x=30i @3\n");
  CHECK(place.rows(kEver, "m,t=a") == "m,t=b x=1i @1\n");
  CHECK(place.notes.empty());
}

TEST_CASE("a block that reaches back into earlier ones of its file wins over them") {
  Place place;
  place.write("data/000000001-000000001.tsm",
              made::tsm({{"m#!~#x",
                          {made::integers({1, 5}, {1, 5}), made::integers({6, 9}, {6, 9}),
                           made::integers({2, 6}, {-2, -6})}}}));
  CHECK(place.rows() == "m x=1i @1\nm x=-2i @2\nm x=5i @5\nm x=-6i @6\nm x=9i @9\n");
}

TEST_CASE("tombstones of each version hide what their own file holds") {
  const std::string key = "m,t=a#!~#x";
  const std::string older = made::tsm(
      {{key, {made::integers({1, 2, 3}, {1, 2, 3})}}, {"m,t=b#!~#x", {made::integers({1}, {7})}}});
  const std::string newer = made::tsm({{key, {made::integers({2}, {22})}}});
  const auto size = static_cast<uint32_t>(key.size());
  struct {
    std::string bytes, rows;
  } cases[] = {
      {key + "\n", "m,t=a x=22i @2\nm,t=b x=7i @1\n"},
      {"\0\0\x15\x02"s + made::tombstone(size, key, 1, 2),
       "m,t=a x=22i @2\nm,t=a x=3i @3\nm,t=b x=7i @1\n"},
      {"\0\0\x15\x03"s + made::gzip(made::tombstone(size, key, 3, 9)),
       "m,t=a x=1i @1\nm,t=a x=22i @2\nm,t=b x=7i @1\n"},
      {"\0\0\x15\x04"s + made::gzip(made::tombstone(size, key, 1, 1)) +
           made::gzip(made::tombstone(0x8000'0000 | 3, "m,t", 3, 3)),
       "m,t=a x=22i @2\nm,t=b x=7i @1\n"},
  };
  for (const auto& [bytes, rows] : cases) {
    Place place;
    place.write("data/000000001-000000001.tsm", older);
    place.write("data/000000001-000000001.tombstone", bytes);
    place.write("data/000000002-000000001.tsm", newer);
    CHECK(place.rows() == rows);
    if (bytes[0] != '\0') continue;
    place.write("data/000000001-000000001.tombstone", bytes + "\x01\x02\x03");
    CHECK(place.rows().find("000000001-000000001.tombstone: offset ") != std::string::npos);
  }
}

TEST_CASE("the log wins over the files; its deletes reach only what the log held before") {
  Place place;
  const std::string key = "m#!~#x";
  place.write("data/000000001-000000001.tsm", made::tsm({{key, {made::integers({1, 2}, {1, 2})}}}));
  std::string range = made::be64(4) + made::be64(5);
  ByteWriter writer(range);
  writer.be(static_cast<uint32_t>(key.size()));
  writer.bytes(key);
  place.write("wal/_00001.wal", wal_entry(1, wal_integers(key, {{2, 22}, {4, 4}, {6, 6}}) +
                                                 wal_integers("gone#!~#x", {{1, 1}})) +
                                    wal_entry(3, range) + wal_entry(2, "gone#!~#x\nnever#!~#x"));
  const std::string second = wal_entry(1, wal_integers(key, {{6, 66}, {5, 5}}));
  const std::string torn = wal_entry(1, wal_integers(key, {{9, 9}}));
  const std::string rows = "m x=1i @1\nm x=22i @2\nm x=5i @5\nm x=66i @6\n";
  for (size_t size = 0; size < torn.size(); size++) {
    place.write("wal/_00002.wal", second + torn.substr(0, size));
    CHECK(place.rows() == rows);
    CHECK(place.notes.empty());
  }
  place.write("wal/_00002.wal", second + "\x09\0\0\0\x01\0"s + torn);
  CHECK(place.rows() == rows);
  REQUIRE(place.notes.size() == 1);
  CHECK(place.notes[0].find("_00002.wal: offset " + std::to_string(second.size())) !=
        std::string::npos);
}

TEST_CASE("a damaged block or file is noted with its place, the rest is read") {
  Place place;
  std::string file =
      made::tsm({{"a#!~#x", {made::integers({1}, {1})}}, {"b#!~#x", {made::integers({1}, {2})}}});
  file[12] = static_cast<char>(file[12] ^ 1);
  place.write("data/000000001-000000001.tsm", file);
  place.write("data/000000002-000000001.tsm", "");
  place.write("data/000000003-000000001.tsm", made::tsm({{"c#!~#x", {made::integers({1}, {3})}}}));
  CHECK(place.rows() == "b x=2i @1\nc x=3i @1\n");
  REQUIRE(place.notes.size() == 2);
  CHECK(place.notes[0].ends_with("000000002-000000001.tsm: offset 0: not a TSM file"));
  CHECK(place.notes[1].find("000000001-000000001.tsm: offset 5: the block's checksum is") !=
        std::string::npos);
}

TEST_CASE("every truncation and flipped byte of a file is noted or harmless") {
  Place place;
  const std::string whole = made::tsm(
      {{"a,t=1#!~#x", {made::integers({1, 2}, {1, 2})}}, {"b#!~#x", {made::integers({1}, {2})}}});
  const std::string rows = "a,t=1 x=1i @1\na,t=1 x=2i @2\nb x=2i @1\n";
  place.write("data/000000001-000000001.tsm", whole);
  REQUIRE(place.rows() == rows);
  for (size_t size = 0; size < whole.size(); size++) {
    place.write("data/000000001-000000001.tsm", whole.substr(0, size));
    place.rows();
    CHECK_FALSE(place.notes.empty());
  }
  for (size_t i = 0; i < whole.size(); i++) {
    std::string broken = whole;
    broken[i] = static_cast<char>(broken[i] ^ 0x41);
    place.write("data/000000001-000000001.tsm", broken);
    place.rows();  // must not crash: names, times and the type of a key have no checksum
  }
}

TEST_CASE("keys of both generations of InfluxDB name their series and field") {
  auto key = split_key("m\\,1,t\\ a=v\\=w#!~#a field#!~#");
  REQUIRE(key);
  CHECK(key->series == "m\\,1,t\\ a=v\\=w");
  CHECK(key->field == "a field#!~#");
  CHECK_FALSE(split_key("no field"));
  CHECK_FALSE(split_key("#!~#x"));
  CHECK(line_series("m,t=a") == "m,t=a");
  CHECK(line_series("01234567\\,9abcdef,\0=a\\ m\\=1,t=b\\,c,\xff=x"s) == "a\\ m=1,t=b\\,c");
}

}  // namespace
}  // namespace weir::store::influxd
