#include "store/influxd/composite_key.h"

#include "model/series_key.h"

namespace weir::store::influxd {
namespace {

// Cuts off the text up to the next comma that no backslash escapes.
std::string_view take_part(std::string_view& rest) {
  size_t end = 0;
  while (end < rest.size() && rest[end] != ',') end += rest[end] == '\\' ? 2 : 1;
  end = std::min(end, rest.size());
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

}  // namespace

std::optional<CompositeKey> split_key(std::string_view key) {
  constexpr std::string_view kSeparator = "#!~#";
  const size_t at = key.find(kSeparator);
  if (at == std::string_view::npos || at == 0 || at + kSeparator.size() == key.size()) {
    return std::nullopt;
  }
  return CompositeKey{key.substr(0, at), key.substr(at + kSeparator.size())};
}

std::string line_series(std::string_view series) {
  constexpr std::string_view kMeasurementTag("\0=", 2), kFieldTag("\xff=");
  constexpr size_t kIdBytes = 16;
  std::string_view rest = series;
  const std::string_view ids = take_part(rest);
  if (ids.size() < kIdBytes || !rest.starts_with(kMeasurementTag)) return std::string(series);
  // A tag's value escapes `=` too, a measurement does not.
  const std::string_view escaped = take_part(rest).substr(kMeasurementTag.size());
  std::string measurement;
  for (size_t i = 0; i < escaped.size(); i++) {
    if (escaped[i] == '\\' && i + 1 < escaped.size() &&
        std::string_view(",= ").find(escaped[i + 1]) != std::string_view::npos) {
      i++;
    }
    measurement.push_back(escaped[i]);
  }
  std::string line;
  model::append_escaped_measurement(line, measurement);
  while (!rest.empty()) {
    const std::string_view tag = take_part(rest);
    if (tag.starts_with(kFieldTag)) continue;
    line.append(",").append(tag);
  }
  return line;
}

}  // namespace weir::store::influxd
