// run_and_wait(): has a task carried out on an io thread, and returns when it is done.
//
// For those who stop what lives on the loop, from any other thread: on the loop itself it would
// wait for itself. The loop runs: one that was stopped never comes to the task.
#pragma once

#include <functional>

#include "net/stream.h"

namespace weir::net {

void run_and_wait(IoThread& thread, std::function<void()> task);

}  // namespace weir::net
