#include <fmt/core.h>

#include "server/commands/commands.h"
#include "server/config.h"
#include "server/rules_file.h"

namespace weir::server {

int check_config_command(const CheckConfigArguments& arguments, const Environment& environment) {
  auto config = load_config(arguments.config.flags, arguments.config.config_path, environment);
  if (!config.ok()) return report(config.error());
  auto rules = parse_rules_file(config->rules_text, config->rules_file);
  if (!rules.ok()) return report(rules.error());
  if (arguments.print) fmt::print("{}", print_config(*config));
  fmt::print("{}: no mistakes found\n",
             config->rules_file.empty() ? "configuration" : config->rules_file);
  return 0;
}

}  // namespace weir::server
