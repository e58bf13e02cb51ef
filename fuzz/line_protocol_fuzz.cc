// Any text parses; what was parsed, written and parsed again is the same; and the fast reader says
// what the slow one says.
#include <cstddef>
#include <cstdint>

#include "base/assert.h"
#include "model/line_protocol.h"
#include "model/slow_line.h"

namespace {

using namespace weir::model;

std::string written(const PointBatch& batch) {
  std::string text;
  for (const BatchPoint& point : batch.points) append_line(text, batch, point);
  return text;
}

size_t slow_points(const std::string& text) {
  PointBatch batch;
  std::string reason;
  for (size_t at = 0; at < text.size();) {
    const size_t end = find_line_end(text, at);
    std::string_view line(text.data() + at, end - at);
    while (!line.empty() && is_line_blank(line.front())) line.remove_prefix(1);
    if (!line.empty() && line[0] != '#') parse_line_slowly(line, 1, 0, batch, reason);
    at = end + 1;
  }
  return batch.points.size();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto text = std::make_shared<const std::string>(reinterpret_cast<const char*>(data), size);
  const ParsedLines first = parse_lines(text, Precision::ns, 0);
  WEIR_ASSERT(first.batch.points.size() == slow_points(*text), "fast and slow readers agree");
  const auto once = std::make_shared<const std::string>(written(first.batch));
  const ParsedLines second = parse_lines(once, Precision::ns, 0);
  WEIR_ASSERT(second.errors.empty(), "canonical lines parse");
  WEIR_ASSERT(written(second.batch) == *once, "canonical lines stay as they are");
  return 0;
}
