#include <fmt/core.h>
#include <unistd.h>

#include <cstdio>

#include "base/clock.h"
#include "server/commands/commands.h"
#include "server/units.h"
#include "server/verify_directory.h"

namespace weir::server {
namespace {

// A line that is written over, on a terminal; at most ten times a second.
class ProgressLine {
 public:
  void show(const store::VerifyProgress& progress) {
    int64_t now_ms = clock_.steady_ms();
    if (!is_terminal_ || now_ms - shown_ms_ < 100) return;
    shown_ms_ = now_ms;
    double part = progress.total_bytes == 0 ? 1
                                            : static_cast<double>(progress.done_bytes) /
                                                  static_cast<double>(progress.total_bytes);
    fmt::print(stderr, "\r{:3.0f} %  {}", part * 100, format_bytes(progress.done_bytes));
    std::fflush(stderr);
  }
  void clear() {
    if (is_terminal_ && shown_ms_ != 0) fmt::print(stderr, "\r{:30}\r", "");
  }

 private:
  SystemClock clock_;
  const bool is_terminal_ = ::isatty(STDERR_FILENO) != 0;
  int64_t shown_ms_ = 0;
};

}  // namespace

int verify_command(const VerifyArguments& arguments) {
  uint64_t damaged = 0, torn = 0;
  ProgressLine line;
  store::VerifyWatch watch;
  watch.damage = [&](const store::Damage& damage) {
    line.clear();
    fmt::print("{}", to_text(damage));
    (damage.may_be_torn ? torn : damaged)++;
  };
  watch.progress = [&](const store::VerifyProgress& progress) { line.show(progress); };
  auto done = verify_directory(arguments.directory, system_file_system(), watch);
  line.clear();
  if (!done.ok()) {
    Error error = std::move(done).error();
    if (error.code == Errc::unavailable) {
      error.message += "; stop the weir that uses it, or verify a backup";
    }
    return report(error);
  }
  const store::VerifyTotals& totals = done->store;
  fmt::print("{}: {} log segments with {} records, {} chunks with {} rows in {} files, {} in all\n",
             arguments.directory, totals.log_segments + done->journal_segments,
             totals.log_records + done->journal_records, totals.chunks, totals.rows, totals.tables,
             format_bytes(totals.bytes));
  if (torn > 0) fmt::print("{} unfinished ends of logs, which the next start cuts off\n", torn);
  fmt::print("{}\n", damaged == 0 ? "no damage found" : fmt::format("{} damaged places", damaged));
  return damaged == 0 ? 0 : 1;
}

}  // namespace weir::server
