// Two streams joined back to back in memory: what one end writes the other reads.
//
// For a part of the program that speaks to another as a client would. Both ends live on one io
// thread; bytes are handed over in a later turn of its loop, a batch's writes together. Unsent is
// what the other end has not read: a paused reader is felt as a slow peer is.
#pragma once

#include <memory>
#include <utility>

#include "net/stream.h"

namespace weir::net {

// `name` stands for the address of the peer, at both ends.
std::pair<std::unique_ptr<Stream>, std::unique_ptr<Stream>> make_memory_streams(
    IoThread& thread, const std::string& name);

}  // namespace weir::net
