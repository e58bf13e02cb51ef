#include <fmt/core.h>

#include <functional>

#include "base/file.h"
#include "base/ids.h"
#include "base/time_text.h"
#include "mqtt/journal_log.h"
#include "server/commands/commands.h"
#include "server/units.h"
#include "store/engine/engine.h"

namespace weir::server {
namespace {

using InspectLog = Result<void> (*)(const std::string&, FileSystem&,
                                    const std::function<void(const WalSegmentInfo&)>&);

Result<bool> inspect_all_log(const std::string& directory, InspectLog inspect_log) {
  bool damaged = false;
  fmt::print("log segments of {}\n", directory);
  fmt::print("  {:<28} {:>10} {:>9} {:>12} {:>12}\n", "file", "bytes", "records", "first lsn",
             "last lsn");
  WEIR_CHECK(inspect_log(directory, system_file_system(), [&](const WalSegmentInfo& segment) {
    fmt::print("  {:<28} {:>10} {:>9} {:>12} {:>12}\n", segment.file, segment.bytes,
               segment.records, segment.first_lsn, segment.last_lsn);
    if (!segment.damage.empty()) fmt::print("    damaged: {}\n", segment.damage);
    damaged = damaged || !segment.damage.empty();
  }));
  return damaged;
}

Result<bool> inspect_all_chunks(const std::string& directory) {
  bool damaged = false;
  uint64_t chunks = 0, rows = 0, bytes = 0;
  fmt::print("chunks of {}\n", directory);
  WEIR_CHECK(store::inspect_chunks(directory, [&](const store::ChunkInfo& chunk) {
    fmt::print("  bucket {}  {}\n    {} .. {}  {} rows, {} bytes\n", id_to_text(chunk.bucket),
               chunk.series, rfc3339(chunk.time_min_ns), rfc3339(chunk.time_max_ns), chunk.rows,
               chunk.bytes);
    for (const std::string& column : chunk.columns) fmt::print("      {}\n", column);
    if (!chunk.damage.empty()) fmt::print("    damaged: {}\n", chunk.damage);
    damaged = damaged || !chunk.damage.empty();
    chunks++, rows += chunk.rows, bytes += chunk.bytes;
  }));
  fmt::print("  {} chunks, {} rows, {}\n", chunks, rows, format_bytes(bytes));
  return damaged;
}

}  // namespace

int inspect_command(const InspectArguments& arguments) {
  std::string directory = arguments.directory + "/store";
  bool both = arguments.log == arguments.chunks;
  bool damaged = false;
  if (both || arguments.log) {
    auto found = inspect_all_log(directory, store::inspect_log);
    if (!found.ok()) return report(found.error());
    damaged = damaged || *found;
    std::string journal = arguments.directory + "/broker";
    if (system_file_system().exists(journal)) {
      auto in_journal = inspect_all_log(journal, mqtt::inspect_journal);
      if (!in_journal.ok()) return report(in_journal.error());
      damaged = damaged || *in_journal;
    }
  }
  if (both || arguments.chunks) {
    auto found = inspect_all_chunks(directory);
    if (!found.ok()) return report(found.error());
    damaged = damaged || *found;
  }
  return damaged ? 1 : 0;
}

}  // namespace weir::server
