// GET /api/v2/weir/statistics: sizes and rates of buckets, broker, ingest and process.
#include "api/route.h"
#include "api/weir/resources.h"
#include "base/json.h"
#include "base/metrics.h"
#include "base/process_memory.h"
#include "base/time_text.h"
#include "ingest/pipeline.h"
#include "meta/meta.h"
#include "mqtt/broker.h"
#include "store/store.h"

namespace weir::api::own {
namespace {

uint64_t total(std::string_view metric) { return static_cast<uint64_t>(metrics::sum_of(metric)); }

OrderedJson optional_time(const std::optional<int64_t>& time_ns) {
  return time_ns.has_value() ? OrderedJson(rfc3339(*time_ns)) : OrderedJson(nullptr);
}

Result<OrderedJson> buckets(const Call& call) {
  OrderedJson shown = OrderedJson::array();
  for (const meta::BucketPtr& bucket : call.context.meta.buckets().list()) {
    if (!call.caller.may(meta::Action::read, *bucket)) continue;
    Result<store::BucketStatistics> found = call.context.store.statistics(bucket->id);
    if (!found.ok() && found.error().code == Errc::not_found) continue;  // deleted meanwhile
    WEIR_TRY(store::BucketStatistics statistics, std::move(found));
    shown.push_back({{"id", id_to_text(bucket->id)},
                     {"name", bucket->name},
                     {"series", statistics.series},
                     {"diskBytes", statistics.disk_bytes},
                     {"logBytes", statistics.log_bytes},
                     {"valuesWritten", statistics.values_written},
                     {"firstTime", optional_time(statistics.first_time_ns)},
                     {"lastTime", optional_time(statistics.last_time_ns)}});
  }
  return shown;
}

OrderedJson broker(const Context& context) {
  const size_t retained =
      context.broker == nullptr ? 0 : context.broker->retained_totals().messages;
  return {{"clients", total("weir_mqtt_clients_connected")},
          {"messagesIn", total("weir_mqtt_messages_received_total")},
          {"messagesOut", total("weir_mqtt_messages_sent_total")},
          {"dropped", total("weir_mqtt_messages_dropped_total")},
          {"retained", retained}};
}

OrderedJson ingest(const Context& context) {
  const ingest::Pipeline::Counts counts =
      context.pipeline == nullptr ? ingest::Pipeline::Counts{} : context.pipeline->counts();
  return {{"messagesMapped", counts.messages_mapped},
          {"pointsWritten", counts.points_written},
          {"deadLetters", counts.dead_letters}};
}

Result<Answer> statistics(const Call& call) {
  WEIR_TRY(OrderedJson shown, buckets(call));
  const int64_t up_ns = call.context.clock.wall_ns() - call.context.info.started_ns;
  return json_answer(200, {{"buckets", std::move(shown)},
                           {"broker", broker(call.context)},
                           {"ingest", ingest(call.context)},
                           {"process",
                            {{"uptimeSeconds", static_cast<double>(up_ns / 1'000'000) / 1000},
                             {"residentBytes", resident_bytes()}}}});
}

}  // namespace

void mount_statistics(http::Router& router, Context& context) {
  route(router, context, "GET", "/api/v2/weir/statistics", RunOn::worker, statistics);
}

}  // namespace weir::api::own
