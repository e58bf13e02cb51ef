// Traces: what certain clients say and are told, packet by packet, for as long as somebody asked.
//
// A trace is for one client identifier, or for the publishes whose topic matches a filter. It ends
// by itself, keeps its newest lines, and writes to the log as far as a reader of logs can follow.
// While none runs, a packet costs the test of generation() against 0. Any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/sync.h"

namespace weir::mqtt {

struct TraceRequest {
  std::string client_id;  // of whom all packets are wanted; or empty
  std::string filter;     // PUBLISH packets of any client on matching topics
  int64_t duration_ms = 10 * 60'000;
  bool with_payload = false;  // the beginning of each payload too
};
struct TraceLine {
  uint64_t number = 0;  // from 1, in order
  int64_t time_ns = 0;
  std::string client_id;
  bool incoming = false;    // from the client
  std::string_view packet;  // "PUBLISH"
  size_t bytes = 0;
  std::string text;     // what is in it, in words
  std::string payload;  // its head, if the trace is with payload
  size_t payload_bytes = 0;
};
struct TraceInfo {
  uint64_t id = 0;
  TraceRequest request;
  int64_t started_ns = 0, ends_ns = 0;  // wall clock
  bool running = false;
  uint64_t packets = 0;  // seen so far; the newest kLinesMax have their lines
};

class Traces {
 public:
  static constexpr size_t kRunningMax = 8;
  static constexpr size_t kKeptMax = 16;     // with those that have ended
  static constexpr size_t kLinesMax = 1000;  // of each, some hundred kilobytes
  static constexpr int64_t kDurationMsMax = 60 * 60'000;
  static constexpr size_t kTextBytesMax = 400;
  static constexpr size_t kPayloadHeadBytes = 256;
  static constexpr int kLogLinesPerSecond = 50;

  // Errc::invalid names what is wrong with the request; Errc::too_many_requests: kRunningMax run.
  Result<TraceInfo> start(const TraceRequest& request, int64_t wall_ns);
  bool stop(uint64_t id, int64_t wall_ns);  // its lines stay; false if there is no such trace
  std::vector<TraceInfo> list() const;      // newest first
  struct Lines {
    TraceInfo info;
    std::vector<TraceLine> lines;  // after the number asked for, oldest first
    uint64_t missed = 0;           // between that number and the first line: no longer kept
  };
  std::optional<Lines> lines(uint64_t id, uint64_t after, size_t most) const;

  // 0 while none runs; otherwise changes whenever another set of traces runs.
  uint64_t generation() const { return generation_.load(std::memory_order_relaxed); }
  // Whether a trace runs that some packet of this client may belong to.
  bool concern(std::string_view client_id) const;
  struct Seen {
    std::string_view client_id;
    bool incoming = false;
    std::string_view packet;
    size_t bytes = 0;
    std::string text;
    std::string_view topic;  // of a PUBLISH; else empty
    std::string_view payload;
  };
  void record(const Seen& seen, int64_t wall_ns);
  // Ends the traces whose time is over.
  void expire(int64_t wall_ns);

 private:
  struct Trace {
    TraceInfo info;
    std::deque<TraceLine> lines;
    int64_t log_second = 0;
    int logged = 0;  // in that second
  };
  struct State {
    std::deque<Trace> traces;  // newest first
    uint64_t last_id = 0, changes = 0;
  };
  void update_generation(State& state);
  static void append(Trace& trace, const Seen& seen, int64_t wall_ns);

  Guarded<State> state_;
  std::atomic<uint64_t> generation_ = 0;
};

}  // namespace weir::mqtt
