#include "query/exec/functions/packages.h"

namespace weir::query {

void register_packages(flux::Registry& registry) {
  register_debug(registry);
  register_dedup_key(registry);
  register_events(registry);
  register_experimental(registry);
  register_experimental_join(registry);
  register_interpolate(registry);
  register_join_package(registry);
  register_monitoring(registry);
  register_mqtt(registry);
  register_polyline(registry);
  register_requests(registry);
  register_sampledata(registry);
  register_scripted(registry);
  register_testing(registry);
}

}  // namespace weir::query
