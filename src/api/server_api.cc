#include "api/server_api.h"

#include "api/v1/resources.h"
#include "api/v2/resources.h"
#include "api/weir/resources.h"

namespace weir::api {

void Api::mount(http::Router& router) {
  http::Headers common;
  common.set("X-Influxdb-Build", "OSS");
  common.set("X-Influxdb-Version", kInfluxVersion);
  router.set_common_headers(std::move(common));

  v2::mount_health(router, context_);
  v2::mount_setup(router, context_);
  v2::mount_session(router, context_);
  v2::mount_write(router, context_);
  v2::mount_query(router, context_);
  v2::mount_delete(router, context_);
  v2::mount_buckets(router, context_);
  v2::mount_orgs(router, context_);
  v2::mount_authorizations(router, context_);
  v2::mount_users(router, context_);

  v1::mount_write(router, context_);

  own::mount_info(router, context_);
  own::mount_schema(router, context_);
  own::mount_backup(router, context_);
  own::mount_points(router, context_);
  own::mount_export(router, context_);
  own::mount_statistics(router, context_);
  own::mount_cardinality(router, context_);
  own::mount_live(router, context_);
  own::mount_map(router, context_);
  own::mount_clients(router, context_);
  own::mount_retained(router, context_);
  own::mount_traces(router, context_);
  own::mount_brokers(router, context_);
  mount_web_files(router, web_files_);
}

}  // namespace weir::api
