// GET /api/v2/weir/retained: the retained messages in pages, in the order of their topics.
// GET /api/v2/weir/retained/message: one whole.
// DELETE /api/v2/weir/retained: forgets one, or all that match a filter and a text.
#include <fmt/core.h>

#include "api/fields.h"
#include "api/payload_json.h"
#include "api/route.h"
#include "api/weir/message_access.h"
#include "api/weir/resources.h"
#include "base/json.h"
#include "base/time_text.h"
#include "mqtt/broker.h"
#include "mqtt/topic.h"

namespace weir::api::own {
namespace {

constexpr int64_t kShown = 100, kShownMax = 1000;
constexpr size_t kPayloadHeadBytes = 256;  // a line of a list
// Deleted between two looks at the store; the loop goes on until none is left.
constexpr size_t kDeletedAtOnce = 1000;

OrderedJson message_json(const mqtt::Message& message, size_t payload_bytes_max, int64_t now_ns) {
  OrderedJson json = {{"topic", message.topic}};
  const bool cut = message.payload.size() > payload_bytes_max;
  put_payload(json, std::string_view(message.payload).substr(0, payload_bytes_max), cut);
  json["cut"] = cut;
  json["payloadBytes"] = message.payload.size();
  json["qos"] = message.qos;
  json["time"] = rfc3339(message.received_ns);
  json["clientID"] = message.client_id;
  json["user"] = message.user;
  json["expiresAt"] = nullptr;
  if (message.properties && message.properties->message_expiry_s) {
    const int64_t lives_ns = int64_t{*message.properties->message_expiry_s} * 1'000'000'000;
    json["expiresAt"] = rfc3339(std::max(now_ns, message.received_ns + lives_ns));
  }
  return json;
}

void put_properties(OrderedJson& json, const mqtt::Message& message) {
  OrderedJson user = OrderedJson::array();
  json["contentType"] = "";
  json["responseTopic"] = "";
  if (message.properties) {
    json["contentType"] = message.properties->content_type;
    json["responseTopic"] = message.properties->response_topic;
    for (const auto& [key, value] : message.properties->user_properties)
      user.push_back({{"key", key}, {"value", value}});
  }
  json["userProperties"] = std::move(user);
}

Result<std::string> filter_of(const http::Parameters& parameters) {
  std::string filter(parameters.get("filter"));
  if (filter.empty()) return std::string("#");
  if (!mqtt::is_valid_topic_filter(filter))
    return Error{Errc::invalid,
                 fmt::format("filter is invalid: got `{}`, wanted a topic filter", filter)};
  return filter;
}

Result<Answer> retained(const Call& call) {
  WEIR_CHECK(check_sees_messages(call.context, call.caller));
  const http::Parameters& parameters = call.request.query;
  mqtt::RetainedQuery query;
  WEIR_TRY(query.filter, filter_of(parameters));
  query.text = parameters.get("text");
  query.after = parameters.get("after");
  WEIR_TRY(int64_t limit, integer_parameter(parameters, "limit", kShown));
  if (limit < 1 || limit > kShownMax)
    return Error{Errc::invalid, fmt::format("limit must be between 1 and {}", kShownMax)};
  query.limit = static_cast<size_t>(limit);
  mqtt::RetainedPage page;
  mqtt::RetainedTotals totals;
  if (const mqtt::Broker* broker = call.context.broker) {
    page = broker->retained(query);
    totals = broker->retained_totals();
  }
  OrderedJson shown = OrderedJson::array();
  const int64_t now_ns = call.context.clock.wall_ns();
  for (const mqtt::MessagePtr& message : page.messages)
    shown.push_back(message_json(*message, kPayloadHeadBytes, now_ns));
  return json_answer(200, {{"messages", std::move(shown)},
                           {"more", page.more},
                           {"total", totals.messages},
                           {"totalBytes", totals.bytes}});
}

Result<Answer> message(const Call& call) {
  WEIR_CHECK(check_sees_messages(call.context, call.caller));
  const std::string_view topic = call.request.query.get("topic");
  if (topic.empty()) return Error{Errc::invalid, "topic is missing"};
  mqtt::MessagePtr found;
  if (call.context.broker != nullptr) found = call.context.broker->retained_message(topic);
  if (found == nullptr) return Error{Errc::not_found, "retained message not found"};
  OrderedJson json = message_json(*found, SIZE_MAX, call.context.clock.wall_ns());
  put_properties(json, *found);
  return json_answer(200, json);
}

size_t remove_matching(mqtt::Broker& broker, mqtt::RetainedQuery query) {
  size_t removed = 0;
  query.limit = kDeletedAtOnce;
  while (true) {
    mqtt::RetainedPage page = broker.retained(query);
    for (const mqtt::MessagePtr& one : page.messages) removed += broker.remove_retained(one->topic);
    if (!page.more) return removed;
    query.after = page.messages.back()->topic;
  }
}

Result<Answer> remove(const Call& call) {
  WEIR_CHECK(check_acts_on_broker(call.caller));
  const http::Parameters& parameters = call.request.query;
  const std::string topic(parameters.get("topic"));
  // A filter is asked for by name: a request that forgot its topic must not delete everything.
  if (topic.empty() == parameters.get("filter").empty())
    return Error{Errc::invalid, "give either topic or filter"};
  mqtt::RetainedQuery query;
  WEIR_TRY(query.filter, filter_of(parameters));
  query.text = parameters.get("text");
  if (!topic.empty() && !query.text.empty())
    return Error{Errc::invalid, "text narrows a filter: give no topic with it"};
  mqtt::Broker* broker = call.context.broker;
  size_t removed = 0;
  if (broker != nullptr && !topic.empty()) removed = broker->remove_retained(topic) ? 1 : 0;
  if (broker != nullptr && topic.empty()) removed = remove_matching(*broker, std::move(query));
  if (!topic.empty() && removed == 0) return Error{Errc::not_found, "retained message not found"};
  return json_answer(200, {{"deleted", removed}});
}

}  // namespace

void mount_retained(http::Router& router, Context& context) {
  route(router, context, "GET", "/api/v2/weir/retained", RunOn::worker, retained);
  route(router, context, "GET", "/api/v2/weir/retained/message", RunOn::worker, message);
  route(router, context, "DELETE", "/api/v2/weir/retained", RunOn::worker, remove);
}

}  // namespace weir::api::own
