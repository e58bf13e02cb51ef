#include "store/influxd/block.h"

#include <doctest/doctest.h>
#include <snappy.h>

#include <limits>

#include "store/influxd/made_files_test.h"
#include "store/influxd/simple8b.h"

namespace weir::store::influxd {
namespace {

using namespace std::string_literals;
using Times = std::vector<int64_t>;
using Bits = std::vector<uint64_t>;

Times times_of(const std::string& bytes) {
  Times times;
  auto decoded = decode_times(bytes, times);
  REQUIRE_MESSAGE(decoded.ok(), (decoded.ok() ? "" : decoded.error().message));
  return times;
}

std::vector<int64_t> integers_of(const std::string& bytes) {
  Bits bits;
  auto decoded = decode_integers(bytes, bits);
  REQUIRE_MESSAGE(decoded.ok(), (decoded.ok() ? "" : decoded.error().message));
  return {bits.begin(), bits.end()};
}

TEST_CASE("simple-8b unpacks each selector's values from the lowest bits on") {
  constexpr struct {
    int selector;
    size_t count;
    int bits;
  } kSelectors[] = {{2, 60, 1},  {3, 30, 2},  {4, 20, 3},  {5, 15, 4},  {6, 12, 5},
                    {7, 10, 6},  {8, 8, 7},   {9, 7, 8},   {10, 6, 10}, {11, 5, 12},
                    {12, 4, 15}, {13, 3, 20}, {14, 2, 30}, {15, 1, 60}};
  for (const auto& [selector, count, width] : kSelectors) {
    uint64_t word = static_cast<uint64_t>(selector) << 60;
    Bits wanted;
    for (size_t i = 0; i < count; i++) {
      const uint64_t value = (0x9e37'79b9'7f4a'7c15 * (i + 1)) >> (64 - width);
      wanted.push_back(value);
      word |= value << (i * static_cast<size_t>(width));
    }
    Bits got;
    REQUIRE(decode_simple8b(made::be64(word), 240, got).ok());
    CHECK(got == wanted);
  }
  Bits ones;
  REQUIRE(decode_simple8b(made::be64(0) + made::be64(uint64_t{1} << 60), 360, ones).ok());
  CHECK(ones == Bits(360, 1));
  CHECK_FALSE(decode_simple8b(made::be64(0), 239, ones).ok());
  CHECK_FALSE(decode_simple8b("1234567", 1000, ones).ok());
}

TEST_CASE("timestamps come back from each encoding, scaled") {
  CHECK(times_of(made::raw_times({-5, 3, std::numeric_limits<int64_t>::max()})) ==
        Times{-5, 3, std::numeric_limits<int64_t>::max()});
  // Run length of 10 s in units of 10^9.
  CHECK(times_of("\x29"s + made::be64(1'500'000'000) + made::varint(10) + made::varint(3)) ==
        Times{1'500'000'000, 11'500'000'000, 21'500'000'000});
  // Packed, in units of 10^3: deltas 7000 and 8000 in a word of two values.
  const uint64_t word = uint64_t{14} << 60 | 8ULL << 30 | 7;
  CHECK(times_of("\x13"s + made::be64(1000) + made::be64(word)) == Times{1000, 8000, 16000});
  CHECK(times_of("\x10"s + made::be64(42)) == Times{42});
}

TEST_CASE("integers come back from each encoding") {
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  CHECK(integers_of(made::raw_integers({kMin, kMax, 0, -1})) ==
        std::vector<int64_t>{kMin, kMax, 0, -1});
  // First -3 (zigzag 5), then twice +2 (zigzag 4).
  CHECK(integers_of("\x20"s + made::be64(5) + made::varint(4) + made::varint(2)) ==
        std::vector<int64_t>{-3, -1, 1});
  const uint64_t word = uint64_t{13} << 60 | 2ULL << 40 | 1ULL << 20 | 6;  // +3, -1, +1
  CHECK(integers_of("\x10"s + made::be64(20) + made::be64(word)) ==
        std::vector<int64_t>{10, 13, 12, 13});
}

// Writes bits from the highest on.
class Bitwise {
 public:
  void add(uint64_t value, int width) {
    for (int i = width - 1; i >= 0; i--) {
      if (used_ % 8 == 0) bytes_.push_back('\0');
      bytes_.back() = static_cast<char>(bytes_.back() | ((value >> i & 1) << (7 - used_ % 8)));
      used_++;
    }
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
  int used_ = 0;
};

TEST_CASE("floats come back from XOR windows, repeats and a new window of 64 bits") {
  const uint64_t first = std::bit_cast<uint64_t>(1.5), second = std::bit_cast<uint64_t>(-0.0);
  const uint64_t third = second ^ 0x0000'00ff'0000'0000, end = 0x7ff8'0000'0000'0001;
  Bitwise made;
  made.add(first, 64);
  made.add(0b0, 1);                                   // again
  made.add(0b11, 2), made.add(0, 5), made.add(0, 6);  // 64 bits wide
  made.add(first ^ second, 64);
  made.add(0b11, 2), made.add(24, 5), made.add(8, 6), made.add(0xff, 8);  // 24 zeros, 8 bits
  made.add(0b10, 2), made.add(0xff, 8);                                   // same window: second
  made.add(0b11, 2), made.add(0, 5), made.add(0, 6), made.add(second ^ end, 64);
  Bits bits;
  REQUIRE(decode_floats("\x10" + made.bytes(), 5, bits).ok());
  CHECK(bits == Bits{first, first, second, third, second});
  CHECK_FALSE(decode_floats("\x10" + made.bytes(), 4, bits).ok());
  CHECK_FALSE(decode_floats("\x10" + made.bytes().substr(0, 20), 5, bits).ok());
  CHECK_FALSE(decode_floats("\x20" + made.bytes(), 5, bits).ok());
}

TEST_CASE("booleans and strings come back") {
  Bits bits;
  REQUIRE(decode_booleans("\x10\x0a\xb3\x40"s, bits).ok());
  CHECK(bits == Bits{1, 0, 1, 1, 0, 0, 1, 1, 0, 1});
  CHECK_FALSE(decode_booleans("\x10\x0a\xb3"s, bits).ok());
  std::string plain, packed;
  for (const std::string& value : {"a"s, ""s, "b\n\"\\ü"s}) {
    plain += made::varint(value.size()) + value;
  }
  snappy::Compress(plain.data(), plain.size(), &packed);
  Column column;
  REQUIRE(decode_block(made::block(3, made::raw_times({1, 2, 3}), "\x10" + packed), column).ok());
  CHECK(column.value(0).as_string() == "a");
  CHECK(column.value(1).as_string().empty());
  CHECK(column.value(2).as_string() == "b\n\"\\ü");
}

TEST_CASE("a block of each truncation or flipped byte is refused or decodes, never more") {
  std::string packed;
  const std::string plain = "\x03"s + "abc" + "\x01"s + "d";
  snappy::Compress(plain.data(), plain.size(), &packed);
  Bitwise floats;
  floats.add(std::bit_cast<uint64_t>(2.5), 64);
  floats.add(0b0, 1);
  floats.add(0b11, 2), floats.add(0, 5), floats.add(0, 6);
  floats.add(std::bit_cast<uint64_t>(2.5) ^ 0x7ff8'0000'0000'0001, 64);
  const std::string times = "\x29"s + made::be64(1) + made::varint(10) + made::varint(2);
  for (const std::string& whole :
       {made::block(0, times, "\x10" + floats.bytes()),
        made::block(1, times, made::raw_integers({4, 5})), made::block(2, times, "\x10\x02\x80"s),
        made::block(3, times, "\x10" + packed),
        made::block(4, times, "\x20"s + made::be64(5) + made::varint(4) + made::varint(1))}) {
    Column column;
    REQUIRE(decode_block(whole, column).ok());
    for (size_t size = 0; size < whole.size(); size++) {
      if (decode_block(whole.substr(0, size), column).ok()) CHECK(column.bits.size() == 2);
    }
    for (size_t i = 0; i < whole.size(); i++) {
      for (int flip : {1, 0x10, 0x80, 0xff}) {
        std::string broken = whole;
        broken[i] = static_cast<char>(broken[i] ^ flip);
        if (!decode_block(broken, column).ok()) continue;
        CHECK(column.bits.size() == column.times.size());
        for (size_t row = 0; row < column.size(); row++) column.value(row);
      }
    }
  }
}

TEST_CASE("a column keeps the last of equal times and drops ranges") {
  Column column;
  column.type = model::FieldType::int64;
  for (auto [time, value] : {std::pair(3, 30), {1, 10}, {3, 31}, {2, 20}}) {
    column.add(time, model::FieldValue::of_int(value));
  }
  column.sort_keeping_last();
  CHECK(column.times == Times{1, 2, 3});
  CHECK(column.bits == Bits{10, 20, 31});
  column.remove_range(2, 2);
  CHECK(column.times == Times{1, 3});
}

}  // namespace
}  // namespace weir::store::influxd
