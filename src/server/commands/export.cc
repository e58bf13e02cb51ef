// `weir export`: a bucket, or all, of a running server as line protocol.
#include <fmt/core.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <utility>

#include "http/compression.h"
#include "server/commands/commands.h"
#include "server/commands/server_call.h"
#include "server/transfer/progress.h"
#include "server/transfer/target_buckets.h"

namespace weir::server {
namespace {

// A file or standard output, gzip'd if asked; bytes in, an error at the end if any failed. A file
// is written beside its place and put there when it is whole.
class LineOutput {
 public:
  LineOutput(std::string path, bool gzip) : path_(std::move(path)) {
    file_ = path_ == "-" ? stdout : std::fopen(part().c_str(), "wb");
    if (gzip) gzip_ = std::make_unique<http::GzipStream>();
    failed_ = file_ == nullptr ? errno : 0;
  }
  ~LineOutput() {
    if (file_ == nullptr || file_ == stdout) return;
    std::fclose(file_);
    std::remove(part().c_str());
  }
  LineOutput(const LineOutput&) = delete;
  LineOutput& operator=(const LineOutput&) = delete;

  bool write(std::string_view lines) {
    if (!gzip_) return put(lines);
    std::string packed;
    gzip_->append(lines, packed);
    return put(packed);
  }
  Result<void> finish() {
    std::string packed;
    if (gzip_) gzip_->finish(packed);
    put(packed);
    if (failed_ != 0) return outcome();
    if (file_ == stdout) {
      if (std::fflush(file_) != 0) failed_ = errno;
      return outcome();
    }
    if (std::fclose(std::exchange(file_, nullptr)) != 0 ||
        std::rename(part().c_str(), path_.c_str()) != 0) {
      failed_ = errno;
      std::remove(part().c_str());
    }
    return outcome();
  }
  Result<void> outcome() const {
    if (failed_ == 0) return {};
    return Error{Errc::io, fmt::format("{}: cannot write: {}", path_, std::strerror(failed_))};
  }

 private:
  std::string part() const { return path_ + ".part"; }
  bool put(std::string_view bytes) {
    if (failed_ != 0) return false;
    if (std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size()) failed_ = errno;
    return failed_ == 0;
  }
  std::string path_;
  std::FILE* file_;
  std::unique_ptr<http::GzipStream> gzip_;
  int failed_;
};

Result<void> export_bucket(const ExportArguments& arguments, const ServerAccess& access,
                           const std::string& bucket, const std::string& path) {
  LineOutput output(path, arguments.gzip);
  WEIR_CHECK(output.outcome());
  http::ClientRequest request;
  request.url = fmt::format("{}/api/v2/weir/export?org={}&bucket={}&start={}&stop={}&predicate={}",
                            access.url, percent_encode(access.organization), percent_encode(bucket),
                            percent_encode(arguments.start), percent_encode(arguments.stop),
                            percent_encode(arguments.predicate));
  if (!access.token.empty()) request.headers.set("Authorization", "Token " + access.token);
  // Packing costs the server more than a local network takes to carry it.
  request.headers.set("Accept-Encoding", "identity");
  request.timeout_ms = 3'600'000;  // a predicate that matches nothing sends nothing for long
  Progress progress("bytes", arguments.quiet);
  uint64_t bytes = 0;
  std::string refusal;
  bool is_refused = false;
  WEIR_TRY(const http::ClientResponse response,
           http::call(
               request,
               [&](std::string_view piece) {
                 if (is_refused) return refusal += piece, true;
                 bytes += piece.size();
                 progress.update(bytes, -1);
                 return output.write(piece);
               },
               [&](const http::ClientResponse& head) { is_refused = head.status / 100 != 2; }));
  progress.finish();
  if (!is_refused) {
    WEIR_CHECK(output.finish());
    if (!arguments.quiet) {
      progress.say(fmt::format("exported {} to {}: {} bytes in {}", bucket,
                               path == "-" ? "standard output" : path, grouped(bytes),
                               spelled_duration(progress.seconds())));
    }
    return {};
  }
  return explain_refusal(access, response.status, refusal);
}

// "DATABASE/POLICY" as a file's name.
std::string file_name(const ExportArguments& arguments, const std::string& bucket) {
  std::string name;
  for (char c : bucket) name += c == '/' ? std::string("%2F") : std::string(1, c);
  return arguments.output + "/" + name + (arguments.gzip ? ".lp.gz" : ".lp");
}

Result<void> export_all(const ExportArguments& arguments, const ServerAccess& access) {
  std::error_code failure;
  std::filesystem::create_directories(arguments.output, failure);
  if (failure) {
    return Error{Errc::io, fmt::format("{}: cannot make the directory: {}", arguments.output,
                                       failure.message())};
  }
  WEIR_TRY(const auto buckets, list_buckets(access));
  for (const TargetBucket& bucket : buckets) {
    WEIR_CHECK(export_bucket(arguments, access, bucket.name, file_name(arguments, bucket.name)));
  }
  return {};
}

Result<void> run(ExportArguments& arguments, const ServerAccess& access,
                 const Environment& environment) {
  if (!arguments.line_protocol) {
    return Error{Errc::empty_value, "no format: line protocol is the one there is, give --lp"};
  }
  if (arguments.all) {
    if (!arguments.bucket.empty()) return Error{Errc::invalid, "--all: wanted no --bucket with it"};
    if (arguments.output.empty() || arguments.output == "-") {
      return Error{Errc::empty_value, "--all: wanted --output DIRECTORY, a file for each bucket"};
    }
    return export_all(arguments, access);
  }
  if (arguments.bucket.empty()) {
    auto bucket = environment.first_of({"INFLUXDB_BUCKET", "DOCKER_INFLUXDB_INIT_BUCKET"});
    if (!bucket) {
      return Error{Errc::empty_value,
                   "no bucket: give one with --bucket, INFLUXDB_BUCKET or --all"};
    }
    arguments.bucket = bucket->value;
  }
  return export_bucket(arguments, access, arguments.bucket,
                       arguments.output.empty() ? "-" : arguments.output);
}

}  // namespace

int export_command(ExportArguments arguments, const Environment& environment) {
  const ServerAccess access = complete_access(arguments.access, environment);
  auto done = run(arguments, access, environment);
  return done.ok() ? 0 : report(done.error());
}

}  // namespace weir::server
