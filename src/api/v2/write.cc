// POST /api/v2/write: line protocol into a bucket.
//
// The checks come in InfluxDB's order: caller, precision, `bucket` given, organisation, bucket,
// permission, lines, store. One line that does not parse refuses the whole request; points that
// the store must drop do not: then the answer is 422 and the others are stored. 204 is sent when
// the points are as durable as configured.
#include <memory>
#include <optional>

#include "api/line_write.h"
#include "api/route.h"
#include "api/v2/find.h"
#include "api/v2/resources.h"
#include "meta/meta.h"
#include "model/line_protocol.h"
#include "store/store.h"

namespace weir::api::v2 {
namespace {

std::optional<model::Precision> precision_of(std::string_view text) {
  if (text.empty() || text == "ns" || text == "n") return model::Precision::ns;
  if (text == "us" || text == "u") return model::Precision::us;
  if (text == "ms") return model::Precision::ms;
  if (text == "s") return model::Precision::s;
  return std::nullopt;
}

struct Target {
  BucketId bucket{};
  model::Precision precision = model::Precision::ns;
};

Result<Target> target_of(const Call& call) {
  const std::optional<model::Precision> precision =
      precision_of(call.request.query.get("precision"));
  if (!precision.has_value())
    return Error{Errc::invalid, "invalid precision; valid precision units are ns, us, ms, and s"};
  const std::string_view named = call.request.query.get("bucket");
  if (named.empty()) return Error{Errc::not_found, "bucket not found"};
  WEIR_TRY(meta::OrganisationPtr org, organisation_of(call));
  WEIR_TRY(meta::BucketPtr bucket, bucket_of(call, *org, named));
  if (!call.caller.may(meta::Action::write, *bucket))
    return Error{Errc::forbidden, "insufficient permissions for write"};
  return Target{bucket->id, *precision};
}

void answer_stored(http::Responder& responder, const Result<store::WriteOutcome>& outcome) {
  if (!outcome.ok()) {
    const Error& error = outcome.error();
    const bool own_text = error.code == Errc::not_found || error.code == Errc::unavailable;
    return send_failure(
        responder, own_text ? error
                            : Error{error.code, "unexpected error writing points to database: " +
                                                    error.message});
  }
  if (!outcome->partial.empty())
    return send_failure(responder, {Errc::unprocessable,
                                    "failure writing points to database: " + outcome->partial});
  send(responder, no_content());
}

void parse_and_store(Context& context, const Target& target, std::string body,
                     const http::ResponderPtr& responder) {
  count_write_request();
  auto text = std::make_shared<const std::string>(std::move(body));
  model::ParsedLines lines = model::parse_lines(text, target.precision, context.clock.wall_ns());
  if (!lines.errors.empty())
    return send_failure(*responder, {Errc::invalid, joined_messages(lines.errors)});
  if (lines.batch.empty()) return send(*responder, no_content());
  count_written_points(lines.batch.points.size());
  context.store.write(
      target.bucket, std::move(lines.batch),
      [responder](Result<store::WriteOutcome> outcome) { answer_stored(*responder, outcome); });
}

void write(Context& context, http::Request request, const meta::Caller& caller,
           const http::ResponderPtr& responder) {
  const Result<Target> target = target_of(Call{request, caller, context});
  if (!target.ok()) return send_failure(*responder, target.error());
  if (request.body.size() <= kParseOnIoThreadBytesMax)
    return parse_and_store(context, *target, std::move(request.body), responder);
  auto body = std::make_shared<std::string>(std::move(request.body));
  run_on_worker(context, responder, [&context, target = *target, body, responder] {
    parse_and_store(context, target, std::move(*body), responder);
  });
}

}  // namespace

void mount_write(http::Router& router, Context& context) {
  route_streaming(router, context, "POST", "/api/v2/write",
                  [&context](http::Request request, const meta::Caller& caller,
                             const http::ResponderPtr& responder) {
                    write(context, std::move(request), caller, responder);
                  });
}

}  // namespace weir::api::v2
