#include <csignal>

#include "server/commands/commands.h"

namespace weir::server {
namespace {
std::atomic<bool> stop_requested = false;
void request_stop(int) { stop_requested = true; }
}  // namespace

int sensor_command(const SensorOptions& options) {
  std::signal(SIGINT, request_stop);
  std::signal(SIGTERM, request_stop);
  std::signal(SIGPIPE, SIG_IGN);
  auto outcome = run_sensor(options, SystemClock(), stop_requested);
  return outcome.ok() ? 0 : report(outcome.error());
}

}  // namespace weir::server
