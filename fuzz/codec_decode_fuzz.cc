// Foreign bytes given to every column decoder: byte 0 chooses the column, bytes 1 and 2 the rows.
#include <cstddef>
#include <cstdint>

#include "base/assert.h"
#include "codec/column_codec.h"
#include "codec/light_column.h"

namespace {

template <class Value, class Decode>
void decode(std::string_view bytes, size_t rows, Decode decoder) {
  weir::ByteReader in(bytes);
  std::vector<Value> values;
  if (decoder(in, rows, values).ok()) {
    WEIR_ASSERT(values.size() == rows, "a decoded column has the rows asked for");
  }
}

template <class Read>
void decode_light(std::string_view bytes, size_t rows, Read read) {
  weir::ByteReader in(bytes);
  std::vector<uint64_t> values(rows);
  (void)read(in, values).ok();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace weir::codec;
  if (size < 3) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 3, size - 3);
  const size_t rows = (data[1] | size_t{data[2]} << 8) % 5000;
  switch (data[0] % 6) {
    case 0:
      decode<int64_t>(bytes, rows, decode_times);
      break;
    case 1:
      decode<int64_t>(bytes, rows, decode_ints);
      break;
    case 2:
      decode<uint64_t>(bytes, rows, decode_uints);
      decode_light(bytes, rows, read_light_integers);
      break;
    case 3:
      decode<double>(bytes, rows, decode_doubles);
      decode_light(bytes, rows, read_light_doubles);
      break;
    case 4:
      decode<uint8_t>(bytes, rows, decode_bools);
      break;
    default:
      decode<std::string>(bytes, rows, decode_strings);
      break;
  }
  return 0;
}
