// LogCapture: what is logged while it lives, for tests.
//
// Takes the place of standard error for that time, at level info. One at a time.
#pragma once

#include <doctest/doctest.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <functional>
#include <string>

#include "base/log.h"

namespace weir::log {

class LogCapture {
 public:
  explicit LogCapture(Level afterwards = Level::warn) : afterwards_(afterwards) {
    REQUIRE(file_ != nullptr);
    REQUIRE(before_ >= 0);
    REQUIRE(::dup2(::fileno(file_), STDERR_FILENO) == STDERR_FILENO);
    set_level(Level::info);
  }
  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;
  ~LogCapture() {
    set_level(afterwards_);
    ::dup2(before_, STDERR_FILENO);
    ::close(before_);
    std::fclose(file_);
  }
  std::string text() const {
    std::string all(static_cast<size_t>(::lseek(::fileno(file_), 0, SEEK_END)), '\0');
    REQUIRE(::pread(::fileno(file_), all.data(), all.size(), 0) ==
            static_cast<ssize_t>(all.size()));
    return all;
  }
  // Does it until the line comes: what other cases logged may have used a limit's lines of this
  // second up.
  bool comes(const std::string& line, const std::function<void()>& does) const {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (std::chrono::steady_clock::now() < deadline) {
      does();
      if (text().find(line) != std::string::npos) return true;
    }
    return false;
  }

 private:
  const Level afterwards_;
  std::FILE* const file_ = std::tmpfile();
  const int before_ = ::dup(STDERR_FILENO);
};

}  // namespace weir::log
