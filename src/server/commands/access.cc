#include "server/commands/commands.h"

namespace weir::server {
namespace {

void complete(std::string& value, const Environment& environment,
              std::initializer_list<std::string_view> names, std::string_view otherwise) {
  if (!value.empty()) return;
  auto found = environment.first_of(names);
  value = found ? found->value : std::string(otherwise);
}

}  // namespace

ServerAccess complete_access(ServerAccess given, const Environment& environment) {
  complete(given.url, environment, {"WEIR_URL", "INFLUXDB_URL"}, "http://127.0.0.1:8086");
  complete(given.token, environment,
           {"WEIR_TOKEN", "INFLUXDB_TOKEN", "DOCKER_INFLUXDB_INIT_ADMIN_TOKEN"}, "");
  complete(given.organization, environment,
           {"WEIR_ORG", "INFLUXDB_ORG", "DOCKER_INFLUXDB_INIT_ORG"}, "");
  if (given.url.ends_with('/')) given.url.pop_back();
  return given;
}

}  // namespace weir::server
