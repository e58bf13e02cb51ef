#include "codec/column_codec.h"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

namespace weir::codec {
namespace {

// One interface over the six columns, so that every property is asked of each of them.
struct Times {
  using Value = int64_t;
  static constexpr auto encode = encode_times;
  static constexpr auto decode = decode_times;
  static Result<void> decode_first(ByteReader& in, size_t rows, std::span<int64_t> out) {
    return decode_first_times_on({}, in, rows, out);
  }
};
struct Ints {
  using Value = int64_t;
  static constexpr auto encode = encode_ints;
  static constexpr auto decode = decode_ints;
};
struct Uints {
  using Value = uint64_t;
  static constexpr auto encode = encode_uints;
  static constexpr auto decode = decode_uints;
  static constexpr auto decode_first = decode_first_uints;
};
struct Doubles {
  using Value = double;
  static constexpr auto encode = encode_doubles;
  static constexpr auto decode = decode_doubles;
  static Result<void> decode_first(ByteReader& in, size_t rows, std::span<double> out) {
    std::vector<uint64_t> bits(out.size());
    Result<void> decoded = decode_first_double_bits(in, rows, bits);
    for (size_t i = 0; i < bits.size(); i++) out[i] = std::bit_cast<double>(bits[i]);
    return decoded;
  }
};
struct Bools {
  using Value = uint8_t;
  static constexpr auto encode = [](std::span<const uint8_t> values, Effort, std::string& out) {
    encode_bools(values, out);
  };
  static constexpr auto decode = decode_bools;
};

template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() &&
         (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

template <class Column>
std::string encoded(const std::vector<typename Column::Value>& values,
                    Effort effort = Effort::quick) {
  std::string bytes;
  Column::encode(values, effort, bytes);
  return bytes;
}

// A part of the column from its beginning is what decoding all of it gives, and what follows the
// column stays where it is.
template <class Column>
void check_first_values(const std::vector<typename Column::Value>& values,
                        const std::string& followed) {
  if constexpr (requires { Column::decode_first; }) {
    for (size_t wanted : {size_t{2}, size_t{3}, size_t{17}, values.size() / 2, values.size()}) {
      wanted = std::min(std::max<size_t>(wanted, 2), values.size());
      ByteReader in(followed);
      std::vector<typename Column::Value> back(wanted);
      REQUIRE(Column::decode_first(in, values.size(), back).ok());
      auto end = values.begin() + static_cast<ptrdiff_t>(wanted);
      CHECK(same_bits({values.begin(), end}, back));
      CHECK(in.rest() == "next column");
    }
  }
}

// Encodes, decodes with a stranger behind it, and returns the size.
template <class Column>
size_t round_trip(const std::vector<typename Column::Value>& values, Effort effort) {
  const std::string bytes = encoded<Column>(values, effort);
  const std::string followed = bytes + "next column";
  ByteReader in(followed);
  std::vector<typename Column::Value> back;
  REQUIRE(Column::decode(in, values.size(), back).ok());
  CHECK(same_bits(values, back));
  CHECK(in.rest() == "next column");
  check_first_values<Column>(values, followed);
  return bytes.size();
}
template <class Column>
size_t round_trip(const std::vector<typename Column::Value>& values) {
  const size_t quick = round_trip<Column>(values, Effort::quick);
  CHECK(round_trip<Column>(values, Effort::thorough) <= quick);
  return quick;
}

// Every truncation fails or stays inside; every flipped byte does neither crash nor grow.
template <class Column>
void survive_damage(const std::vector<typename Column::Value>& values, Effort effort) {
  const std::string bytes = encoded<Column>(values, effort);
  std::vector<typename Column::Value> back;
  for (size_t size = 0; size < bytes.size(); size++) {
    // A heap copy of the exact size, so that the sanitizer sees every byte read too far.
    const std::vector<char> cut(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size));
    ByteReader in(std::string_view(cut.data(), cut.size()));
    CHECK_FALSE(Column::decode(in, values.size(), back).ok());
  }
  for (size_t i = 0; i < bytes.size(); i++) {
    for (int flip : {0x01, 0x80, 0xff}) {
      std::vector<char> damaged(bytes.begin(), bytes.end());
      damaged[i] = static_cast<char>(damaged[i] ^ flip);
      ByteReader in(std::string_view(damaged.data(), damaged.size()));
      (void)Column::decode(in, values.size(), back);
      CHECK(back.size() == values.size());
    }
  }
}
template <class Column>
void survive_damage(const std::vector<typename Column::Value>& values) {
  survive_damage<Column>(values, Effort::quick);
  survive_damage<Column>(values, Effort::thorough);
}

std::vector<int64_t> make_times(size_t rows, auto step) {
  std::vector<int64_t> times{1'700'000'000'000'000'000};
  for (size_t i = 1; i < rows; i++) times.push_back(times.back() + step(i));
  return times;
}

}  // namespace

TEST_CASE("regular times take a handful of bytes whatever their number") {
  CHECK(round_trip<Times>(make_times(1024, [](size_t) { return 10'000'000'000; })) <= 16);
  CHECK(round_trip<Times>({}) == 1);
  CHECK(round_trip<Times>({5}) <= 3);
  CHECK(round_trip<Times>({5, 5, 5}) <= 4);
}

TEST_CASE("a gap in regular times costs an exception, not a width") {
  auto times =
      make_times(1024, [](size_t i) { return i == 500 ? 3'600'000'000'000 : 1'000'000'000; });
  CHECK(round_trip<Times>(times) < 40);
}

TEST_CASE("jitter in milliseconds is paid in milliseconds") {
  std::mt19937_64 random(1);
  auto times = make_times(1024, [](size_t) { return 10'000'000'000; });
  for (auto& time : times) time += static_cast<int64_t>(random() % 101) * 1'000'000;
  CHECK(round_trip<Times>(times) < 1024);  // 6.7 bits of entropy each
}

TEST_CASE("times may fall, repeat and span the whole range") {
  constexpr int64_t kLow = std::numeric_limits<int64_t>::min();
  constexpr int64_t kHigh = std::numeric_limits<int64_t>::max();
  round_trip<Times>({kHigh, kLow});
  round_trip<Times>({kLow, 0, kHigh});
  round_trip<Times>({kLow, kLow + 1, kHigh, kHigh});
  round_trip<Times>({3, 2, 1, 7, 7, -5});
}

TEST_CASE("integers of every shape come back") {
  constexpr int64_t kLow = std::numeric_limits<int64_t>::min();
  constexpr int64_t kHigh = std::numeric_limits<int64_t>::max();
  round_trip<Ints>({});
  round_trip<Ints>({kLow});
  round_trip<Ints>({kLow, kHigh, kLow, kHigh, 0});
  round_trip<Ints>({kHigh, kHigh, kHigh, kLow});
  round_trip<Uints>({0, std::numeric_limits<uint64_t>::max(), 1, 1ull << 63});
  std::mt19937_64 random(2);
  for (unsigned width = 0; width <= 64; width++) {
    for (size_t rows : {1u, 2u, 7u, 8u, 9u, 63u, 64u, 65u, 300u}) {
      std::vector<uint64_t> values(rows);
      for (auto& value : values) value = width == 0 ? 7 : random() >> (64 - width);
      round_trip<Uints>(values);
      for (size_t i = 1; i < rows; i++) values[i] += values[i - 1];
      round_trip<Uints>(values);
    }
  }
}

TEST_CASE("counters, plateaus and outliers are cheap") {
  std::vector<int64_t> counter, plateau, outliers;
  std::mt19937_64 random(3);
  for (int i = 0; i < 1024; i++) {
    counter.push_back((counter.empty() ? 1'000'000'000 : counter.back()) +
                      static_cast<int64_t>(random() % 16));
    plateau.push_back(100 - i / 200);
    outliers.push_back(i % 300 == 7 ? static_cast<int64_t>(random())
                                    : static_cast<int64_t>(random() % 8));
  }
  CHECK(round_trip<Ints>(counter) < 540);
  CHECK(round_trip<Ints>(plateau) < 24);
  CHECK(round_trip<Ints>(outliers) < 480);
}

TEST_CASE("every double keeps its bits") {
  const std::vector<double> strange = {0.0,
                                       -0.0,
                                       0.1,
                                       -0.1,
                                       0.1 + 0.2,
                                       1e22,
                                       1e23,
                                       1e300,
                                       -1e-300,
                                       5e-324,
                                       2.2250738585072011e-308,
                                       std::numeric_limits<double>::infinity(),
                                       -std::numeric_limits<double>::infinity(),
                                       std::numeric_limits<double>::quiet_NaN(),
                                       std::bit_cast<double>(0x7ff8dead0000beefull),
                                       std::bit_cast<double>(0xfff0000000000001ull),
                                       9007199254740993.0,
                                       2251799813685248.0,
                                       2251799813685247.5,
                                       std::numeric_limits<double>::max(),
                                       std::numeric_limits<double>::min()};
  for (double value : strange) {
    round_trip<Doubles>({value});
    round_trip<Doubles>(std::vector<double>(100, value));
    std::vector<double> among(200, 21.5);  // an exception among decimals, at the ends and inside
    for (size_t at : {0u, 100u, 199u}) among[at] = value;
    for (size_t i = 0; i < among.size(); i += 3) among[i] = static_cast<double>(i) / 10;
    among[0] = value;
    round_trip<Doubles>(among);
  }
  round_trip<Doubles>(strange);
  round_trip<Doubles>({-0.0, 0.0, -0.0});
}

TEST_CASE("decimals of each number of digits are stored as integers") {
  std::mt19937_64 random(4);
  double power = 1;
  for (int digits = 0; digits <= 9; digits++, power *= 10) {
    std::vector<double> values(1024);
    for (auto& value : values) value = std::round(static_cast<double>(random() % 1000)) / power;
    CHECK(round_trip<Doubles>(values) < 1024 * 10 / 8 + 40);
  }
}

TEST_CASE("a slowly changing sensor costs a few bits a value") {
  std::mt19937_64 random(5);
  std::vector<double> values;
  int64_t tenths = 215;
  for (int i = 0; i < 1024; i++) {
    tenths += static_cast<int64_t>(random() % 3) - 1;
    values.push_back(static_cast<double>(tenths) / 10);
  }
  CHECK(round_trip<Doubles>(values) < 300);
  for (size_t i = 5; i < values.size(); i += 97) values[i] = std::sqrt(static_cast<double>(i));
  CHECK(round_trip<Doubles>(values) < 420);
}

TEST_CASE("real doubles never cost more than raw, and less when they share an exponent") {
  std::mt19937_64 random(6);
  std::uniform_real_distribution<double> uniform(1.0, 2.0);
  std::vector<double> noise(1024), wild(1024);
  for (auto& value : noise) value = uniform(random);
  for (auto& value : wild) value = std::bit_cast<double>(random());
  CHECK(round_trip<Doubles>(noise) < 1024 * 7);
  CHECK(round_trip<Doubles>(wild) <= 1024 * 8 + 1);
}

TEST_CASE("booleans take runs or bits, whichever is shorter") {
  CHECK(round_trip<Bools>({}) == 1);
  CHECK(round_trip<Bools>(std::vector<uint8_t>(1024, 1)) <= 6);
  std::mt19937_64 random(7);
  std::vector<uint8_t> values(1001);
  for (auto& value : values) value = random() & 1;
  CHECK(round_trip<Bools>(values) == 1 + 126);
}

TEST_CASE("damaged columns fail or differ, and never reach outside their bytes") {
  std::mt19937_64 random(8);
  std::vector<int64_t> jitter = make_times(
      100, [&](size_t) { return 1'000'000 * (900 + static_cast<int64_t>(random() % 200)); });
  survive_damage<Times>(jitter);
  survive_damage<Times>(
      make_times(100, [](size_t i) { return i == 50 ? 77'000'000'000 : 1'000'000'000; }));
  survive_damage<Ints>({1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 9, 9, 9, 9, 9, 9, 9, 9});
  survive_damage<Uints>({1, 2, 3, 1ull << 60, 5, 6, 7, 8, 1ull << 59, 10, 3, 2, 4, 3, 2, 1, 4, 4});
  std::vector<double> decimals;
  for (int i = 0; i < 60; i++) decimals.push_back(static_cast<double>(random() % 500) / 10);
  survive_damage<Doubles>(decimals);
  decimals[20] = std::sqrt(2.0);
  survive_damage<Doubles>(decimals);
  survive_damage<Doubles>({1.5, 1.5, 1.5});
  std::vector<double> noise;
  for (int i = 0; i < 40; i++) noise.push_back(1.0 + static_cast<double>(random() >> 12) * 0x1p-52);
  survive_damage<Doubles>(noise);
  survive_damage<Bools>({1, 0, 1, 1, 0, 0, 1, 0, 1, 0, 1});
  survive_damage<Bools>(std::vector<uint8_t>(300, 1));
}

TEST_CASE("a row count over the limit is refused before anything is allocated") {
  std::vector<double> out;
  ByteReader in(std::string_view("\1\0\0\0\0\0\0\0\0", 9));
  CHECK_FALSE(decode_doubles(in, kColumnRowsMax + 1, out).ok());
  CHECK(out.empty());
  CHECK(decode_doubles(in, kColumnRowsMax, out).ok());
}

}  // namespace weir::codec
