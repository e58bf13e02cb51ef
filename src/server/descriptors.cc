#include "server/descriptors.h"

#include <sys/resource.h>

#include <algorithm>

namespace weir::server {
namespace {

// Files of the store and connections of the API; where there is little, half of it.
constexpr uint64_t kOtherDescriptors = 2'000;

}  // namespace

uint64_t raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  const rlim_t before = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max;
  return setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : before;
}

size_t connections_within(uint64_t limit, size_t wanted) {
  const uint64_t others = std::min(kOtherDescriptors, limit / 2);
  return std::clamp<uint64_t>(limit - others, 1, std::max<size_t>(wanted, 1));
}

}  // namespace weir::server
