// `weir backup`: everything a weir holds into a directory, of a running server or of a directory
// at rest.
#include <fmt/core.h>

#include <charconv>
#include <optional>

#include "server/backup/backup_directory.h"
#include "server/backup/stage.h"
#include "server/commands/commands.h"
#include "server/commands/server_call.h"
#include "server/transfer/progress.h"
#include "server/units.h"

namespace weir::server {
namespace {

// Passes bytes on to the directory and shows how many they are.
class Receiver {
 public:
  Receiver(BackupDirectory& directory, bool quiet)
      : directory_(directory), progress_("bytes", quiet) {}

  void expect(uint64_t bytes) { expected_ = bytes; }
  bool take(std::string_view bytes) {
    bytes_ += bytes.size();
    progress_.update(
        bytes_, expected_ == 0 ? -1 : static_cast<double>(bytes_) / static_cast<double>(expected_));
    fed_ = directory_.feed(bytes);
    return fed_.ok();
  }
  const Result<void>& fed() const { return fed_; }
  Progress& progress() { return progress_; }

 private:
  BackupDirectory& directory_;
  Progress progress_;
  uint64_t bytes_ = 0, expected_ = 0;
  Result<void> fed_;
};

Result<void> receive_running(const ServerAccess& access, Receiver& receiver) {
  http::ClientRequest request;
  request.url = access.url + "/api/v2/weir/backup";
  if (!access.token.empty()) request.headers.set("Authorization", "Token " + access.token);
  // Chunks are packed already.
  request.headers.set("Accept-Encoding", "identity");
  request.timeout_ms = 600'000;
  std::string refusal;
  bool is_refused = false;
  Result<http::ClientResponse> response = http::call(
      request,
      [&](std::string_view piece) {
        if (is_refused) return refusal += piece, true;
        return receiver.take(piece);
      },
      [&](const http::ClientResponse& head) {
        is_refused = head.status / 100 != 2;
        const std::string_view told = head.headers.get("X-Weir-Backup-Bytes");
        uint64_t bytes = 0;
        std::from_chars(told.data(), told.data() + told.size(), bytes);
        receiver.expect(bytes);
      });
  if (!receiver.fed().ok()) return receiver.fed();
  if (!response.ok()) return std::move(response).error();
  return is_refused ? Result<void>(explain_refusal(access, response->status, refusal))
                    : Result<void>();
}

Result<void> receive_stopped(const std::string& data_dir, Receiver& receiver) {
  WEIR_TRY(const Stage stage, Stage::of_stopped(data_dir));
  WEIR_TRY(const uint64_t bytes, stage.bytes());
  receiver.expect(bytes);
  Result<void> sent = stage.send([&](std::string_view piece) { return receiver.take(piece); });
  return receiver.fed().ok() ? sent : receiver.fed();
}

Result<void> run(const BackupArguments& arguments, const Environment& environment) {
  WEIR_TRY(const auto directory,
           BackupDirectory::create(arguments.directory, system_file_system()));
  Receiver receiver(*directory, arguments.quiet);
  Result<void> received =
      arguments.data_dir.empty()
          ? receive_running(complete_access(arguments.access, environment), receiver)
          : receive_stopped(arguments.data_dir, receiver);
  receiver.progress().finish();
  WEIR_CHECK(std::move(received));
  WEIR_TRY(const BackupManifest manifest, directory->finish());
  if (!arguments.quiet) {
    receiver.progress().say(fmt::format("backed up {} in {} files to {} in {}",
                                        format_bytes(manifest.bytes()), manifest.files.size(),
                                        arguments.directory,
                                        spelled_duration(receiver.progress().seconds())));
  }
  return {};
}

}  // namespace

int backup_command(const BackupArguments& arguments, const Environment& environment) {
  const Result<void> done = run(arguments, environment);
  return done.ok() ? 0 : report(done.error());
}

}  // namespace weir::server
