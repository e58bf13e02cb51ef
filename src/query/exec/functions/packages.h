// The packages besides `universe` whose functions take or make tables: each register_x() is one
// file of this folder, named after it. library.cc calls register_packages().
#pragma once

#include "query/flux/builtin.h"

namespace weir::query {

void register_packages(flux::Registry& registry);

void register_debug(flux::Registry& registry);
void register_dedup_key(flux::Registry& registry);
void register_events(flux::Registry& registry);
void register_experimental(flux::Registry& registry);
void register_experimental_join(flux::Registry& registry);
void register_interpolate(flux::Registry& registry);
void register_join_package(flux::Registry& registry);
void register_monitoring(flux::Registry& registry);
void register_mqtt(flux::Registry& registry);
void register_polyline(flux::Registry& registry);
void register_requests(flux::Registry& registry);
void register_sampledata(flux::Registry& registry);
void register_scripted(flux::Registry& registry);
void register_testing(flux::Registry& registry);

}  // namespace weir::query
