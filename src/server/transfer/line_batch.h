// A batch of line protocol on its way from a source of an import to the server.
//
// `lines` are whole lines, bad ones possibly among them until LineCheck has seen them. Where they
// stand in their file follows from counting line breaks: whoever takes a line out leaves its
// breaks.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "model/line_protocol.h"

namespace weir::server {

// As many lines as a server likes at once, and as many bytes: InfluxDB's advice is 5,000 to 10,000
// lines; long strings must not make a batch that a server refuses.
inline constexpr size_t kBatchLinesMax = 10'000;
inline constexpr size_t kBatchBytesMax = 4 * 1024 * 1024;

struct LineBatch {
  std::string bucket;
  std::string lines;
  model::Precision precision = model::Precision::ns;
  size_t points = 0;        // filled in by LineCheck
  std::string origin;       // the file or shard, for messages
  uint64_t first_line = 0;  // of `lines` in its origin, from 1; 0: lines have no numbers
  std::string position;     // where the source goes on after it: JSON
};

// Where the line that begins at `begin` ends: at its line break or the end of the text. Breaks in
// quoted strings belong to the line, unless it then is no line: a quote that is never closed costs
// the line it stands on, not the rest of the file.
size_t logical_line_end(std::string_view text, size_t begin);

}  // namespace weir::server
