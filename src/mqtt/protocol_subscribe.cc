// Protocol: SUBSCRIBE and UNSUBSCRIBE.
#include <algorithm>

#include "mqtt/protocol.h"
#include "mqtt/text.h"
#include "mqtt/topic.h"

namespace weir::mqtt {
namespace {

bool has_too_many_levels(std::string_view filter) {
  return static_cast<size_t>(std::count(filter.begin(), filter.end(), '/')) >= kTopicLevelsMax;
}

}  // namespace

MaybeFault Protocol::on_subscribe(const Frame& frame, Actions& out) {
  Subscribe packet;
  if (MaybeFault fault = decode_subscribe(frame, version_, packet)) return fault;
  SubscribeAction action;
  action.packet_id = packet.packet_id;
  if (!packet.properties.subscription_ids.empty()) {
    action.id = packet.properties.subscription_ids.front();
  }
  for (const SubscribeEntry& asked : packet.entries) {
    SubscribeAction::Entry entry{std::string(asked.filter), asked.options, Reason::success, ""};
    entry.options.qos = std::min(asked.options.qos, limits_.maximum_qos);
    entry.answer = static_cast<Reason>(entry.options.qos);
    bool is_shared = is_shared_filter(asked.filter);
    if (is_bridge_ && !is_shared) entry.options.no_local = entry.options.retain_as_published = true;
    if (is_shared) {
      if (asked.options.no_local) {
        return against_protocol("no-local on a shared subscription");  // [MQTT-3.8.3-4]
      }
      if (!has_valid_share_name(asked.filter)) {
        return against_protocol("a shared subscription of the wrong form");
      }
    }
    std::string_view filter = plain_filter(asked.filter);
    if (has_too_many_levels(filter)) {
      entry.answer = Reason::topic_filter_invalid;
      entry.why = "a topic filter with too many levels";
    } else if (!is_valid_topic_filter(filter)) {
      return malformed("a topic filter of the wrong form");
    } else if (!may_subscribe(identity_, filter)) {
      entry.answer = Reason::not_authorized;
      entry.why = "the client may not subscribe to the filter";
    }
    action.entries.push_back(std::move(entry));
  }
  out.list.emplace_back(std::move(action));
  return std::nullopt;
}

MaybeFault Protocol::on_unsubscribe(const Frame& frame, Actions& out) {
  Unsubscribe packet;
  if (MaybeFault fault = decode_unsubscribe(frame, version_, packet)) return fault;
  UnsubscribeAction action;
  action.packet_id = packet.packet_id;
  for (std::string_view filter : packet.filters) {
    std::string_view plain = plain_filter(filter);
    bool well_formed = is_valid_topic_filter(plain) || has_too_many_levels(plain);
    if (is_shared_filter(filter)) well_formed &= has_valid_share_name(filter);
    if (!well_formed) return malformed("a topic filter of the wrong form");
    action.filters.emplace_back(filter);
  }
  out.list.emplace_back(std::move(action));
  return std::nullopt;
}

}  // namespace weir::mqtt
