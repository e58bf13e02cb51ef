// GET /api/v2/weir/cardinality: what a bucket's series are made of, heaviest first.
#include <fmt/core.h>

#include "api/fields.h"
#include "api/route.h"
#include "api/weir/resources.h"
#include "base/json.h"
#include "meta/meta.h"
#include "store/store.h"

namespace weir::api::own {
namespace {

constexpr int64_t kLimit = 20, kLimitMax = 1000;

Result<Answer> cardinality(const Call& call) {
  WEIR_TRY(BucketId id, id_parameter<BucketId>(call.request.query.get("bucketID")));
  WEIR_TRY(int64_t limit, integer_parameter(call.request.query, "limit", kLimit));
  if (limit < 1 || limit > kLimitMax)
    return Error{Errc::invalid, fmt::format("limit must be between 1 and {}", kLimitMax)};
  const meta::BucketPtr bucket = call.context.meta.buckets().find(id);
  if (bucket == nullptr || !call.caller.may(meta::Action::read, *bucket))
    return Error{Errc::not_found, "bucket not found"};
  WEIR_TRY(store::Cardinality found,
           call.context.store.cardinality(id, static_cast<size_t>(limit)));
  OrderedJson measurements = OrderedJson::array(), tags = OrderedJson::array();
  for (const auto& measurement : found.measurements) {
    measurements.push_back({{"name", measurement.name},
                            {"series", measurement.series},
                            {"fields", measurement.fields}});
  }
  for (const auto& tag : found.tags) {
    tags.push_back({{"key", tag.key},
                    {"values", tag.values},
                    {"series", tag.series},
                    {"largestValue", tag.largest_value},
                    {"largestValueSeries", tag.largest_value_series}});
  }
  return json_answer(200, {{"bucketID", id_to_text(id)},
                           {"series", found.series},
                           {"maxSeries", found.series_max},
                           {"measurementCount", found.measurement_count},
                           {"tagCount", found.tag_count},
                           {"measurements", std::move(measurements)},
                           {"tags", std::move(tags)}});
}

}  // namespace

void mount_cardinality(http::Router& router, Context& context) {
  route(router, context, "GET", "/api/v2/weir/cardinality", RunOn::worker, cardinality);
}

}  // namespace weir::api::own
