#include "ingest/message_mapper.h"

#include <fmt/format.h>

#include "ingest/json_mapper.h"
#include "ingest/leaf.h"
#include "ingest/point_maker.h"
#include "model/line_protocol.h"

namespace weir::ingest {
namespace {

constexpr size_t kShownBytesMax = 60;  // of a payload, in a reason

std::string shown(std::string_view payload) {
  return payload.size() <= kShownBytesMax ? std::string(payload)
                                          : std::string(payload.substr(0, kShownBytesMax)) + "...";
}

MapOutcome failed(Reason reason, std::string text) { return {reason, std::move(text), {}}; }

char first_letter(std::string_view payload) {
  const size_t at = payload.find_first_not_of(" \t\r\n");
  return at == std::string_view::npos ? '\0' : payload[at];
}

// One value: the field that the topic names.
MapOutcome map_plain(const TopicMapping& mapping, const MessageView& message, PointMaker& maker,
                     const Leaf& leaf) {
  const Rule* rule = mapping.rule;
  if (rule != nullptr && (rule->when || rule->each)) {
    // Without members `when` compares null; `each` has nothing to go through.
    const bool holds =
        !rule->when ||
        (std::holds_alternative<std::nullptr_t>(rule->when->literal) == rule->when->wanted_equal);
    if (!holds) return failed(Reason::ignored, "when is false");
    if (rule->each) return failed(Reason::no_value, "each needs JSON, got one value");
  }
  if (message.replayed && (rule == nullptr || rule->retained == Retained::fresh)) {
    return failed(Reason::ignored, "a retained copy without a time of its own");
  }
  if (leaf.kind == Leaf::Kind::null) {
    return failed(Reason::no_value, fmt::format("`{}` is no value", shown(message.payload)));
  }
  if (maker.notes() != nullptr) maker.notes()->time_source = "arrival";
  maker.begin(mapping.scalar_series_key, maker.arrival_ns());
  if (!maker.is_dropped(mapping.scalar_field)) maker.add("", mapping.scalar_field, leaf);
  maker.end();
  return {};
}

MapOutcome map_lines(const MessageView& message, PointMaker& maker) {
  auto text = std::make_shared<const std::string>(message.payload);
  model::ParsedLines parsed = model::parse_lines(text, model::Precision::ns, maker.arrival_ns());
  if (!parsed.errors.empty()) return failed(Reason::malformed, parsed.errors.front().message);
  for (const model::BatchPoint& point : parsed.batch.points) maker.add_copy(parsed.batch, point);
  if (maker.notes() != nullptr) maker.notes()->time_source = "line protocol";
  return {};
}

MapOutcome map_automatic_format(const TopicMapping& mapping, const MessageView& message,
                                PointMaker& maker) {
  const char first = first_letter(message.payload);
  if (first == '{' || first == '[' || first == '"') {
    std::optional<Leaf> plain;
    MapOutcome outcome = map_json(mapping, message, maker, plain);
    if (outcome.reason != Reason::none && outcome.reason != Reason::malformed) return outcome;
    if (outcome.reason == Reason::none && !plain) return outcome;
    if (plain) return map_plain(mapping, message, maker, *plain);
    if (first != '"') return outcome;  // text may be quoted without being JSON
  }
  const Leaf leaf = read_plain(message.payload);
  if (leaf.kind == Leaf::Kind::text && !is_plain_text(message.payload)) {
    return failed(Reason::binary, "binary payload: set a format");
  }
  return map_plain(mapping, message, maker, leaf);
}

MapOutcome map_format(const TopicMapping& mapping, const MessageView& message, PointMaker& maker) {
  const Format format = mapping.rule == nullptr ? Format::automatic : mapping.rule->format;
  switch (format) {
    case Format::automatic:
      return map_automatic_format(mapping, message, maker);
    case Format::line:
      return map_lines(message, maker);
    case Format::json: {
      std::optional<Leaf> plain;
      MapOutcome outcome = map_json(mapping, message, maker, plain);
      if (outcome.reason != Reason::none || !plain) return outcome;
      return map_plain(mapping, message, maker, *plain);
    }
    case Format::number: {
      const Leaf leaf = read_plain(message.payload);
      if (leaf.kind == Leaf::Kind::text || leaf.kind == Leaf::Kind::boolean) {
        return failed(Reason::malformed,
                      fmt::format("the payload is no number: got `{}`", shown(message.payload)));
      }
      return map_plain(mapping, message, maker, leaf);
    }
    case Format::text:
      if (!is_plain_text(message.payload)) {
        return failed(Reason::binary, "the payload is not text: it has bytes that are not UTF-8");
      }
      return map_plain(mapping, message, maker, Leaf::of_text(message.payload));
  }
  return failed(Reason::malformed, "unknown format");
}

}  // namespace

std::string_view to_string(Reason reason) {
  switch (reason) {
    case Reason::none:
      return "none";
    case Reason::ignored:
      return "ignored";
    case Reason::malformed:
      return "malformed";
    case Reason::binary:
      return "binary";
    case Reason::too_large:
      return "too large";
    case Reason::no_value:
      return "no value";
    case Reason::bad_type:
      return "bad type";
    case Reason::series_limit:
      return "series limit";
    case Reason::bucket:
      return "bucket";
    case Reason::conflict:
      return "conflict";
    case Reason::store:
      return "store";
  }
  return "unknown";
}

MapOutcome map_message(const TopicMapping& mapping, const MessageView& message,
                       model::PointBatch& batch, MapNotes* notes) {
  if (!mapping.ignored_because.empty()) return failed(Reason::ignored, mapping.ignored_because);
  if (message.payload.empty()) {
    return failed(Reason::ignored, "empty payload (clears a retained message)");
  }
  if (message.replayed && mapping.rule != nullptr && mapping.rule->retained == Retained::never) {
    return failed(Reason::ignored, "a retained copy, and retained = \"never\"");
  }
  if (mapping.is_automatic() && message.payload.size() > kAutomaticPayloadBytesMax) {
    return failed(Reason::too_large,
                  fmt::format("payload of {} bytes: over {} only with a rule",
                              message.payload.size(), kAutomaticPayloadBytesMax));
  }
  const size_t points_before = batch.points.size(), fields_before = batch.fields.size();
  PointMaker maker(mapping, message, batch, notes);
  MapOutcome outcome = map_format(mapping, message, maker);
  if (outcome.reason != Reason::none) {
    batch.points.erase(batch.points.begin() + static_cast<ptrdiff_t>(points_before),
                       batch.points.end());
    batch.fields.erase(batch.fields.begin() + static_cast<ptrdiff_t>(fields_before),
                       batch.fields.end());
    return outcome;
  }
  outcome.dropped_fields = maker.dropped_fields();
  if (maker.points() == 0) {
    if (!outcome.dropped_fields.empty()) return failed(Reason::bad_type, outcome.dropped_fields);
    return failed(Reason::no_value, "nothing in the payload is a field");
  }
  return outcome;
}

}  // namespace weir::ingest
