// POST /api/v2/weir/traces: writes down what a client, or the clients on some topics, say and hear.
// GET /api/v2/weir/traces and traces/{id}: which there are; one's lines. DELETE traces/{id}: stops.
#include <fmt/core.h>

#include <charconv>

#include "api/fields.h"
#include "api/payload_json.h"
#include "api/route.h"
#include "api/weir/message_access.h"
#include "api/weir/resources.h"
#include "base/json.h"
#include "base/time_text.h"
#include "mqtt/broker.h"

namespace weir::api::own {
namespace {

constexpr int64_t kLinesShown = 500;

OrderedJson trace_json(const mqtt::TraceInfo& trace) {
  return {{"id", trace.id},
          {"clientID", trace.request.client_id},
          {"filter", trace.request.filter},
          {"withPayload", trace.request.with_payload},
          {"startedAt", rfc3339(trace.started_ns)},
          {"endsAt", rfc3339(trace.ends_ns)},
          {"running", trace.running},
          {"packets", trace.packets}};
}

OrderedJson line_json(const mqtt::TraceLine& line, bool with_payload) {
  OrderedJson json = {{"number", line.number},      {"time", rfc3339(line.time_ns)},
                      {"clientID", line.client_id}, {"from", line.incoming ? "client" : "broker"},
                      {"packet", line.packet},      {"bytes", line.bytes},
                      {"text", line.text}};
  if (with_payload && line.payload_bytes > 0) {
    put_payload(json, line.payload, line.payload.size() < line.payload_bytes);
    json["cut"] = line.payload.size() < line.payload_bytes;
  }
  return json;
}

Result<mqtt::Traces*> traces_of(const Call& call) {
  if (call.context.broker == nullptr) return Error{Errc::not_found, "trace not found"};
  return &call.context.broker->traces();
}

Result<uint64_t> id_of(const Call& call) {
  const std::string_view text = call.request.path_value("id");
  uint64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size())
    return Error{Errc::not_found, "trace not found"};
  return id;
}

Result<Answer> start(const Call& call) {
  WEIR_CHECK(check_acts_on_broker(call.caller));
  WEIR_TRY(mqtt::Traces * traces, traces_of(call));
  WEIR_TRY(Json body, body_object(call.request));
  mqtt::TraceRequest wanted;
  WEIR_TRY(std::optional<std::string> client_id, text_field(body, "clientID"));
  WEIR_TRY(std::optional<std::string> filter, text_field(body, "filter"));
  WEIR_TRY(std::optional<int64_t> seconds, integer_field(body, "seconds"));
  WEIR_TRY(std::optional<bool> with_payload, boolean_field(body, "withPayload"));
  wanted.client_id = client_id.value_or("");
  wanted.filter = filter.value_or("");
  wanted.with_payload = with_payload.value_or(false);
  if (seconds) {
    const int64_t most = mqtt::Traces::kDurationMsMax / 1000;
    if (*seconds < 1 || *seconds > most)
      return Error{Errc::invalid, fmt::format("seconds must be between 1 and {}", most)};
    wanted.duration_ms = *seconds * 1000;
  }
  WEIR_TRY(mqtt::TraceInfo trace, traces->start(wanted, call.context.clock.wall_ns()));
  return json_answer(201, trace_json(trace));
}

Result<Answer> list(const Call& call) {
  WEIR_CHECK(check_sees_messages(call.context, call.caller));
  OrderedJson shown = OrderedJson::array();
  if (call.context.broker != nullptr) {
    for (const mqtt::TraceInfo& trace : call.context.broker->traces().list())
      shown.push_back(trace_json(trace));
  }
  return json_answer(200, {{"traces", std::move(shown)}});
}

Result<Answer> lines(const Call& call) {
  WEIR_CHECK(check_sees_messages(call.context, call.caller));
  WEIR_TRY(mqtt::Traces * traces, traces_of(call));
  WEIR_TRY(uint64_t id, id_of(call));
  WEIR_TRY(int64_t after, integer_parameter(call.request.query, "after", 0));
  if (after < 0) return Error{Errc::invalid, "after must not be negative"};
  std::optional<mqtt::Traces::Lines> found =
      traces->lines(id, static_cast<uint64_t>(after), kLinesShown);
  if (!found) return Error{Errc::not_found, "trace not found"};
  OrderedJson json = trace_json(found->info);
  OrderedJson shown = OrderedJson::array();
  for (const mqtt::TraceLine& line : found->lines)
    shown.push_back(line_json(line, found->info.request.with_payload));
  json["lines"] = std::move(shown);
  json["missed"] = found->missed;
  return json_answer(200, json);
}

Result<Answer> stop(const Call& call) {
  WEIR_CHECK(check_acts_on_broker(call.caller));
  WEIR_TRY(mqtt::Traces * traces, traces_of(call));
  WEIR_TRY(uint64_t id, id_of(call));
  if (!traces->stop(id, call.context.clock.wall_ns()))
    return Error{Errc::not_found, "trace not found"};
  return no_content();
}

}  // namespace

void mount_traces(http::Router& router, Context& context) {
  route(router, context, "POST", "/api/v2/weir/traces", RunOn::io, start);
  route(router, context, "GET", "/api/v2/weir/traces", RunOn::io, list);
  route(router, context, "GET", "/api/v2/weir/traces/{id}", RunOn::worker, lines);
  route(router, context, "DELETE", "/api/v2/weir/traces/{id}", RunOn::io, stop);
}

}  // namespace weir::api::own
