// The readers of InfluxDB's metadata on foreign bytes: a BoltDB file (2.x) and meta.db (1.x).
#include <string_view>

#include "store/influxd/bolt_file.h"
#include "store/influxd/meta_db.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace weir::store::influxd;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  size_t total = 0;
  if (auto bolt = BoltFile::parse(bytes, "influxd.bolt"); bolt.ok()) {
    for (const char* bucket : {"bucketsv1", "organizationsv1"}) {
      auto walked = bolt->each(bucket, [&](std::string_view key, std::string_view value) {
        for (char c : key) total += static_cast<unsigned char>(c);
        for (char c : value) total += static_cast<unsigned char>(c);
      });
      if (!walked.ok()) total++;
    }
  }
  if (auto policies = parse_meta_db(bytes, "meta.db"); policies.ok()) total += policies->size();
  volatile size_t read = total;  // every byte was looked at
  static_cast<void>(read);
  return 0;
}
