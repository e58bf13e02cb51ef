#include "base/log_limit.h"

#include "base/clock.h"
#include "base/log.h"

namespace weir::log {

std::string shown(std::string_view text, size_t bytes_max) {
  size_t end = text.size();
  if (end > bytes_max) {
    end = bytes_max;
    // Not within a character of several bytes.
    auto continues = [&](size_t at) { return (static_cast<uint8_t>(text[at]) & 0xC0) == 0x80; };
    while (end > 0 && end + 4 > bytes_max && continues(end)) end--;
  }
  std::string out;
  auto escape = [&](uint8_t byte) { out += fmt::format("\\x{:02x}", byte); };
  for (size_t at = 0; at < end; at++) {
    auto byte = static_cast<uint8_t>(text[at]);
    // U+0080 to U+009F are control characters too.
    bool is_c1 = byte == 0xC2 && at + 1 < end && static_cast<uint8_t>(text[at + 1]) < 0xA0;
    if (byte < 0x20 || byte == 0x7F) {
      escape(byte);
    } else if (is_c1) {
      escape(byte);
      escape(static_cast<uint8_t>(text[++at]));
    } else {
      out += text[at];
    }
  }
  if (end < text.size()) out += "...";
  return out;
}

bool Limit::admits() {
  uint64_t untold = 0;
  if (!admits(SystemClock().steady_ms(), untold)) return false;
  if (untold > 0) info(area_, "{} more {} were not logged", untold, what_);
  return true;
}

bool Limit::admits(int64_t now_ms, uint64_t& untold) {
  auto state = state_.lock();
  if (state->lines == 0 || now_ms - state->since_ms >= 1000) {
    state->since_ms = now_ms;
    state->lines = 0;
  }
  if (state->lines >= kLinesPerSecond) {
    state->untold++;
    return false;
  }
  state->lines++;
  untold = std::exchange(state->untold, 0);
  return true;
}

}  // namespace weir::log
