// POST /write: line protocol into a database, as InfluxDB 1 takes it.
//
// A database and retention policy are a bucket: `db/rp`, or `db` for the policy that every database
// has. Lines that do not parse, and points the store must drop, do not hinder the others: the
// answer is then 400 "partial write: <reason> dropped=N", and 204 when all are as durable as
// configured.
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <memory>

#include "api/line_write.h"
#include "api/route.h"
#include "api/v1/resources.h"
#include "base/json.h"
#include "http/status.h"
#include "meta/meta.h"
#include "model/line_protocol.h"
#include "store/store.h"

namespace weir::api::v1 {
namespace {

constexpr std::string_view kDefaultPolicy = "autogen";

void send_error(http::Responder& responder, int status, std::string message) {
  Answer answer = json_answer(status, {{"error", message}});
  // A header has one line, and proxies refuse long ones.
  constexpr size_t kHeaderBytesMax = 512;
  if (message.size() > kHeaderBytesMax) message.resize(kHeaderBytesMax);
  std::replace_if(
      message.begin(), message.end(), [](unsigned char c) { return c < ' ' || c > '~'; }, ' ');
  answer.headers.set("X-Influxdb-Error", std::move(message));
  if (status == 401) answer.headers.set("WWW-Authenticate", "Basic realm=\"InfluxDB\"");
  send(responder, std::move(answer));
}

void answer_failure(http::Responder& responder, const Error& error) {
  const bool is_unknown = error.code == Errc::unauthorized;
  send_error(responder, http::status_of(error.code),
             is_unknown ? "authorization failed" : error.message);
}

// Units that InfluxDB 1 knows; any other is taken for nanoseconds, as there.
model::Precision precision_of(std::string_view text) {
  constexpr int64_t kMinute = 60'000'000'000;
  if (text == "u" || text == "us" || text == "µ") return model::Precision::us;
  if (text == "ms") return model::Precision::ms;
  if (text == "s") return model::Precision::s;
  if (text == "m") return static_cast<model::Precision>(kMinute);
  if (text == "h") return static_cast<model::Precision>(60 * kMinute);
  return model::Precision::ns;
}

bool is_consistency(std::string_view level) {
  constexpr std::array<std::string_view, 5> kLevels = {"", "any", "one", "quorum", "all"};
  return std::find(kLevels.begin(), kLevels.end(), level) != kLevels.end();
}

struct Refusal {
  int status = 0;
  std::string message;
};
struct Target {
  meta::BucketPtr bucket;
  Refusal refusal;  // if there is no bucket
};

Target target_of(const http::Request& request, const meta::Caller& caller, Context& context) {
  const std::string database(request.query.get("db")), policy(request.query.get("rp"));
  if (database.empty()) return {nullptr, {400, "database is required"}};
  if (!is_consistency(request.query.get("consistency"))) {
    return {nullptr, {400, "invalid consistency level"}};
  }
  const meta::OrganisationPtr org =
      caller.authorization != nullptr ? context.meta.organisations().find(caller.authorization->org)
                                      : context.meta.default_organisation();
  auto find = [&](const std::string& name) {
    return org == nullptr ? nullptr : context.meta.buckets().find(org->id, name);
  };
  meta::BucketPtr bucket =
      find(fmt::format("{}/{}", database, policy.empty() ? kDefaultPolicy : policy));
  const meta::BucketPtr own = find(database);
  if (bucket == nullptr && (policy.empty() || policy == kDefaultPolicy)) bucket = own;
  if (bucket == nullptr && own != nullptr) {
    return {nullptr, {500, fmt::format("retention policy not found: {}", policy)}};
  }
  if (bucket == nullptr) {
    return {nullptr, {404, fmt::format("database not found: \"{}\"", database)}};
  }
  if (!caller.may(meta::Action::write, *bucket)) {
    return {nullptr,
            {403, fmt::format("\"{}\" user is not authorized to write to database \"{}\"",
                              caller.user->name, database)}};
  }
  return {std::move(bucket), {}};
}

// `bad_lines` are what did not parse, joined; empty if all did.
void answer_stored(http::Responder& responder, const Result<store::WriteOutcome>& outcome,
                   const std::string& bad_lines) {
  if (!outcome.ok()) return answer_failure(responder, outcome.error());
  if (!outcome->partial.empty()) return send_error(responder, 400, outcome->partial);
  if (!bad_lines.empty()) {
    return send_error(responder, 400, fmt::format("partial write: {} dropped=0", bad_lines));
  }
  send(responder, no_content());
}

void parse_and_store(Context& context, BucketId bucket, model::Precision precision,
                     std::string body, const http::ResponderPtr& responder) {
  count_write_request();
  auto text = std::make_shared<const std::string>(std::move(body));
  model::ParsedLines lines = model::parse_lines(text, precision, context.clock.wall_ns());
  std::string bad_lines = joined_messages(lines.errors);
  if (lines.batch.empty()) {
    return bad_lines.empty() ? send(*responder, no_content())
                             : send_error(*responder, 400, std::move(bad_lines));
  }
  count_written_points(lines.batch.points.size());
  context.store.write(
      bucket, std::move(lines.batch),
      [responder, bad_lines = std::move(bad_lines)](Result<store::WriteOutcome> outcome) {
        answer_stored(*responder, outcome, bad_lines);
      });
}

void write(Context& context, http::Request request, const meta::Caller& caller,
           const http::ResponderPtr& responder) {
  const Target target = target_of(request, caller, context);
  if (target.bucket == nullptr) {
    return send_error(*responder, target.refusal.status, target.refusal.message);
  }
  const model::Precision precision = precision_of(request.query.get("precision"));
  const BucketId bucket = target.bucket->id;
  if (request.body.size() <= kParseOnIoThreadBytesMax) {
    return parse_and_store(context, bucket, precision, std::move(request.body), responder);
  }
  auto body = std::make_shared<std::string>(std::move(request.body));
  run_on_worker(context, responder, [&context, bucket, precision, body, responder] {
    parse_and_store(context, bucket, precision, std::move(*body), responder);
  });
}

}  // namespace

void mount_write(http::Router& router, Context& context) {
  route_streaming(
      router, context, "POST", "/write",
      [&context](http::Request request, const meta::Caller& caller,
                 const http::ResponderPtr& responder) {
        write(context, std::move(request), caller, responder);
      },
      answer_failure);
}

}  // namespace weir::api::v1
