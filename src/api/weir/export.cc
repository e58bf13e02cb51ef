// GET /api/v2/weir/export: a bucket as line protocol, streamed from a worker.
//
// `?org&bucket&start&stop&predicate`: times in RFC 3339 (start inclusive, stop exclusive), the
// predicate as POST /api/v2/delete takes it. A failure after the first bytes breaks the connection
// off, so that half an export never looks like a whole one.
#include <atomic>
#include <memory>

#include "api/route.h"
#include "api/v2/delete_predicate.h"
#include "api/v2/find.h"
#include "api/weir/resources.h"
#include "base/log.h"
#include "base/time_text.h"
#include "store/line_export.h"

namespace weir::api::own {
namespace {

Result<int64_t> time_parameter(const Call& call, std::string_view name, int64_t otherwise) {
  const std::string_view text = call.request.query.get(name);
  if (text.empty()) return otherwise;
  Result<int64_t> time = parse_rfc3339(text);
  if (!time.ok()) return std::move(time).error().with_context(name);
  return time;
}

Result<store::LineExport> decode(const Call& call) {
  WEIR_TRY(meta::OrganisationPtr org, v2::organisation_of(call));
  std::string_view named = call.request.query.get("bucketID");
  if (named.empty()) named = call.request.query.get("bucket");
  if (named.empty()) return Error{Errc::invalid, "wanted a bucket: ?bucket=NAME"};
  WEIR_TRY(meta::BucketPtr bucket, v2::bucket_of(call, *org, named));
  if (!call.caller.may(meta::Action::read, *bucket))
    return Error{Errc::forbidden, "insufficient permissions to read"};
  store::LineExport wanted;
  wanted.bucket = bucket->id;
  wanted.shard_group_ns = bucket->shard_group_ns;
  WEIR_TRY(wanted.start_ns, time_parameter(call, "start", wanted.start_ns));
  WEIR_TRY(wanted.stop_ns, time_parameter(call, "stop", wanted.stop_ns));
  WEIR_TRY(wanted.predicate, v2::parse_delete_predicate(call.request.query.get("predicate")));
  return wanted;
}

void run(Context& context, const store::LineExport& wanted, http::Responder& responder,
         const std::atomic<bool>& canceled) {
  bool started = false;
  auto start = [&] {
    if (std::exchange(started, true)) return;
    http::Headers headers;
    headers.set("Content-Type", "text/plain; charset=utf-8");
    responder.start(200, std::move(headers));
  };
  const Result<void> done = store::export_lines(context.store, wanted, [&](std::string_view lines) {
    start();
    return !canceled && responder.write(lines);
  });
  if (done.ok()) {
    start();
    return responder.finish();
  }
  if (!started) return send_failure(responder, done.error());
  log::warn("api", "an export was broken off: {}", done.error().message);
  responder.abort();
}

void take(Context& context, const http::Request& request, const meta::Caller& caller,
          const http::ResponderPtr& responder) {
  Result<store::LineExport> wanted = decode(Call{request, caller, context});
  if (!wanted.ok()) return send_failure(*responder, wanted.error());
  auto canceled = std::make_shared<std::atomic<bool>>(false);
  responder->on_closed([canceled] { *canceled = true; });
  run_on_worker(context, responder, [&context, wanted = *wanted, responder, canceled] {
    run(context, wanted, *responder, *canceled);
  });
}

}  // namespace

void mount_export(http::Router& router, Context& context) {
  route_streaming(router, context, "GET", "/api/v2/weir/export",
                  [&context](http::Request request, const meta::Caller& caller,
                             const http::ResponderPtr& responder) {
                    take(context, request, caller, responder);
                  });
}

}  // namespace weir::api::own
