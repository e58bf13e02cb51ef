// GET /api/v2/weir/brokers: the connections to other brokers: the one consumed, and bridges.
#include "api/route.h"
#include "api/weir/message_access.h"
#include "api/weir/resources.h"
#include "base/json.h"
#include "base/time_text.h"

namespace weir::api::own {
namespace {

OrderedJson shown(const mqtt::ClientStatus& status) {
  const bool failed = !status.last_error.empty();
  return {
      {"name", status.name},
      {"url", status.url},
      {"clientID", status.client_id},
      {"connected", status.connected},
      {"subscribed", status.subscribed},
      {"since", rfc3339(status.since_ns)},
      {"protocolVersion", status.protocol_version},
      {"connects", status.connects},
      {"lastError", failed ? OrderedJson(status.last_error) : OrderedJson(nullptr)},
      {"lastErrorAt", failed ? OrderedJson(rfc3339(status.last_error_ns)) : OrderedJson(nullptr)},
      {"messagesIn", status.messages_in},
      {"messagesOut", status.messages_out},
      {"unacknowledged", status.unacknowledged},
      {"waiting", status.waiting}};
}

Result<Answer> brokers(const Call& call) {
  WEIR_CHECK(check_sees_messages(call.context, call.caller));
  OrderedJson all = OrderedJson::array();
  if (call.context.info.other_brokers) {
    for (const mqtt::ClientStatus& one : call.context.info.other_brokers())
      all.push_back(shown(one));
  }
  return json_answer(200, {{"brokers", std::move(all)}});
}

}  // namespace

void mount_brokers(http::Router& router, Context& context) {
  route(router, context, "GET", "/api/v2/weir/brokers", RunOn::io, brokers);
}

}  // namespace weir::api::own
