// POST /api/v2/weir/map/explain and GET /api/v2/weir/map/dead-letters.
#include <fmt/core.h>

#include "base/base64.h"
#include "api/fields.h"
#include "api/route.h"
#include "api/weir/message_access.h"
#include "api/weir/resources.h"
#include "base/json.h"
#include "base/time_text.h"
#include "ingest/explain.h"
#include "ingest/pipeline.h"
#include "ingest/rules.h"
#include "mqtt/topic.h"

namespace weir::api::own {
namespace {

constexpr int64_t kDeadLettersShown = 100;

// The rules of the body, or else those in force.
Result<std::shared_ptr<const ingest::RuleSet>> rules_of(const Call& call, const Json& body) {
  WEIR_TRY(std::optional<std::string> text, text_field(body, "rules"));
  if (text.has_value()) return ingest::RuleSet::parse(*text);
  if (call.context.pipeline != nullptr) return call.context.pipeline->rules();
  return ingest::RuleSet::automatic_only();
}

Result<std::string> payload_of(const Json& body) {
  WEIR_TRY(std::optional<std::string> text, text_field(body, "payload"));
  WEIR_TRY(std::optional<std::string> encoded, text_field(body, "payloadBase64"));
  if (!encoded.has_value()) return text.value_or("");
  if (text.has_value())
    return Error{Errc::invalid, "give either payload or payloadBase64, not both"};
  std::optional<std::string> bytes = decode_base64(*encoded);
  if (!bytes.has_value()) return Error{Errc::invalid, "payloadBase64 is not base64"};
  return *std::move(bytes);
}

Result<Answer> explain(const Call& call) {
  WEIR_TRY(Json body, body_object(call.request));
  WEIR_TRY(std::optional<std::string> topic, text_field(body, "topic"));
  WEIR_TRY(std::string payload, payload_of(body));
  WEIR_TRY(std::optional<bool> retain, boolean_field(body, "retain"));
  WEIR_TRY(std::shared_ptr<const ingest::RuleSet> rules, rules_of(call, body));
  if (!mqtt::is_valid_topic_name(topic.value_or("")))
    return Error{Errc::invalid, fmt::format("topic is invalid: got `{}`, wanted a topic name"
                                            " without wildcards",
                                            topic.value_or(""))};
  const ingest::MessageView message{.topic = *topic,
                                    .payload = payload,
                                    .received_ns = call.context.clock.wall_ns(),
                                    .replayed = retain.value_or(false)};
  Answer answer = json_answer(200, {});
  answer.body = ingest::explanation_json(ingest::explain(std::move(rules), message));
  return answer;
}

Result<Answer> dead_letters(const Call& call) {
  WEIR_CHECK(check_sees_messages(call.context, call.caller));
  const bool limited = !call.request.query.get("limit").empty();
  WEIR_TRY(int64_t limit, integer_parameter(call.request.query, "limit", kDeadLettersShown));
  if (limited && (limit < 1 || limit > static_cast<int64_t>(ingest::kDeadLettersMax)))
    return Error{Errc::invalid,
                 fmt::format("limit must be between 1 and {}", ingest::kDeadLettersMax)};
  std::vector<ingest::DeadLetter> letters;
  uint64_t total = 0;
  if (call.context.pipeline != nullptr) {
    letters = call.context.pipeline->dead_letters(static_cast<size_t>(limit));
    total = call.context.pipeline->counts().dead_letters;
  }
  OrderedJson shown = OrderedJson::array();
  for (const ingest::DeadLetter& letter : letters)
    shown.push_back({{"time", rfc3339(letter.received_ns)},
                     {"topic", letter.topic},
                     {"payload", letter.payload_head},
                     {"rule", letter.rule},
                     {"reason", letter.reason}});
  return json_answer(200, {{"deadLetters", std::move(shown)}, {"total", total}});
}

}  // namespace

void mount_map(http::Router& router, Context& context) {
  route(router, context, "POST", "/api/v2/weir/map/explain", RunOn::worker, explain);
  route(router, context, "GET", "/api/v2/weir/map/dead-letters", RunOn::worker, dead_letters);
}

}  // namespace weir::api::own
