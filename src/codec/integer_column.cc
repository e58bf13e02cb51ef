// Integer columns: the integer codec over a vector.
#include "base/assert.h"
#include "codec/column_codec.h"
#include "codec/integer_codec.h"

namespace weir::codec {

void encode_uints(std::span<const uint64_t> values, Effort effort, std::string& out) {
  WEIR_ASSERT(values.size() <= kColumnRowsMax, "an integer column over kColumnRowsMax rows");
  encode_integers(values, effort, out);
}

void encode_ints(std::span<const int64_t> values, Effort effort, std::string& out) {
  encode_uints({reinterpret_cast<const uint64_t*>(values.data()), values.size()}, effort, out);
}

Result<void> decode_first_uints(ByteReader& in, size_t rows, std::span<uint64_t> out) {
  if (rows > kColumnRowsMax) return Error{Errc::invalid, "integers: too many rows"};
  return decode_integers(in, rows, out);
}

Result<void> decode_uints(ByteReader& in, size_t rows, std::vector<uint64_t>& out) {
  if (rows > kColumnRowsMax) return Error{Errc::invalid, "integers: too many rows"};
  out.resize(rows);
  return decode_integers(in, rows, out);
}

Result<void> decode_ints(ByteReader& in, size_t rows, std::vector<int64_t>& out) {
  if (rows > kColumnRowsMax) return Error{Errc::invalid, "integers: too many rows"};
  out.resize(rows);
  return decode_integers(in, rows, {reinterpret_cast<uint64_t*>(out.data()), rows});
}

}  // namespace weir::codec
