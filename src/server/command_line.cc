#include "server/command_line.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "base/closest_name.h"
#include "server/commands/commands.h"
#include "server/config.h"
#include "server/units.h"
#include "server/version.h"

namespace weir::server {
namespace {

// Every setting as a flag, and --set key=value for each as well.
void add_config_options(CLI::App& command, ConfigArguments& arguments) {
  command.add_option("--config", arguments.config_path,
                     "Configuration file; default: weir.toml in the working directory, if any");
  for (const Setting& setting : all_settings()) {
    std::string key(setting.key);
    command
        .add_option_function<std::string>(
            flag_of(key), [&arguments, key](const std::string& v) { arguments.flags[key] = v; },
            std::string(setting.help) + " (" + std::string(setting.initial) + ")")
        ->group("Settings");
  }
  command
      .add_option_function<std::vector<std::string>>(
          "--set",
          [&arguments](const std::vector<std::string>& pairs) {
            for (const std::string& pair : pairs) {
              size_t equals = pair.find('=');
              if (equals == pair.npos) {
                throw CLI::ValidationError("--set", "got `" + pair + "`, wanted key=value");
              }
              arguments.set[pair.substr(0, equals)] = pair.substr(equals + 1);
            }
          },
          "Any setting by its key: --set mqtt.max_inflight=50")
      ->group("Settings");
}

void add_access_options(CLI::App& command, ServerAccess& access) {
  command.add_option("--url", access.url,
                     "Address of the server (INFLUXDB_URL, else http://127.0.0.1:8086)");
  command.add_option("--token", access.token, "API token (INFLUXDB_TOKEN)");
  command.add_option("--org", access.organization, "Organization (INFLUXDB_ORG)");
}

struct AllArguments {
  RunArguments run;
  CheckConfigArguments check_config;
  SensorOptions sensor;
  std::string sensor_url = "mqtt://127.0.0.1:1883", sensor_interval = "1s";
  bool sensor_quiet = false;
  WriteArguments write;
  QueryArguments query;
  FormatArguments format;
  InspectArguments inspect;
  VerifyArguments verify;
  MapTestArguments map_test;
  ImportArguments imported;
  ExportArguments exported;
  BackupArguments backup;
  RestoreArguments restore;
  ServerAccess health;
};

void add_sensor(CLI::App& root, AllArguments& all) {
  CLI::App* sensor = root.add_subcommand(
      "sensor",
      "A smart sensor: publishes readings over MQTT, by default an integer 0..30 on "
      "`temperature` each second");
  sensor->add_option("--url", all.sensor_url,
                     "Broker: mqtt://[user:password@]host[:port], or unix:/path");
  sensor->add_option("--topic", all.sensor.topic,
                     "Topic; {device} is replaced by the device's name");
  sensor->add_option("--interval", all.sensor_interval, "Time between readings (1s)");
  sensor->add_option("--count", all.sensor.count, "Readings of each device; 0: for ever (0)");
  sensor->add_option("--kind", all.sensor.kind,
                     "random (an integer 0..30), walk (a room's temperature), truck (a position)");
  sensor->add_option("--seed", all.sensor.seed,
                     "Same seed, same readings; 0: different every time");
  sensor->add_option("--devices", all.sensor.devices, "Number of devices (1)")
      ->check(CLI::Range(1, 1'000'000));
  sensor->add_option("--qos", all.sensor.qos, "Quality of service (0)")->check(CLI::Range(0, 1));
  sensor->add_option("--mqtt-version", all.sensor.broker.protocol_version, "4 (3.1.1) or 5 (4)")
      ->check(CLI::IsMember({4, 5}));
  sensor->add_flag("--retain", all.sensor.retain, "Publish retained messages");
  sensor->add_flag("--quiet", all.sensor_quiet, "Do not print the readings");
}

void add_client_commands(CLI::App& root, AllArguments& all) {
  CLI::App* write = root.add_subcommand("write", "Write line protocol to a running server");
  add_access_options(*write, all.write.access);
  write->add_option("--bucket", all.write.bucket, "Bucket (INFLUXDB_BUCKET)");
  write->add_option("--precision", all.write.precision, "Unit of timestamps: ns, us, ms, s (ns)")
      ->check(CLI::IsMember({"ns", "us", "ms", "s"}));
  write->add_option("-f,--file", all.write.file, "File of lines; default: standard input");
  write->add_option("line", all.write.lines, "Lines: 'home,room=kitchen temperature=21.5'");

  CLI::App* query = root.add_subcommand("query", "Run a Flux query on a running server");
  add_access_options(*query, all.query.access);
  query->add_option("-f,--file", all.query.file, "File with the script; default: standard input");
  query->add_option("--format", all.query.format, "table, csv or json (table)")
      ->check(CLI::IsMember({"table", "csv", "json"}));
  query->add_flag("--explain", all.query.explain,
                  "Show what each call of the query gave and cost, not its rows");
  query->add_option("script", all.query.script, "The script: 'from(bucket: \"b\") |> ...'");

  CLI::App* format = root.add_subcommand("fmt", "Format Flux scripts");
  format->add_flag("-w,--write", all.format.write, "Write the result to the file it came from");
  format->add_option("file", all.format.files, "Scripts; -: standard input")->required();

  CLI::App* health = root.add_subcommand("health", "Ask a running server whether it is well");
  add_access_options(*health, all.health);
}

void add_import(CLI::App& root, ImportArguments& all) {
  CLI::App* command = root.add_subcommand(
      "import",
      "Bring line protocol, annotated CSV, or the files of a stopped InfluxDB into a running "
      "server");
  add_access_options(*command, all.access);
  command->add_option("--bucket", all.bucket, "Bucket (INFLUXDB_BUCKET)");
  command->add_option("--influxd", all.influxd,
                      "Directory of a stopped InfluxDB 1 or 2: each DATABASE/POLICY or bucket "
                      "becomes a bucket of that name");
  command->add_option("--from", all.from, "With --influxd: only this DATABASE/POLICY or bucket");
  command->add_flag("--create-buckets", all.create_buckets,
                    "Make buckets that are missing, with the retention they had");
  command->add_option("--format", all.format, "auto (by the file's name), lp, csv (auto)")
      ->check(CLI::IsMember({"auto", "lp", "csv"}));
  command
      ->add_option("--precision", all.precision,
                   "Unit of line protocol's timestamps: ns, us, ms, s (ns)")
      ->check(CLI::IsMember({"ns", "us", "ms", "s"}));
  command->add_option("--start", all.start, "Only points from this time on (RFC 3339)");
  command->add_option("--stop", all.stop, "Only points before this time (RFC 3339)");
  command->add_flag("--dry-run", all.dry_run, "Read everything, write nothing, say what there is");
  command->add_option("--state", all.state,
                      "File that remembers how far it came (SOURCE.weir-import)");
  command->add_flag("--resume,!--restart", all.resume,
                    "Go on from there if it fits (the default), or begin anew");
  command->add_option("--rejects", all.rejects, "File for refused lines (SOURCE.rejects)");
  command->add_option("--in-flight", all.requests_in_flight, "Requests at a time (4)")
      ->check(CLI::Range(1, 64));
  command->add_flag("--quiet", all.quiet, "No progress");
  command->add_option("file", all.files, "Files, gzip'd or not; default: standard input");
}

void add_export(CLI::App& root, ExportArguments& all) {
  CLI::App* command =
      root.add_subcommand("export", "Write a bucket of a running server as line protocol");
  add_access_options(*command, all.access);
  command->add_flag("--lp", all.line_protocol, "As line protocol: one line a value, times in ns");
  command->add_option("--bucket", all.bucket, "Bucket (INFLUXDB_BUCKET)");
  command->add_flag("--all", all.all, "All buckets, each to a file of --output DIRECTORY");
  command->add_option("-o,--output", all.output, "File; default: standard output");
  command->add_flag("--gzip", all.gzip, "Packed by gzip");
  command->add_option("--start", all.start, "Only points from this time on (RFC 3339)");
  command->add_option("--stop", all.stop, "Only points before this time (RFC 3339)");
  command->add_option("--predicate", all.predicate,
                      "Only what matches, as for deletes: '_measurement=\"m\" AND room=\"hall\"'");
  command->add_flag("--quiet", all.quiet, "No progress");
}

void add_backup(CLI::App& root, AllArguments& all) {
  CLI::App* backup = root.add_subcommand(
      "backup", "Copy everything of a running server (it goes on meanwhile) to a directory");
  add_access_options(*backup, all.backup.access);
  backup->add_option("--data-dir", all.backup.data_dir,
                     "Of this directory, which no server uses, instead");
  backup->add_flag("--quiet", all.backup.quiet, "No progress");
  backup->add_option("directory", all.backup.directory, "Where to; not there yet, or empty")
      ->required();

  CLI::App* restore = root.add_subcommand(
      "restore", "Make a backup a data directory again, or bring back one bucket");
  restore->add_option("--data-dir", all.restore.data_dir,
                      "Everything, to this directory, which no server uses; not there yet, or "
                      "empty. With --bucket: the directory of a stopped server");
  restore->add_flag("--replace", all.restore.replace, "Remove what is in it");
  restore->add_option("--bucket", all.restore.bucket,
                      "This bucket alone, into a running server (or --data-dir), as a bucket of "
                      "its own");
  restore->add_option("--as", all.restore.target,
                      "Its new name (the old one, or NAME-restored where that is taken)");
  restore->add_option("--from-org", all.restore.from_organization,
                      "Its organization in the backup, where several have such a bucket");
  add_access_options(*restore, all.restore.access);
  restore->add_flag("--quiet", all.restore.quiet, "No progress");
  restore->add_option("directory", all.restore.directory, "The backup")->required();
}

void add_local_commands(CLI::App& root, AllArguments& all) {
  CLI::App* run = root.add_subcommand("run", "Run the server");
  add_config_options(*run, all.run.config);
  run->add_flag("--with-sensor", all.run.with_sensor,
                "Start the tutorial's sensor as well, to see something move");
  CLI::App* check = root.add_subcommand("check-config", "Check the configuration, change nothing");
  add_config_options(*check, all.check_config.config);
  check->add_flag("--print", all.check_config.print, "Print every value and where it comes from");

  CLI::App* inspect = root.add_subcommand(
      "inspect", "Show the log segments, the broker's too, and the chunks of a data directory");
  all.inspect.directory = "weir-data";
  inspect->add_option("--data-dir", all.inspect.directory,
                      "Directory that no server uses (weir-data)");
  inspect->add_flag("--log", all.inspect.log, "Only the logs");
  inspect->add_flag("--chunks", all.inspect.chunks, "Only the chunks");

  CLI::App* verify = root.add_subcommand(
      "verify", "Read all of a data directory, or of a backup, and tell what is damaged");
  verify->add_option("--data-dir", all.verify.directory,
                     "Directory that no server uses (weir-data)");

  CLI::App* map = root.add_subcommand("map", "Mapping from messages to points");
  map->require_subcommand(1);
  CLI::App* test = map->add_subcommand("test", "Show what a message becomes, and why");
  test->add_option("--config", all.map_test.config_path, "File with the rules (weir.toml)");
  test->add_option("-t,--topic", all.map_test.topic, "Topic")->required();
  test->add_option("-p,--payload", all.map_test.payload, "Payload")->required();
  test->add_flag("--retained", all.map_test.retained, "As a retained message");

  root.add_subcommand("version", "Print the version");
}

int dispatch(const CLI::App& root, AllArguments& all, std::span<const api::WebFile> web_files) {
  const CLI::App& chosen = *root.get_subcommands().front();
  const std::string& name = chosen.get_name();
  if (name == "version") {
    std::printf("weir %s (%s)\n", kVersion, kCommit);
    return 0;
  }
  if (name == "inspect") return inspect_command(all.inspect);
  if (name == "verify") return verify_command(all.verify);
  if (name == "fmt") return format_command(all.format);
  if (name == "map") return map_test_command(all.map_test);
  if (name == "sensor") {
    if (auto read = parse_sensor_url(all.sensor_url, all.sensor.broker); !read.ok()) {
      return report(read.error());
    }
    auto interval = parse_duration_ns(all.sensor_interval);
    if (!interval.ok()) return report(std::move(interval).error().with_context("--interval"));
    all.sensor.interval_ms = *interval / 1'000'000;
    all.sensor.print = !all.sensor_quiet;
    return sensor_command(all.sensor);
  }
  auto environment = Environment::load(".env");
  if (!environment.ok()) return report(environment.error());
  if (name == "run") return run_command(all.run, *environment, web_files);
  if (name == "check-config") return check_config_command(all.check_config, *environment);
  if (name == "write") return write_command(all.write, *environment);
  if (name == "query") return query_command(all.query, *environment);
  if (name == "import") return import_command(all.imported, *environment);
  if (name == "backup") return backup_command(all.backup, *environment);
  if (name == "restore") return restore_command(all.restore, *environment);
  if (name == "export") return export_command(all.exported, *environment);
  return health_command(all.health, *environment);
}

// What was meant, in words that are parsed: `weir help query` is `weir query --help`, and `weir`
// alone `weir --help`. A command that is none is told of by its name.
Result<std::vector<std::string>> meant(const CLI::App& root, std::vector<std::string> words) {
  if (words.empty()) return std::vector<std::string>{"--help"};
  if (words.front() == "help") {
    words.erase(words.begin());
    words.emplace_back("--help");
  }
  const std::string& name = words.front();
  std::vector<std::string_view> known;
  for (const CLI::App* command : root.get_subcommands(nullptr))
    known.push_back(command->get_name());
  if (name.starts_with('-') || std::find(known.begin(), known.end(), name) != known.end())
    return words;
  return Error{Errc::invalid, fmt::format("there is no command `{}`{}{}", name,
                                          did_you_mean(closest_name(name, known)),
                                          "\n`weir --help` lists what there is")};
}

}  // namespace

int run_command_line(int argument_count, char** arguments,
                     std::span<const api::WebFile> web_files) {
  CLI::App root(
      "From sensor to dashboard in one program: MQTT broker, time-series store, "
      "InfluxDB-compatible API and web interface.");
  root.name("weir");
  root.set_version_flag("--version", fmt::format("weir {} ({})", kVersion, kCommit));
  root.require_subcommand(1);
  AllArguments all;
  add_local_commands(root, all);
  add_sensor(root, all);
  add_client_commands(root, all);
  add_import(root, all.imported);
  add_export(root, all.exported);
  add_backup(root, all);
  // Last, since commands take over what is here when they are added.
  root.footer("Start with `weir run`, then open http://127.0.0.1:8086.");
  auto words = meant(root, {arguments + 1, arguments + argument_count});
  if (!words.ok()) {
    report(words.error());
    return 2;
  }
  std::reverse(words->begin(), words->end());
  try {
    root.parse(*words);
  } catch (const CLI::ParseError& e) {
    int code = root.exit(e);
    return code == 0 ? 0 : 2;
  }
  return dispatch(root, all, web_files);
}

}  // namespace weir::server
