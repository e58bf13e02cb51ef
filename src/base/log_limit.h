// What strangers may make a log say: text in a form that fits a line, and so many lines a second.
//
//   inline log::Limit refusals{"mqtt", "refusals of clients"};
//   if (refusals.admits()) log::info("mqtt", "client {} refused", log::shown(id));
//
// Lines beyond the limit are counted; how many there were is told in a line of its own before the
// next one that is admitted. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/sync.h"

namespace weir::log {

// Enough to know a name again.
inline constexpr size_t kShownBytesMax = 64;

// The first bytes of it, with "..." if there are more; control characters as \xNN.
std::string shown(std::string_view text, size_t bytes_max = kShownBytesMax);

class Limit {
 public:
  // Enough to see what happens; a line takes some 10 us and 200 bytes.
  static constexpr uint32_t kLinesPerSecond = 10;

  // `what` the lines tell of, in the plural; both are literals.
  Limit(std::string_view area, std::string_view what) : area_(area), what_(what) {}
  // Whether one more line may be written now.
  bool admits();
  // The same at a time of its own; `untold` is how many were left out before it.
  bool admits(int64_t now_ms, uint64_t& untold);

 private:
  struct State {
    int64_t since_ms = INT64_MIN;  // the second's begin
    uint32_t lines = 0;            // in it
    uint64_t untold = 0;
  };
  const std::string_view area_, what_;
  Guarded<State> state_;
};

}  // namespace weir::log
