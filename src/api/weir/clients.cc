// GET /api/v2/weir/clients: the broker's clients, connected or with a kept session, in pages.
// GET /api/v2/weir/clients/detail: one of them with all that is known of it.
// DELETE /api/v2/weir/clients: ends one's connection, and its session if asked to.
#include <fmt/core.h>

#include <array>
#include <chrono>
#include <future>

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

constexpr int64_t kClientsShown = 100, kClientsShownMax = 1000;  // some 600 bytes of JSON each
// An io thread answers between two batches of events; one that does not is in trouble.
constexpr std::chrono::seconds kAnswerMax{5};

constexpr std::array<std::pair<std::string_view, mqtt::ClientQuery::Order>, 10> kOrders = {{
    {"clientID", mqtt::ClientQuery::Order::client_id},
    {"user", mqtt::ClientQuery::Order::user},
    {"connectedAt", mqtt::ClientQuery::Order::connected_at},
    {"messagesInRate", mqtt::ClientQuery::Order::messages_in},
    {"messagesOutRate", mqtt::ClientQuery::Order::messages_out},
    {"bytesInRate", mqtt::ClientQuery::Order::bytes_in},
    {"bytesOutRate", mqtt::ClientQuery::Order::bytes_out},
    {"queued", mqtt::ClientQuery::Order::queued},
    {"dropped", mqtt::ClientQuery::Order::dropped},
    {"subscriptions", mqtt::ClientQuery::Order::subscriptions},
}};

std::string_view protocol_name(int version) {
  return version == 5 ? "MQTT 5" : version == 3 ? "MQTT 3.1" : "MQTT 3.1.1";
}

OrderedJson time_or_null(int64_t time_ns) {
  return time_ns == 0 ? OrderedJson(nullptr) : OrderedJson(rfc3339(time_ns));
}

double rounded(double rate) {
  return static_cast<double>(static_cast<int64_t>(rate * 1000)) / 1000;
}

// In the order of mqtt::DropReason, and what it published without permission.
OrderedJson dropped_json(const mqtt::ClientInfo& client) {
  constexpr std::array<const char*, mqtt::kDropReasons> kNames = {
      "slowSubscriber", "queueFull", "allQueuesFull", "tooLarge", "expired", "rightsLost"};
  OrderedJson json = OrderedJson::object();
  uint64_t total = client.refused;
  for (size_t i = 0; i < kNames.size(); i++) {
    json[kNames[i]] = client.dropped[i];
    total += client.dropped[i];
  }
  json["notAuthorized"] = client.refused;
  json["total"] = total;
  return json;
}

OrderedJson client_json(const mqtt::ClientInfo& client) {
  OrderedJson expiry(client.session_expiry_s);
  if (client.session_expiry_s == UINT32_MAX) expiry = nullptr;
  return {{"clientID", client.client_id},
          {"user", client.user},
          {"connected", client.connected},
          {"peer", client.peer},
          {"listener", client.listener},
          {"transport", client.transport},
          {"protocol", protocol_name(client.protocol_version)},
          {"connectedAt", time_or_null(client.connected_at_ns)},
          {"disconnectedAt", time_or_null(client.disconnected_at_ns)},
          {"endedBecause", client.ended_because},
          {"cleanStart", client.clean_start},
          {"sessionExpirySeconds", std::move(expiry)},
          {"keepAliveSeconds", client.keep_alive_s},
          {"messagesIn", client.messages_in},
          {"messagesOut", client.messages_out},
          {"bytesIn", client.bytes_in},
          {"bytesOut", client.bytes_out},
          {"rates",
           {{"messagesIn", rounded(client.rates.messages_in)},
            {"messagesOut", rounded(client.rates.messages_out)},
            {"bytesIn", rounded(client.rates.bytes_in)},
            {"bytesOut", rounded(client.rates.bytes_out)}}},
          {"inFlightIn", client.in_flight_in},
          {"inFlightOut", client.in_flight_out},
          {"queuedMessages", client.queued_messages},
          {"queuedBytes", client.queued_bytes},
          {"dropped", dropped_json(client)},
          {"subscriptionCount", client.subscriptions}};
}

Result<mqtt::ClientQuery> query_of(const http::Parameters& parameters) {
  mqtt::ClientQuery query;
  query.text = parameters.get("text");
  const std::string_view state = parameters.get("state");
  if (state == "connected") {
    query.state = mqtt::ClientQuery::State::connected;
  } else if (state == "kept") {
    query.state = mqtt::ClientQuery::State::kept;
  } else if (!state.empty() && state != "all") {
    return Error{Errc::invalid,
                 fmt::format("state is invalid: got `{}`, wanted all, connected or kept", state)};
  }
  const std::string_view sort = parameters.get("sort");
  bool is_known = sort.empty();
  for (const auto& [name, order] : kOrders) {
    if (name != sort) continue;
    query.order = order;
    is_known = true;
  }
  if (!is_known) return Error{Errc::invalid, fmt::format("cannot sort by `{}`", sort)};
  query.descending = parameters.get("descending") == "true";
  WEIR_TRY(int64_t offset, integer_parameter(parameters, "offset", 0));
  WEIR_TRY(int64_t limit, integer_parameter(parameters, "limit", kClientsShown));
  if (offset < 0) return Error{Errc::invalid, "offset must not be negative"};
  if (limit < 1 || limit > kClientsShownMax)
    return Error{Errc::invalid, fmt::format("limit must be between 1 and {}", kClientsShownMax)};
  query.offset = static_cast<size_t>(offset);
  query.limit = static_cast<size_t>(limit);
  return query;
}

