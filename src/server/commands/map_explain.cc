#include <fmt/core.h>

#include "base/clock.h"
#include "base/file.h"
#include "ingest/explain.h"
#include "ingest/rules.h"
#include "mqtt/topic.h"
#include "server/commands/commands.h"
#include "server/rules_file.h"

namespace weir::server {
namespace {

Result<std::shared_ptr<const ingest::RuleSet>> read_rules(const std::string& config_path) {
  std::string path = config_path.empty() ? "weir.toml" : config_path;
  if (config_path.empty() && !system_file_system().exists(path)) {
    return ingest::RuleSet::automatic_only();
  }
  WEIR_TRY(std::string text, system_file_system().read(path));
  return parse_rules_file(text, path);
}

void print(const ingest::Explanation& found) {
  for (const ingest::RuleTried& tried : found.tried) {
    fmt::print("  not {}: {}\n", tried.rule, tried.why_not);
  }
  fmt::print("taken by {}\n", found.rule.empty() ? "no rule" : found.rule);
  for (const std::string& point : found.points) fmt::print("  {}\n", point);
  for (const auto& field : found.fields) {
    fmt::print("    {} -> {} ({}, from {})\n", field.path, field.key, field.type, field.from);
  }
  if (!found.time.empty()) fmt::print("  time: {} ({})\n", found.time, found.time_source);
  if (!found.bucket.empty()) fmt::print("  bucket: {}\n", found.bucket);
  for (const std::string& warning : found.warnings) fmt::print("  warning: {}\n", warning);
  if (found.dropped) fmt::print("  stores nothing: {}\n", *found.dropped);
}

}  // namespace

int map_test_command(const MapTestArguments& arguments) {
  if (!mqtt::is_valid_topic_name(arguments.topic)) {
    return report({Errc::invalid, fmt::format("--topic: got `{}`, wanted a topic without wildcards",
                                              arguments.topic)});
  }
  auto rules = read_rules(arguments.config_path);
  if (!rules.ok()) return report(rules.error());
  ingest::MessageView message;
  message.topic = arguments.topic;
  message.payload = arguments.payload;
  message.replayed = arguments.retained;
  message.received_ns = SystemClock().wall_ns();
  ingest::Explanation found = ingest::explain(*rules, message);
  print(found);
  return found.points.empty() ? 1 : 0;
}

}  // namespace weir::server
