#include "ingest/explain.h"

#include "base/json.h"
#include "base/time_text.h"
#include "ingest/device_time.h"
#include "ingest/leaf.h"
#include "model/line_protocol.h"

namespace weir::ingest {
namespace {

// The mistake beginners make most: line protocol sent where JSON or a number is expected.
bool looks_like_lines(std::string_view payload) {
  if (payload.find('=') == std::string_view::npos || payload.front() == '{') return false;
  const auto parsed =
      model::parse_lines(std::make_shared<const std::string>(payload), model::Precision::ns, 0);
  return parsed.errors.empty() && !parsed.batch.points.empty();
}

OrderedJson text_or_null(const std::string& text) {
  return text.empty() ? OrderedJson(nullptr) : OrderedJson(text);
}

}  // namespace

Explanation explain(std::shared_ptr<const RuleSet> rules, const MessageView& message) {
  Explanation result;
  const auto mapping = map_topic(std::move(rules), message.topic, &result.tried);
  result.rule = mapping->title;
  result.bucket = mapping->bucket;
  model::PointBatch batch;
  MapNotes notes;
  const MapOutcome outcome = map_message(*mapping, message, batch, &notes);
  for (const model::BatchPoint& point : batch.points) {
    std::string line;
    model::append_line(line, batch, point);
    line.pop_back();
    result.points.push_back(std::move(line));
  }
  if (!batch.points.empty()) result.time = rfc3339(batch.points.front().time_ns);
  result.fields = std::move(notes.fields);
  result.time_source = std::move(notes.time_source);
  result.warnings = std::move(notes.warnings);
  if (!outcome.dropped_fields.empty()) result.warnings.push_back(outcome.dropped_fields);
  if (outcome.reason != Reason::none) result.dropped = outcome.text;
  const bool reads_lines = mapping->rule != nullptr && mapping->rule->format == Format::line;
  if (mapping->ignored_because.empty() && !reads_lines && !message.payload.empty() &&
      looks_like_lines(message.payload)) {
    result.warnings.emplace_back(
        "the payload is line protocol: a rule with format = \"line\" stores it as points");
  }
  return result;
}

std::string explanation_json(const Explanation& explanation) {
  OrderedJson json;
  json["rule"] = text_or_null(explanation.rule);
  json["tried"] = OrderedJson::array();
  for (const RuleTried& tried : explanation.tried) {
    json["tried"].push_back({{"rule", tried.rule}, {"whyNot", tried.why_not}});
  }
  json["bucket"] = text_or_null(explanation.bucket);
  json["points"] = explanation.points;
  json["fields"] = OrderedJson::array();
  for (const auto& field : explanation.fields) {
    json["fields"].push_back(
        {{"path", field.path}, {"key", field.key}, {"type", field.type}, {"from", field.from}});
  }
  json["time"] = {{"value", text_or_null(explanation.time)},
                  {"source", text_or_null(explanation.time_source)}};
  json["warnings"] = explanation.warnings;
  json["dropped"] = explanation.dropped ? OrderedJson(*explanation.dropped) : OrderedJson(nullptr);
  return dump_json(json);
}

}  // namespace weir::ingest
