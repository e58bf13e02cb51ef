#include <fmt/core.h>

#include <cstdio>

#include "server/commands/commands.h"

namespace weir::server {

int report(const Error& error) {
  fmt::print(stderr, "weir: {}\n", error.message);
  return 1;
}

}  // namespace weir::server
