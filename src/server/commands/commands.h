// The subcommands of `weir`: each takes its parsed options and returns the process's exit code.
//
// Called by command_line.cc alone. Results go to standard output, errors to standard error as
// "weir: <what>: got ..., wanted ...". Exit codes: 0 done, 1 failed, 2 the command line was wrong.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "api/weir/web_files.h"
#include "base/result.h"
#include "server/config.h"
#include "server/environment.h"
#include "server/sensor.h"

namespace weir::server {

struct ConfigArguments {
  GivenValues flags, set;
  std::string config_path;
};

struct RunArguments {
  ConfigArguments config;
  bool with_sensor = false;
};
int run_command(const RunArguments& arguments, const Environment& environment,
                std::span<const api::WebFile> web_files);

struct CheckConfigArguments {
  ConfigArguments config;
  bool print = false;
};
int check_config_command(const CheckConfigArguments& arguments, const Environment& environment);

int sensor_command(const SensorOptions& options);

// Where a running server is and who we are to it; from flags, else INFLUXDB_* of the environment.
struct ServerAccess {
  std::string url, token, organization;
};
ServerAccess complete_access(ServerAccess given, const Environment& environment);

struct WriteArguments {
  ServerAccess access;
  std::string bucket, precision = "ns", file;
  std::vector<std::string> lines;
};
int write_command(WriteArguments arguments, const Environment& environment);

struct QueryArguments {
  ServerAccess access;
  std::string script, file;
  std::string format = "table";  // table, csv, json
  bool explain = false;
};
int query_command(QueryArguments arguments, const Environment& environment);

// Formats Flux scripts: to standard output, or in place.
struct FormatArguments {
  std::vector<std::string> files;  // "-": standard input
  bool write = false;
};
int format_command(const FormatArguments& arguments);

struct ImportArguments {
  ServerAccess access;
  std::string bucket, precision = "ns", format = "auto";  // auto, lp, csv
  std::string start, stop;                                // RFC 3339
  std::string influxd;                                    // directory of a stopped InfluxDB
  std::vector<std::string> from;                          // its buckets to take; empty: all
  std::vector<std::string> files;                         // "-": standard input
  std::string state, rejects;                             // empty: beside the first source
  bool create_buckets = false, dry_run = false, resume = true, quiet = false;
  unsigned requests_in_flight = 4;
};
int import_command(ImportArguments arguments, const Environment& environment);

struct ExportArguments {
  ServerAccess access;
  std::string bucket, start, stop, predicate;
  std::string output;  // a file, "-", or with `all` a directory
  bool line_protocol = false, all = false, gzip = false, quiet = false;
};
int export_command(ExportArguments arguments, const Environment& environment);

struct BackupArguments {
  ServerAccess access;
  std::string directory;  // where it goes
  std::string data_dir;   // of a weir that is stopped; empty: of the running server
  bool quiet = false;
};
int backup_command(const BackupArguments& arguments, const Environment& environment);

struct RestoreArguments {
  std::string directory;  // the backup
  std::string data_dir;   // what becomes the whole of it
  bool replace = false;
  ServerAccess access;            // or where one bucket goes:
  std::string bucket, target;     // its name in the backup, and its new one
  std::string from_organization;  // whose it is in the backup
  bool quiet = false;
};
int restore_command(const RestoreArguments& arguments, const Environment& environment);

struct InspectArguments {
  std::string directory;
  bool log = false, chunks = false;  // neither: both
};
int inspect_command(const InspectArguments& arguments);

struct VerifyArguments {
  std::string directory = "weir-data";
};
int verify_command(const VerifyArguments& arguments);

struct MapTestArguments {
  std::string config_path, topic, payload;
  bool retained = false;
};
int map_test_command(const MapTestArguments& arguments);

int health_command(const ServerAccess& access, const Environment& environment);

// Prints the error as all commands do, and returns 1.
int report(const Error& error);

}  // namespace weir::server