Result<Answer> clients(const Call& call) {
  WEIR_CHECK(check_sees_messages(call.context, call.caller));
  WEIR_TRY(mqtt::ClientQuery query, query_of(call.request.query));
  mqtt::ClientPage page;
  if (call.context.broker != nullptr) page = call.context.broker->clients(query);
  OrderedJson shown = OrderedJson::array();
  for (const mqtt::ClientInfo& client : page.clients) shown.push_back(client_json(client));
  return json_answer(200, {{"clients", std::move(shown)},
                           {"matching", page.matching},
                           {"connected", page.connected},
                           {"kept", page.kept}});
}

// The parameter, and a broker to ask about it.
Result<std::string> client_asked_for(const Call& call) {
  std::string client_id(call.request.query.get("clientID"));
  if (client_id.empty()) return Error{Errc::invalid, "clientID is missing"};
  if (call.context.broker == nullptr) return Error{Errc::not_found, "client not found"};
  return client_id;
}

// Waits for the io thread that answers; on a worker only.
template <class T>
Result<T> wait_for(std::future<T>& answer) {
  if (answer.wait_for(kAnswerMax) != std::future_status::ready)
    return Error{Errc::unavailable, "the broker does not answer; it may be stopping"};
  return answer.get();
}

OrderedJson subscription_json(const mqtt::ClientSubscription& one) {
  constexpr std::string_view kHandling[] = {"send", "sendIfNew", "doNotSend"};
  return {{"filter", one.filter},
          {"qos", one.options.qos},
          {"noLocal", one.options.no_local},
          {"retainAsPublished", one.options.retain_as_published},
          {"retainHandling", kHandling[static_cast<size_t>(one.options.retain_handling)]},
          {"id", one.id == 0 ? OrderedJson(nullptr) : OrderedJson(one.id)}};
}

OrderedJson will_json(const mqtt::ClientWill& will) {
  OrderedJson json = {{"topic", will.topic}};
  put_payload(json, will.payload_head, will.payload_head.size() < will.payload_bytes);
  json["payloadBytes"] = will.payload_bytes;
  json["qos"] = will.qos;
  json["retain"] = will.retain;
  json["delaySeconds"] = will.delay_s;
  return json;
}

Result<Answer> client(const Call& call) {
  WEIR_CHECK(check_sees_messages(call.context, call.caller));
  WEIR_TRY(std::string client_id, client_asked_for(call));
  auto found = std::make_shared<std::promise<std::optional<mqtt::ClientDetails>>>();
  std::future<std::optional<mqtt::ClientDetails>> answer = found->get_future();
  call.context.broker->find_client(client_id, [found](std::optional<mqtt::ClientDetails> one) {
    found->set_value(std::move(one));
  });
  WEIR_TRY(std::optional<mqtt::ClientDetails> details, wait_for(answer));
  if (!details.has_value()) return Error{Errc::not_found, "client not found"};
  OrderedJson json = client_json(details->info);
  json["unsentBytes"] = details->unsent_bytes;
  OrderedJson subscriptions = OrderedJson::array();
  for (const mqtt::ClientSubscription& one : details->subscriptions)
    subscriptions.push_back(subscription_json(one));
  json["subscriptions"] = std::move(subscriptions);
  json["will"] = details->will ? will_json(*details->will) : OrderedJson(nullptr);
  return json_answer(200, json);
}

Result<Answer> kick(const Call& call) {
  WEIR_CHECK(check_acts_on_broker(call.caller));
  WEIR_TRY(std::string client_id, client_asked_for(call));
  const bool end_session = call.request.query.get("session") == "end";
  auto kicked = std::make_shared<std::promise<bool>>();
  std::future<bool> answer = kicked->get_future();
  call.context.broker->kick(client_id, end_session,
                            [kicked](bool found) { kicked->set_value(found); });
  WEIR_TRY(bool was_there, wait_for(answer));
  if (!was_there) return Error{Errc::not_found, "client not found"};
  return no_content();
}

}  // namespace

void mount_clients(http::Router& router, Context& context) {
  route(router, context, "GET", "/api/v2/weir/clients", RunOn::worker, clients);
  route(router, context, "GET", "/api/v2/weir/clients/detail", RunOn::worker, client);
  route(router, context, "DELETE", "/api/v2/weir/clients", RunOn::worker, kick);
}

}  // namespace weir::api::own
