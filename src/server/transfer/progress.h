// How far a transfer is: a bar on a terminal, a plain line now and then anywhere else.
//
// Writes to standard error. One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir::server {

// 1234567 as "1,234,567".
std::string grouped(uint64_t number);
// Seconds as "1:02:03", below a minute "42 s", below ten "1.5 s".
std::string spelled_duration(double seconds);

class Progress {
 public:
  // `unit`: "points" or "bytes". Nothing is shown if `quiet`.
  Progress(std::string unit, bool quiet);
  // `share` is 0 to 1, or negative if unknown; of what remains, the time left is guessed.
  void update(uint64_t done, double share, std::string_view remark = "");
  // Clears the bar, so that what follows stands alone.
  void finish();
  double seconds() const;
  // Prints a line of its own without harming the bar.
  void say(std::string_view line);

 private:
  using Clock = std::chrono::steady_clock;
  std::string unit_;
  bool quiet_, is_terminal_, is_shown_ = false;
  Clock::time_point started_ = Clock::now(), last_{};
  double first_share_ = -1;
};

}  // namespace weir::server
