// The reader of InfluxDB's TSM files on foreign bytes: as a file, and as one bare block (a file's
// checksums would hide the decoders). Whatever decodes is a column with as many values as times.
#include <cstdlib>
#include <string>
#include <string_view>

#include "store/influxd/tsm_file.h"

namespace {

using namespace weir;
using namespace weir::store::influxd;

void check(Column& column) {
  if (column.bits.size() != column.times.size()) std::abort();
  size_t text_bytes = 0;
  for (size_t row = 0; row < column.size(); row++) {
    const model::FieldValue value = column.value(row);
    if (value.type() == model::FieldType::string) text_bytes += value.as_string().size();
  }
  if (text_bytes > column.text.size()) std::abort();
  column.sort_keeping_last();
  for (size_t row = 1; row < column.size(); row++) {
    if (column.times[row - 1] >= column.times[row]) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  Column column;
  if (decode_block(bytes, column).ok()) check(column);
  auto file = TsmFile::parse(bytes, "fuzz.tsm");
  if (!file.ok()) return 0;
  TsmFile::Keys keys(**file);
  for (auto next = keys.next(); next.ok() && *next; next = keys.next()) {
    for (size_t i = 0; i < keys.key().blocks(); i++) {
      if ((*file)->read_block(keys.key().block(i), column).ok()) check(column);
    }
  }
  return 0;
}
