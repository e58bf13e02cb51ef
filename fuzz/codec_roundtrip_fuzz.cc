// Any values survive encoding bit for bit: byte 0 chooses the column and how bytes become values.
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/assert.h"
#include "codec/column_codec.h"
#include "codec/decimal.h"
#include "codec/light_column.h"
#include "codec/unpack.h"

namespace {

template <class Value, class Encode, class Decode>
void round_trip(const std::vector<Value>& values, Encode encode, Decode decode) {
  for (auto effort : {weir::codec::Effort::quick, weir::codec::Effort::thorough}) {
    std::string bytes;
    encode(values, effort, bytes);
    weir::ByteReader in(bytes);
    std::vector<Value> back;
    WEIR_ASSERT(decode(in, values.size(), back).ok(), "what was encoded decodes");
    WEIR_ASSERT(in.at_end(), "a column takes exactly its bytes");
    WEIR_ASSERT(values.empty() ||
                    std::memcmp(values.data(), back.data(), values.size() * sizeof(Value)) == 0,
                "every bit survives");
  }
}

// Values of `width` bytes each, so that small inputs make small numbers as well as large ones.
template <class Value>
std::vector<Value> cut(std::string_view bytes, size_t width) {
  std::vector<Value> values;
  for (; bytes.size() >= width; bytes.remove_prefix(width)) {
    uint64_t bits = 0;
    std::memcpy(&bits, bytes.data(), width);
    Value value;
    std::memcpy(&value, &bits, sizeof(value));
    values.push_back(value);
  }
  return values;
}

// The forms with and without AVX2 agree on any bits, of any width and number.
void compare_forms(std::string_view bytes) {
  using namespace weir::codec;
  if (!has_avx2() || bytes.size() < 2) return;
  const unsigned width = static_cast<uint8_t>(bytes[0]) % 65;
  std::string bits(bytes.substr(1));
  const size_t count = width == 0 ? 10 : bits.size() * 8 / width;
  bits.resize(bits.size() + kUnpackPadding);
  std::vector<uint64_t> scalar(count), vector(count);
  unpack_scalar(bits.data(), count, width, scalar.data(), count);
  unpack_avx2(bits.data(), count, width, vector.data(), count);
  WEIR_ASSERT(scalar == vector, "both forms of unpacking agree");
  add_up_scalar(scalar);
  add_up_avx2(vector);
  WEIR_ASSERT(scalar == vector, "both forms of adding up agree");
  unzigzag_scalar(scalar, count);
  unzigzag_avx2(vector, count);
  WEIR_ASSERT(scalar == vector, "both forms of zigzag agree");
  for (size_t i = 0; i < count; i++) {  // to what scaled decimals may be
    scalar[i] = uint64_t(int64_t(scalar[i]) >> 13);
  }
  vector = scalar;
  unscale_decimals(vector, width % (kDecimalDigitsMax + 1));
  unscale_decimals_scalar(scalar, width % (kDecimalDigitsMax + 1));
  WEIR_ASSERT(scalar == vector, "both forms of division agree");
}

template <class Append, class Read>
void round_trip_light(const std::vector<uint64_t>& values, Append append, Read read) {
  if (values.empty()) return;
  std::string bytes;
  append(values, bytes);
  weir::ByteReader in(bytes);
  std::vector<uint64_t> back(values.size());
  WEIR_ASSERT(read(in, back).ok() && in.at_end(), "a light column decodes and takes its bytes");
  WEIR_ASSERT(back == values, "every bit survives");
}

void round_trip_strings(std::string_view bytes) {
  std::vector<std::string_view> values;
  while (!bytes.empty()) {
    const size_t size = std::min<size_t>(static_cast<uint8_t>(bytes[0]) % 24, bytes.size() - 1);
    values.push_back(bytes.substr(1, size));
    bytes.remove_prefix(1 + size);
  }
  std::string encoded;
  weir::codec::encode_strings(values, encoded);
  weir::ByteReader in(encoded);
  std::vector<std::string> back;
  WEIR_ASSERT(weir::codec::decode_strings(in, values.size(), back).ok(), "strings decode");
  for (size_t i = 0; i < values.size(); i++) WEIR_ASSERT(back[i] == values[i], "strings survive");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace weir::codec;
  if (size == 0) return 0;
  compare_forms({reinterpret_cast<const char*>(data), size});
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1,
                               std::min<size_t>(size - 1, 32'768));
  const size_t width = size_t{1} << (data[0] / 6 % 4);
  switch (data[0] % 6) {
    case 0:
      round_trip(cut<int64_t>(bytes, width), encode_times, decode_times);
      break;
    case 1:
      round_trip(cut<int64_t>(bytes, width), encode_ints, decode_ints);
      break;
    case 2:
      round_trip(cut<uint64_t>(bytes, width), encode_uints, decode_uints);
      round_trip_light(cut<uint64_t>(bytes, width), append_light_integers, read_light_integers);
      break;
    case 3: {
      if (width == 8) {
        round_trip(cut<double>(bytes, 8), encode_doubles, decode_doubles);
        round_trip_light(cut<uint64_t>(bytes, 8), append_light_doubles, read_light_doubles);
        break;
      }
      std::vector<double> decimals;
      std::vector<uint64_t> bits;
      for (uint64_t integer : cut<uint64_t>(bytes, width)) {
        decimals.push_back(static_cast<double>(static_cast<int16_t>(integer)) / 100);
        bits.push_back(std::bit_cast<uint64_t>(decimals.back()));
      }
      round_trip(decimals, encode_doubles, decode_doubles);
      round_trip_light(bits, append_light_doubles, read_light_doubles);
      break;
    }
    case 4: {
      std::vector<uint8_t> bools;
      for (char c : bytes) bools.push_back(c & 1);
      auto encode = [](const auto& values, Effort, std::string& out) { encode_bools(values, out); };
      round_trip(bools, encode, decode_bools);
      break;
    }
    default:
      round_trip_strings(bytes);
  }
  return 0;
}
