// The resources of InfluxDB 1's HTTP API that its clients need, one .cc each.
//
// Errors have its form: {"error":"..."}, and the same in the header X-Influxdb-Error. `context`
// outlives the router.
#pragma once

#include "api/context.h"
#include "http/router.h"

namespace weir::api::v1 {

void mount_write(http::Router& router, Context& context);  // /write

}  // namespace weir::api::v1
