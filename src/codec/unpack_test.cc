#include "codec/unpack.h"

#include <doctest/doctest.h>

#include <random>
#include <vector>

#include "codec/bit_packing.h"
#include "codec/decimal.h"

namespace weir::codec {

TEST_CASE("packed bits of every width and count unpack alike with and without AVX2") {
  std::mt19937_64 random(1);
  for (unsigned width = 0; width <= 64; width++) {
    for (size_t count : {0, 1, 3, 7, 8, 9, 16, 31, 100}) {
      std::vector<uint64_t> values(count);
      for (uint64_t& value : values) {
        value = width == 0 ? 0 : random() >> (64 - width);
      }
      std::string bits;
      append_bits(values, width, bits);
      REQUIRE(bits.size() == packed_bytes(count, width));
      std::vector<uint64_t> read(count, 9);
      read_bits(bits, width, read, 0);  // within the bytes' bounds, whatever the form
      CHECK(read == values);
      bits.resize(bits.size() + kUnpackPadding);
      const uint64_t reference = random();
      std::vector<uint64_t> scalar(count), vector(count);
      unpack_scalar(bits.data(), count, width, scalar.data(), reference);
      for (size_t i = 0; i < count; i++) CHECK(scalar[i] == values[i] + reference);
      if (!has_avx2()) continue;
      unpack_avx2(bits.data(), count, width, vector.data(), reference);
      CHECK(vector == scalar);
    }
  }
}

TEST_CASE("running sums are the same with and without AVX2, overflow included") {
  std::mt19937_64 random(2);
  for (size_t count = 0; count < 40; count++) {
    std::vector<uint64_t> scalar(count);
    for (uint64_t& value : scalar) value = random();
    std::vector<uint64_t> vector = scalar;
    uint64_t sum = 0;
    for (uint64_t value : scalar) sum += value;
    add_up_scalar(scalar);
    CHECK((count == 0 || scalar.back() == sum));
    std::vector<uint64_t> zigzag = vector, same = vector;
    unzigzag_scalar(zigzag, 5);
    for (size_t i = 0; i < count; i++) CHECK(((zigzag[i] - 5) >> 63) == (vector[i] & 1));
    if (!has_avx2()) continue;
    add_up_avx2(vector);
    CHECK(vector == scalar);
    unzigzag_avx2(same, 5);
    CHECK(same == zigzag);
  }
}

TEST_CASE("decimals are what division says, to the bit, whatever computes them") {
  std::mt19937_64 random(3);
  constexpr uint64_t kMost = (uint64_t{1} << 51) - 1;
  for (unsigned digits = 0; digits <= kDecimalDigitsMax; digits++) {
    std::vector<uint64_t> values{0, 1, ~uint64_t{0}, kMost, uint64_t{0} - kMost, 5, 25, 125};
    while (values.size() < 40'000) {
      uint64_t value = random() >> (13 + random() % 51);
      values.push_back(random() % 2 == 0 ? value : uint64_t{0} - value);
    }
    std::vector<uint64_t> divided = values;
    unscale_decimals(values, digits);
    unscale_decimals_scalar(divided, digits);
    CHECK(values == divided);
  }
}

}  // namespace weir::codec
