// WEIR_ASSERT: an always-on check of what the program itself guarantees.
//
// A failed assertion means a bug in weir, never bad input: it prints the condition, the reason and
// the place, and aborts. Input, peers and disks fail through Result (base/result.h) instead.
#pragma once

namespace weir {
[[noreturn]] void assertion_failed(const char* condition, const char* why, const char* file,
                                   int line);
}  // namespace weir

#define WEIR_ASSERT(condition, why)       \
  (static_cast<bool>(condition) ? void(0) \
                                : ::weir::assertion_failed(#condition, why, __FILE__, __LINE__))
