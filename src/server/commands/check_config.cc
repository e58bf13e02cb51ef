#include <fmt/core.h>

#include "base/file.h"
#include "server/access_lists.h"
#include "server/commands/commands.h"
#include "server/config.h"
#include "server/config_file.h"
#include "server/rules_file.h"

namespace weir::server {
namespace {

// Mistakes in the file's rules, which are told even if settings are wrong. A file that is missing
// or no TOML at all is told with the settings.
Result<void> check_rules(const std::string& path) {
  auto text = system_file_system().read(path);
  if (!text.ok() || !parse_config_file(*text, path).ok()) return {};
  auto rules = parse_rules_file(*text, path);
  return rules.ok() ? Result<void>() : std::move(rules).error();
}

// Whether the certificates would serve. What has expired is told, and is no mistake.
Result<void> check_certificates(const Config& config) {
  auto check = [](const std::shared_ptr<const net::TlsServerOptions>& options) -> Result<void> {
    if (options == nullptr) return {};
    WEIR_TRY(auto context, net::TlsContext::server(*options));
    for (const std::string& warning : context->warnings()) fmt::print(stderr, "{}\n", warning);
    return {};
  };
  for (const MqttListener& listener : config.mqtt_listeners) WEIR_CHECK(check(listener.tls));
  return check(config.http_tls);
}

Result<void> check_access_lists(const Result<Config>& config) {
  if (!config.ok()) return {};  // where they are is not sure
  AccessFiles files;
  return files.open_all(*config);
}

}  // namespace

int check_config_command(const CheckConfigArguments& arguments, const Environment& environment) {
  const std::string path =
      arguments.config.config_path.empty() ? "weir.toml" : arguments.config.config_path;
  auto config = load_config(arguments.config.flags, arguments.config.config_path, environment);
  if (!config.ok()) (void)report(config.error());
  auto rules = check_rules(path);
  if (!rules.ok()) (void)report(rules.error());
  Result<void> lists = check_access_lists(config);
  if (!lists.ok()) (void)report(lists.error());
  if (!config.ok() || !rules.ok() || !lists.ok()) return 1;
  for (const std::string& warning : config->warnings) fmt::print(stderr, "{}\n", warning);
  if (auto checked = check_certificates(*config); !checked.ok()) return report(checked.error());
  if (arguments.print) fmt::print("{}", print_config(*config));
  fmt::print("{}: no mistakes found\n",
             config->rules_file.empty() ? "configuration" : config->rules_file);
  return 0;
}

}  // namespace weir::server
