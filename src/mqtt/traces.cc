#include "mqtt/traces.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/log.h"
#include "mqtt/topic.h"

namespace weir::mqtt {

Result<TraceInfo> Traces::start(const TraceRequest& request, int64_t wall_ns) {
  if (request.client_id.empty() == request.filter.empty()) {
    return Error{Errc::invalid, "a trace is for either a client or a topic filter"};
  }
  if (!request.filter.empty() && !is_valid_topic_filter(request.filter)) {
    return Error{Errc::invalid,
                 fmt::format("filter is invalid: got `{}`, wanted a topic filter", request.filter)};
  }
  if (request.duration_ms < 1 || request.duration_ms > kDurationMsMax) {
    return Error{Errc::invalid, fmt::format("a trace lasts between a moment and {} seconds",
                                            kDurationMsMax / 1000)};
  }
  auto state = state_.lock();
  auto running = std::count_if(state->traces.begin(), state->traces.end(),
                               [](const Trace& one) { return one.info.running; });
  if (static_cast<size_t>(running) >= kRunningMax) {
    return Error{Errc::too_many_requests,
                 fmt::format("{} traces run already; stop one of them", kRunningMax)};
  }
  if (state->traces.size() >= kKeptMax) {  // the oldest that has ended makes room
    auto ended = std::find_if(state->traces.rbegin(), state->traces.rend(),
                              [](const Trace& one) { return !one.info.running; });
    state->traces.erase(std::next(ended).base());
  }
  Trace& trace = state->traces.emplace_front();
  trace.info = {
      ++state->last_id, request, wall_ns, wall_ns + request.duration_ms * 1'000'000, true, 0};
  update_generation(*state);
  log::info("mqtt", "trace {} of {} {} runs for {} s", trace.info.id,
            request.client_id.empty() ? "topics" : "client",
            request.client_id.empty() ? request.filter : request.client_id,
            request.duration_ms / 1000);
  return trace.info;
}

bool Traces::stop(uint64_t id, int64_t wall_ns) {
  auto state = state_.lock();
  for (Trace& trace : state->traces) {
    if (trace.info.id != id) continue;
    if (trace.info.running) trace.info.ends_ns = std::min(trace.info.ends_ns, wall_ns);
    trace.info.running = false;
    update_generation(*state);
    return true;
  }
  return false;
}

void Traces::expire(int64_t wall_ns) {
  if (generation() == 0) return;
  auto state = state_.lock();
  bool changed = false;
  for (Trace& trace : state->traces) {
    if (!trace.info.running || wall_ns < trace.info.ends_ns) continue;
    trace.info.running = false;
    changed = true;
    log::info("mqtt", "trace {} ends after {} packets", trace.info.id, trace.info.packets);
  }
  if (changed) update_generation(*state);
}

void Traces::update_generation(State& state) {
  bool runs = std::any_of(state.traces.begin(), state.traces.end(),
                          [](const Trace& one) { return one.info.running; });
  state.changes++;
  generation_.store(runs ? state.changes : 0, std::memory_order_relaxed);
}

std::vector<TraceInfo> Traces::list() const {
  std::vector<TraceInfo> all;
  auto state = state_.lock();
  for (const Trace& trace : state->traces) all.push_back(trace.info);
  return all;
}

std::optional<Traces::Lines> Traces::lines(uint64_t id, uint64_t after, size_t most) const {
  auto state = state_.lock();
  for (const Trace& trace : state->traces) {
    if (trace.info.id != id) continue;
    Lines found{trace.info, {}, 0};
    if (trace.lines.empty()) return found;
    const uint64_t first = trace.lines.front().number;
    if (after + 1 < first) found.missed = first - after - 1;
    for (size_t at = after < first ? 0 : after - first + 1; at < trace.lines.size(); at++) {
      if (found.lines.size() == most) break;
      found.lines.push_back(trace.lines[at]);
    }
    return found;
  }
  return std::nullopt;
}

bool Traces::concern(std::string_view client_id) const {
  auto state = state_.lock();
  return std::any_of(state->traces.begin(), state->traces.end(), [&](const Trace& one) {
    return one.info.running &&
           (!one.info.request.filter.empty() || one.info.request.client_id == client_id);
  });
}

void Traces::record(const Seen& seen, int64_t wall_ns) {
  auto state = state_.lock();
  for (Trace& trace : state->traces) {
    const TraceInfo& info = trace.info;
    if (!info.running || wall_ns >= info.ends_ns) continue;
    bool is_wanted = info.request.filter.empty()
                         ? info.request.client_id == seen.client_id
                         : !seen.topic.empty() && topic_matches(info.request.filter, seen.topic);
    if (is_wanted) append(trace, seen, wall_ns);
  }
}

void Traces::append(Trace& trace, const Seen& seen, int64_t wall_ns) {
  TraceLine line;
  line.number = ++trace.info.packets;
  line.time_ns = wall_ns;
  line.client_id = seen.client_id;
  line.incoming = seen.incoming;
  line.packet = seen.packet;
  line.bytes = seen.bytes;
  line.text = seen.text.substr(0, kTextBytesMax);
  line.payload_bytes = seen.payload.size();
  if (trace.info.request.with_payload) line.payload = seen.payload.substr(0, kPayloadHeadBytes);
  if (trace.log_second != wall_ns / 1'000'000'000) {
    trace.log_second = wall_ns / 1'000'000'000;
    trace.logged = 0;
  }
  if (++trace.logged <= kLogLinesPerSecond) {
    log::info("mqtt", "trace {}: {} {} {}, {} B{}{}", trace.info.id, line.client_id,
              line.incoming ? "sent" : "was sent", line.packet, line.bytes,
              line.text.empty() ? "" : ": ", line.text);
  } else if (trace.logged == kLogLinesPerSecond + 1) {
    log::info("mqtt", "trace {}: more packets in this second are not logged", trace.info.id);
  }
  if (trace.lines.size() == kLinesMax) trace.lines.pop_front();
  trace.lines.push_back(std::move(line));
}

}  // namespace weir::mqtt
