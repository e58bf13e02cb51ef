#include "codec/light_column.h"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "codec/column_codec.h"

namespace weir::codec {
namespace {

using Values = std::vector<uint64_t>;

struct Integers {
  static constexpr auto append = append_light_integers;
  static constexpr auto read = read_light_integers;
};
struct Doubles {
  static constexpr auto append = append_light_doubles;
  static constexpr auto read = read_light_doubles;
};

// Encodes, decodes with a stranger behind it, and returns the size.
template <class Column>
size_t round_trip(const Values& values) {
  std::string bytes;
  Column::append(values, bytes);
  const std::string followed = bytes + "next";
  ByteReader in(followed);
  Values back(values.size());
  REQUIRE(Column::read(in, back).ok());
  CHECK(back == values);
  CHECK(in.rest() == "next");
  return bytes.size();
}

Values bits_of(const std::vector<double>& values) {
  Values bits;
  for (const double value : values) bits.push_back(std::bit_cast<uint64_t>(value));
  return bits;
}

// Shapes that logs have: steps with jumps, small numbers, counters, anything.
std::vector<Values> integer_shapes(std::mt19937_64& random) {
  std::vector<Values> shapes = {{0},
                                {~uint64_t{0}},
                                {1, 2},
                                {0, ~uint64_t{0}, uint64_t{1} << 63},
                                Values(5000, 7),
                                Values(kColumnRowsMax, 1)};
  for (const size_t size : {3, 31, 32, 33, 1000, 5000}) {
    Values ordered, shuffled, percent, anything, counter;
    uint64_t count = 1'000'000'000'000;
    for (size_t i = 0; i < size; i++) {
      ordered.push_back(i % 400);
      shuffled.push_back(random() % 1'000'000);
      percent.push_back(random() % 101);
      anything.push_back(random() >> (random() % 64));
      counter.push_back(count += random() % 1500);
    }
    for (auto* shape : {&ordered, &shuffled, &percent, &anything, &counter}) {
      shapes.push_back(*shape);
    }
  }
  return shapes;
}

TEST_CASE("light integers come back bit for bit") {
  std::mt19937_64 random(1);
  for (const Values& shape : integer_shapes(random)) round_trip<Integers>(shape);
}

TEST_CASE("light integers are as short as their shape lets them be") {
  Values ordered, percent, one_wide(1000, 5), times;
  std::mt19937_64 random(2);
  for (uint64_t i = 0; i < 4000; i++) {
    ordered.push_back(i % 1000);
    percent.push_back(random() % 101);
    times.push_back(1'700'000'000'000'000'000 + i / 100 * 10'000'000'000);
  }
  one_wide[500] = uint64_t{1} << 60;
  CHECK(round_trip<Integers>(ordered) < 40);
  CHECK(round_trip<Integers>(percent) < 4000 * 7 / 8 + 10);
  CHECK(round_trip<Integers>(times) < 500);
  CHECK(round_trip<Integers>(one_wide) < 30);
}

TEST_CASE("light doubles come back bit for bit, whatever they are") {
  std::mt19937_64 random(3);
  for (const Values& shape : integer_shapes(random)) round_trip<Doubles>(shape);
  const std::vector<double> special = {0.0,
                                       -0.0,
                                       std::numeric_limits<double>::infinity(),
                                       -std::numeric_limits<double>::infinity(),
                                       std::numeric_limits<double>::quiet_NaN(),
                                       std::bit_cast<double>(0xfff8dead'beef0001),
                                       std::numeric_limits<double>::denorm_min(),
                                       std::numeric_limits<double>::max(),
                                       2251799813685248.0,
                                       -2251799813685247.0,
                                       21.4};
  round_trip<Doubles>(bits_of(special));
  for (const double strange : special) {  // one among decimals, wherever it stands
    for (const size_t at : {0, 1, 17, 99}) {
      std::vector<double> decimals;
      for (int i = 0; i < 100; i++) decimals.push_back((200 + i * 7 % 50) / 10.0);
      decimals[at] = strange;
      CHECK(round_trip<Doubles>(bits_of(decimals)) < 120);
    }
  }
}

TEST_CASE("light doubles are short where they are decimals, and not much longer than 8 bytes") {
  std::mt19937_64 random(4);
  for (const double power : {1.0, 10.0, 100.0, 1e5}) {
    Values decimals;
    for (int i = 0; i < 1000; i++) {
      decimals.push_back(std::bit_cast<uint64_t>(static_cast<double>(random() % 512) / power));
    }
    CHECK(round_trip<Doubles>(decimals) < 1000 * 9 / 8 + 20);
  }
  Values noise;
  for (int i = 0; i < 1000; i++) noise.push_back(random());
  CHECK(round_trip<Doubles>(noise) < 1000 * 8 + 30);
}

TEST_CASE("damaged light columns fail or give other values, and never more") {
  std::mt19937_64 random(5);
  for (const Values& shape : integer_shapes(random)) {
    if (shape.size() > 100) continue;
    std::string bytes;
    append_light_doubles(shape, bytes);
    const size_t split = bytes.size();
    append_light_integers(shape, bytes);
    auto read_both = [&](std::string_view damaged) {
      ByteReader in(damaged);
      Values back(shape.size());
      return read_light_doubles(in, back).ok() && read_light_integers(in, back).ok();
    };
    REQUIRE(read_both(bytes));
    for (size_t size = 0; size < bytes.size(); size++) {
      CAPTURE(size);
      CHECK_FALSE(read_both(std::string_view(bytes).substr(0, size)));
    }
    for (size_t i = 0; i < bytes.size(); i++) {
      for (const int flip : {0x01, 0x80, 0xff}) {
        std::string damaged = bytes;
        damaged[i] = static_cast<char>(damaged[i] ^ flip);
        (void)read_both(damaged);
      }
    }
    CHECK(split > 0);
  }
}

}  // namespace
}  // namespace weir::codec
