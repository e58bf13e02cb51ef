// GET /ping, /health, /ready, /metrics and GET /api/v2: what needs no caller.
#include "api/route.h"
#include "api/v2/resources.h"
#include "base/json.h"
#include "base/metrics.h"
#include "base/time_text.h"

namespace weir::api::v2 {
namespace {

// InfluxDB answers 503 when a check fails, so what watches it acts on the status alone.
Result<Answer> health(const http::Request&, Context& context) {
  Result<void> store = context.store.health();
  OrderedJson checks = OrderedJson::array();
  if (!store.ok()) {
    checks.push_back({{"name", "store"}, {"message", store.error().message}, {"status", "fail"}});
  }
  return json_answer(
      store.ok() ? 200 : 503,
      {{"name", "influxdb"},
       {"message", store.ok() ? "ready for queries and writes" : store.error().message},
       {"status", store.ok() ? "pass" : "fail"},
       {"checks", std::move(checks)},
       {"version", kInfluxVersion},
       {"commit", context.info.commit},
       {"weir", context.info.version}});
}

Result<Answer> ready(const http::Request&, Context& context) {
  const int64_t up_ns = context.clock.wall_ns() - context.info.started_ns;
  return json_answer(200, {{"status", "ready"},
                           {"started", rfc3339(context.info.started_ns)},
                           {"up", go_duration(up_ns)}});
}

Result<Answer> metrics_text(const http::Request&, Context&) {
  Answer answer;
  answer.headers.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  answer.body = metrics::exposition_text();
  return answer;
}

Result<Answer> links(const http::Request&, Context&) {
  return json_answer(
      200, {{"authorizations", "/api/v2/authorizations"},
            {"buckets", "/api/v2/buckets"},
            {"delete", "/api/v2/delete"},
            {"me", "/api/v2/me"},
            {"orgs", "/api/v2/orgs"},
            {"query",
             {{"self", "/api/v2/query"},
              {"analyze", "/api/v2/query/analyze"},
              {"ast", "/api/v2/query/ast"}}},
            {"setup", "/api/v2/setup"},
            {"signin", "/api/v2/signin"},
            {"signout", "/api/v2/signout"},
            {"system", {{"health", "/health"}, {"metrics", "/metrics"}, {"ready", "/ready"}}},
            {"users", "/api/v2/users"},
            {"write", "/api/v2/write"},
            {"weir", "/api/v2/weir"}});
}

}  // namespace

void mount_health(http::Router& router, Context& context) {
  auto ping = [](const http::Request&, Context&) -> Result<Answer> { return no_content(); };
  route_open(router, context, "GET", "/ping", RunOn::io, ping);
  route_open(router, context, "GET", "/health", RunOn::io, health);
  route_open(router, context, "GET", "/ready", RunOn::io, ready);
  route_open(router, context, "GET", "/metrics", RunOn::worker, metrics_text);
  route_open(router, context, "GET", "/api/v2", RunOn::io, links);
}

}  // namespace weir::api::v2
