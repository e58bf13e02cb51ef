#include "api/line_write.h"

#include <fmt/core.h>

#include "base/metrics.h"

namespace weir::api {
namespace {

constexpr size_t kLineErrorsBytesMax = 64 * 1024;

metrics::Counter requests_total{"weir_http_write_requests_total", "Write requests answered"};
metrics::Counter points_total{"weir_http_write_points_total", "Points handed to the store"};

}  // namespace

std::string joined_messages(const std::vector<model::LineError>& errors) {
  std::string message;
  for (size_t i = 0; i < errors.size(); i++) {
    if (message.size() + errors[i].message.size() > kLineErrorsBytesMax && i > 0) {
      message += fmt::format("\n... and {} more", errors.size() - i);
      break;
    }
    if (i > 0) message += '\n';
    message += errors[i].message;
  }
  return message;
}

void count_write_request() { requests_total.add(1); }
void count_written_points(size_t points) { points_total.add(points); }

}  // namespace weir::api
