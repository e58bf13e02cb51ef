// GET /api/v2/weir/info: what this server is and how to reach it.
#include "api/route.h"
#include "api/weir/resources.h"
#include "base/json.h"
#include "base/time_text.h"
#include "meta/meta.h"

namespace weir::api::own {
namespace {

Result<Answer> info(const Call& call) {
  const ServerInfo& server = call.context.info;
  const meta::OrganisationPtr org = call.context.meta.default_organisation();
  const meta::BucketPtr bucket = call.context.meta.default_bucket();
  Json listeners = Json::array();
  for (const auto& [name, url] : server.mqtt_listeners) {
    listeners.push_back({{"name", name}, {"url", url}});
  }
  return json_answer(200, {{"version", server.version},
                           {"commit", server.commit},
                           {"startedAt", rfc3339(server.started_ns)},
                           {"org", org == nullptr ? "" : org->name},
                           {"orgID", org == nullptr ? "" : id_to_text(org->id)},
                           {"defaultBucket", bucket == nullptr ? "" : bucket->name},
                           {"httpListen", server.http_listen()},
                           {"mqttListen", server.mqtt_listen},
                           {"mqttListeners", std::move(listeners)},
                           {"anonymousMqtt", server.anonymous_mqtt}});
}

}  // namespace

void mount_info(http::Router& router, Context& context) {
  route(router, context, "GET", "/api/v2/weir/info", RunOn::io, info);
}

}  // namespace weir::api::own
