#include "base/process_memory.h"

#include <unistd.h>

#include <cstdio>

namespace weir {

// /proc/self/statm: all pages, then the resident ones.
uint64_t resident_bytes() {
  FILE* file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) return 0;
  unsigned long all = 0, resident = 0;
  const int read = std::fscanf(file, "%lu %lu", &all, &resident);
  std::fclose(file);
  const long page = sysconf(_SC_PAGESIZE);
  return read == 2 && page > 0 ? resident * static_cast<uint64_t>(page) : 0;
}

}  // namespace weir
