// POST /api/v2/weir/points: points as runs (model/point_runs.h) into a bucket, every type and bit
// kept. For what line protocol cannot say; `weir restore --bucket` sends them.
//
// `?org&bucket`, as for POST /api/v2/write. The answer comes when the points are as durable as
// configured: {"points","dropped","reason"}; dropped are those beyond retention, above all.
#include <memory>

#include "api/route.h"
#include "api/v2/find.h"
#include "api/weir/resources.h"
#include "base/json.h"
#include "model/point_runs.h"
#include "store/store.h"

namespace weir::api::own {
namespace {

Result<meta::BucketPtr> target_of(const Call& call) {
  const std::string_view named = call.request.query.get("bucket");
  if (named.empty()) return Error{Errc::not_found, "bucket not found"};
  WEIR_TRY(meta::OrganisationPtr org, v2::organisation_of(call));
  WEIR_TRY(meta::BucketPtr bucket, v2::bucket_of(call, *org, named));
  if (call.caller.may(meta::Action::write, *bucket)) return bucket;
  return Error{Errc::forbidden, "insufficient permissions for write"};
}

void store_points(Context& context, BucketId bucket, std::shared_ptr<const std::string> body,
                  const http::ResponderPtr& responder) {
  Result<model::PointBatch> batch = model::decode_runs(std::move(body));
  if (!batch.ok()) return send_failure(*responder, batch.error());
  const size_t points = batch->points.size();
  context.store.write(
      bucket, std::move(*batch), [responder, points](Result<store::WriteOutcome> outcome) {
        if (!outcome.ok()) return send_failure(*responder, outcome.error());
        send(*responder, json_answer(200, {{"points", points - outcome->dropped_points},
                                           {"dropped", outcome->dropped_points},
                                           {"reason", outcome->partial}}));
      });
}

void take(Context& context, http::Request request, const meta::Caller& caller,
          const http::ResponderPtr& responder) {
  Result<meta::BucketPtr> bucket = target_of(Call{request, caller, context});
  if (!bucket.ok()) return send_failure(*responder, bucket.error());
  auto body = std::make_shared<const std::string>(std::move(request.body));
  run_on_worker(context, responder, [&context, id = (*bucket)->id, body, responder] {
    store_points(context, id, body, responder);
  });
}

}  // namespace

void mount_points(http::Router& router, Context& context) {
  route_streaming(router, context, "POST", "/api/v2/weir/points",
                  [&context](http::Request request, const meta::Caller& caller,
                             const http::ResponderPtr& responder) {
                    take(context, std::move(request), caller, responder);
                  });
}

}  // namespace weir::api::own
