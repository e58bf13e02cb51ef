// The readers of InfluxDB's log segments and tombstone files on foreign bytes. The first byte says
// which; a log's content is also packed here, which a fuzzer would not manage.
#include <snappy.h>

#include <cstdlib>
#include <string>

#include "base/bytes.h"
#include "store/influxd/tombstones.h"
#include "store/influxd/wal.h"

namespace {

using namespace weir;
using namespace weir::store::influxd;

void replay(const std::string& segment) {
  WalValues values;
  auto torn = values.replay(segment, "_00001.wal");
  if (torn.ok() && *torn > segment.size()) std::abort();
  values.finish();
  for (const auto& [key, column] : values.columns()) {
    if (column.bits.size() != column.times.size()) std::abort();
    for (size_t row = 0; row < column.size(); row++) column.value(row);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] == 0) {
    replay(bytes);
  } else if (data[0] <= 3) {
    std::string packed, segment(1, static_cast<char>(data[0]));
    snappy::Compress(bytes.data(), bytes.size(), &packed);
    ByteWriter(segment).be(static_cast<uint32_t>(packed.size()));
    replay(segment + packed + std::string(9, '\0'));
  } else {
    auto tombstones = Tombstones::parse(bytes, "fuzz.tombstone");
    if (tombstones.ok()) tombstones->ranges("m,t=a#!~#x");
  }
  return 0;
}
