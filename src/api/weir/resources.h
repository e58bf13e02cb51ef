// weir's own resources beside InfluxDB's API: docs/api.md. One .cc each; `context` outlives the
// router.
#pragma once

#include "api/context.h"
#include "http/router.h"

namespace weir::api::own {

void mount_info(http::Router& router, Context& context);         // info
void mount_schema(http::Router& router, Context& context);       // schema
void mount_backup(http::Router& router, Context& context);       // backup
void mount_points(http::Router& router, Context& context);       // points
void mount_export(http::Router& router, Context& context);       // export
void mount_statistics(http::Router& router, Context& context);   // statistics
void mount_cardinality(http::Router& router, Context& context);  // cardinality
void mount_live(http::Router& router, Context& context);         // live (WebSocket)
void mount_map(http::Router& router, Context& context);          // map/explain, map/dead-letters
void mount_clients(http::Router& router, Context& context);      // clients, clients/detail
void mount_traces(http::Router& router, Context& context);       // traces, traces/{id}
void mount_brokers(http::Router& router, Context& context);      // brokers
void mount_retained(http::Router& router, Context& context);     // retained, retained/message

}  // namespace weir::api::own
