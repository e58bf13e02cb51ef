#include "server/transfer/progress.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "server/units.h"

namespace weir::server {
namespace {

constexpr auto kTerminalEvery = std::chrono::milliseconds(100);
constexpr auto kPlainEvery = std::chrono::seconds(10);
constexpr int kBarWidth = 24;

}  // namespace

std::string grouped(uint64_t number) {
  std::string digits = std::to_string(number);
  for (auto at = static_cast<ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<size_t>(at), ",");
  }
  return digits;
}

std::string spelled_duration(double seconds) {
  if (seconds < 9.95) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<int64_t>(seconds);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

Progress::Progress(std::string unit, bool quiet)
    : unit_(std::move(unit)), quiet_(quiet), is_terminal_(::isatty(STDERR_FILENO) == 1) {
  last_ = started_;
}

double Progress::seconds() const {
  return std::chrono::duration<double>(Clock::now() - started_).count();
}

void Progress::update(uint64_t done, double share, std::string_view remark) {
  const Clock::time_point now = Clock::now();
  if (first_share_ < 0) first_share_ = std::max(share, 0.0);
  if (quiet_ || now - last_ < (is_terminal_ ? Clock::duration(kTerminalEvery) : kPlainEvery)) {
    return;
  }
  last_ = now;
  const bool is_bytes = unit_ == "bytes";
  auto amount = [&](uint64_t n) { return is_bytes ? format_bytes(n) : grouped(n) + " " + unit_; };
  const double elapsed = seconds();
  std::string line = fmt::format(
      "{}  {}/s", amount(done), amount(static_cast<uint64_t>(static_cast<double>(done) / elapsed)));
  if (share >= 0) {
    share = std::min(share, 1.0);
    const int full = static_cast<int>(share * kBarWidth);
    line = fmt::format("{:3.0f} %  {}", share * 100, line);
    if (is_terminal_) {
      line = fmt::format("[{}{}] {}", std::string(static_cast<size_t>(full), '#'),
                         std::string(static_cast<size_t>(kBarWidth - full), '.'), line);
    }
    const double gone = share - first_share_;
    if (gone > 0.001) line += "  " + spelled_duration(elapsed / gone * (1 - share)) + " left";
  }
  if (!remark.empty()) line += fmt::format("  ({})", remark);
  std::fprintf(stderr, is_terminal_ ? "\r\033[K%s" : "%s\n", line.c_str());
  std::fflush(stderr);
  is_shown_ = is_terminal_;
}

void Progress::finish() {
  if (is_shown_) std::fputs("\r\033[K", stderr);
  is_shown_ = false;
}

void Progress::say(std::string_view line) {
  finish();
  std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
}

}  // namespace weir::server
