// GET /api/v2/weir/backup: everything weir holds, as of now, as a tar archive streamed from a
// worker. For operators: tokens, passwords (hashed) and all organizations are in it.
//
// X-Weir-Backup-Bytes says about how many bytes will come. A failure after the first bytes breaks
// the connection off; besides, only a whole archive ends with its manifest.
#include <fmt/core.h>

#include <atomic>
#include <memory>

#include "api/route.h"
#include "api/weir/resources.h"
#include "base/log.h"
#include "base/time_text.h"
#include "meta/permissions.h"

namespace weir::api::own {
namespace {

bool is_operator(const meta::Caller& caller) {
  for (const meta::Permission& permission : meta::operator_permissions()) {
    if (!caller.may(permission.action, permission.resource)) return false;
  }
  return true;
}

// weir-2026-01-31T12-00-00Z.tar
std::string file_name(int64_t now_ns) {
  constexpr int64_t kSecondNs = 1'000'000'000;
  std::string time = rfc3339(now_ns / kSecondNs * kSecondNs);
  for (char& c : time) c = c == ':' ? '-' : c;
  return fmt::format("weir-{}.tar", time);
}

void run(Context& context, http::Responder& responder, const std::atomic<bool>& canceled) {
  bool started = false;
  BackupReceiver receiver;
  receiver.begin = [&](uint64_t bytes) {
    started = true;
    http::Headers headers;
    headers.set("Content-Type", "application/x-tar");
    headers.set("Content-Disposition",
                fmt::format("attachment; filename=\"{}\"", file_name(context.clock.wall_ns())));
    headers.set("X-Weir-Backup-Bytes", std::to_string(bytes));
    responder.start(200, std::move(headers));
  };
  receiver.write = [&](std::string_view bytes) { return !canceled && responder.write(bytes); };
  const Result<void> done = context.backup(receiver);
  if (done.ok()) return responder.finish();
  if (!started) return send_failure(responder, done.error());
  log::warn("api", "a backup was broken off: {}", done.error().message);
  responder.abort();
}

}  // namespace

void mount_backup(http::Router& router, Context& context) {
  route_streaming(
      router, context, "GET", "/api/v2/weir/backup",
      [&context](const http::Request&, const meta::Caller& caller,
                 const http::ResponderPtr& responder) {
        if (!is_operator(caller)) {
          return send_failure(*responder, {Errc::forbidden,
                                           "insufficient permissions to take a backup: it takes "
                                           "an operator token"});
        }
        if (!context.backup) {
          return send_failure(*responder,
                              {Errc::not_implemented, "this server has nothing to back up"});
        }
        auto canceled = std::make_shared<std::atomic<bool>>(false);
        responder->on_closed([canceled] { *canceled = true; });
        run_on_worker(context, responder,
                      [&context, responder, canceled] { run(context, *responder, *canceled); });
      });
}

}  // namespace weir::api::own
