// GET /api/v2/weir/clients: who is connected to the broker.
#include "api/route.h"
#include "api/weir/message_access.h"
#include "api/weir/resources.h"
#include "base/json.h"
#include "base/time_text.h"
#include "mqtt/broker.h"

namespace weir::api::own {
namespace {

Result<Answer> clients(const Call& call) {
  WEIR_CHECK(check_sees_messages(call.context, call.caller));
  OrderedJson shown = OrderedJson::array();
  if (call.context.broker != nullptr) {
    for (const mqtt::ClientInfo& client : call.context.broker->clients()) {
      shown.push_back({{"clientID", client.client_id},
                       {"user", client.user},
                       {"peer", client.peer},
                       {"protocol", client.protocol_version == 5 ? "MQTT 5" : "MQTT 3.1.1"},
                       {"connectedAt", rfc3339(client.connected_at_ns)},
                       {"keepAliveSeconds", client.keep_alive_s},
                       {"messagesIn", client.messages_in},
                       {"messagesOut", client.messages_out},
                       {"bytesIn", client.bytes_in},
                       {"bytesOut", client.bytes_out},
                       {"dropped", client.dropped},
                       {"subscriptions", client.subscriptions}});
    }
  }
  return json_answer(200, {{"clients", std::move(shown)}});
}

}  // namespace

void mount_clients(http::Router& router, Context& context) {
  route(router, context, "GET", "/api/v2/weir/clients", RunOn::worker, clients);
}

}  // namespace weir::api::own
