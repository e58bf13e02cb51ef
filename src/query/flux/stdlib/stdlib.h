// The part of Flux's standard library that needs no tables: one function of each package fills the
// registry, one file a package.
//
// Functions that touch tables are registered by query/exec; both fill one Registry. Any thread.
// Spec: https://docs.influxdata.com/flux/v0/stdlib/.
#pragma once

#include "query/flux/builtin.h"

namespace weir::query::flux {

// Everything below.
void add_scalar_packages(Registry& registry);

void add_universe(Registry& registry);     // true, now, length, contains, display, die, ...
void add_conversions(Registry& registry);  // universe: int, float, string, time, ...
void add_strings(Registry& registry);
void add_math(Registry& registry);
void add_regexp(Registry& registry);
void add_date(Registry& registry);
void add_timezone(Registry& registry);
void add_array(Registry& registry);  // array.map, filter, concat, toX; from() is query/exec's
void add_dict(Registry& registry);
void add_system(Registry& registry);  // system.time, types.isType, experimental.addDuration, ...
void add_bitwise(Registry& registry);
void add_math_special(Registry& registry);
void add_json(Registry& registry);  // json, experimental/json, experimental/dynamic
void add_hash(Registry& registry);
void add_hex(Registry& registry);
void add_http(Registry& registry);           // http: what needs no other host
void add_notifications(Registry& registry);  // slack, pagerduty, pushbullet
void add_contributed_notifications(Registry& registry);
void add_geo(Registry& registry);  // experimental/geo, its functions over tables included

}  // namespace weir::query::flux
