// The resources of InfluxDB 2's HTTP API (its OpenAPI contract; docs/compat.md), one .cc each.
//
// Each function adds its routes to the router. `context` outlives the router.
#pragma once

#include "api/context.h"
#include "http/router.h"

namespace weir::api::v2 {

void mount_health(http::Router& router, Context& context);          // ping, health, ready, metrics
void mount_setup(http::Router& router, Context& context);           // setup
void mount_session(http::Router& router, Context& context);         // signin, signout, me
void mount_write(http::Router& router, Context& context);           // write
void mount_query(http::Router& router, Context& context);           // query, query/ast, .../analyze
void mount_delete(http::Router& router, Context& context);          // delete
void mount_buckets(http::Router& router, Context& context);         // buckets
void mount_orgs(http::Router& router, Context& context);            // orgs, members, owners
void mount_authorizations(http::Router& router, Context& context);  // authorizations
void mount_users(http::Router& router, Context& context);           // users, passwords

}  // namespace weir::api::v2
