// Receiver: what the threads share about one client's session: its name, its home, its figures.
//
// A session lives on one io thread, its home. Whoever routes a message reads the home here and
// hands the message over to that thread; the session itself is reached there only. The record
// outlives the session while matches still name it: `home` then says kGone.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/sync.h"
#include "mqtt/broker.h"

namespace weir::mqtt {

class Session;

struct Receiver {
  static constexpr uint32_t kGone = UINT32_MAX;

  Receiver(std::string id, uint32_t home_thread) : client_id(std::move(id)), home(home_thread) {}

  const std::string client_id;
  std::atomic<uint32_t> home;  // index of the io thread that owns the session
  Session* session = nullptr;  // home thread only; null while the session is on its way there

  // Written on the home thread, read by any.
  std::atomic<uint64_t> messages_in = 0, messages_out = 0, bytes_in = 0, bytes_out = 0, dropped = 0;
  struct Details {
    bool connected = false;
    ClientInfo info;
  };
  Guarded<Details> details;
};

// Adds to a counter that one thread at a time writes: cheaper than a locked addition.
inline void add_to(std::atomic<uint64_t>& counter, uint64_t amount) {
  counter.store(counter.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
}

}  // namespace weir::mqtt
