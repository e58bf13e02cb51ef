// The process's limit on open files and connections, which is 1024 where nobody changed it: far
// below what the broker offers, and reaching it would keep the store from its files.
//
// Used by `weir run` before anything is opened.
#pragma once

#include <cstddef>
#include <cstdint>

namespace weir::server {

// Raises the soft limit to the hard one, and returns what it is then. Programs that use select()
// are why it is low by default; weir uses epoll and poll.
uint64_t raise_descriptor_limit();

// How many of `wanted` connections there is room for under the limit, beside the files of the store
// and the connections of the API; at least one.
size_t connections_within(uint64_t limit, size_t wanted);

}  // namespace weir::server
