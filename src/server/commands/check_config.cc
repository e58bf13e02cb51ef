#include <fmt/format.h>

#include <algorithm>

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
void check_certificates(const Config& config, std::vector<std::string>& mistakes) {
  std::vector<std::shared_ptr<const net::TlsServerOptions>> all{config.http_tls};
  for (const MqttListener& listener : config.mqtt_listeners) all.push_back(listener.tls);
  std::sort(all.begin(), all.end());  // listeners may share one
  all.erase(std::unique(all.begin(), all.end()), all.end());
  for (const auto& options : all) {
    if (options == nullptr) continue;
    auto context = net::TlsContext::server(*options);
    if (!context.ok()) {
      mistakes.push_back(context.error().message);
      continue;
    }
    for (const std::string& warning : (*context)->warnings()) fmt::print(stderr, "{}\n", warning);
  }
}

}  // namespace

// Everything is looked at whatever is wrong before it: mistakes are mended in one go.
int check_config_command(const CheckConfigArguments& arguments, const Environment& environment) {
  const std::string path =
      arguments.config.config_path.empty() ? "weir.toml" : arguments.config.config_path;
  auto [config, mistakes] = read_config(arguments.config.flags, arguments.config.set,
                                        arguments.config.config_path, environment);
  if (auto rules = check_rules(path); !rules.ok()) mistakes.push_back(rules.error().message);
  AccessFiles files;
  if (auto lists = files.open_all(config); !lists.ok()) mistakes.push_back(lists.error().message);
  check_certificates(config, mistakes);
  for (const std::string& warning : config.warnings) fmt::print(stderr, "{}\n", warning);
  if (!mistakes.empty()) return report(told_together(mistakes, path));
  if (arguments.print) fmt::print("{}", print_config(config));
  fmt::print("{}: no mistakes found\n",
             config.rules_file.empty() ? "configuration" : config.rules_file);
  return 0;
}

}  // namespace weir::server
