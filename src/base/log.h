// Log lines to standard error: time, level, area, text; one line per event.
//
//   log::info("mqtt", "client {} connected from {}", id, peer);
//
// The area is the folder that speaks. Levels are error (someone must act), warn (degraded, goes
// on), info (life-cycle events, few), debug. Any thread may log.
#pragma once

#include <fmt/core.h>

#include <string_view>

namespace weir::log {

enum class Level { debug, info, warn, error, off };

void set_level(Level level);
bool enabled(Level level);
void write(Level level, std::string_view area, std::string_view text);

template <class... Args>
void debug(std::string_view area, fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::debug))
    write(Level::debug, area, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void info(std::string_view area, fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::info))
    write(Level::info, area, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void warn(std::string_view area, fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::warn))
    write(Level::warn, area, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void error(std::string_view area, fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::error))
    write(Level::error, area, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace weir::log
