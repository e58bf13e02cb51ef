// Protocol: SUBSCRIBE and UNSUBSCRIBE.
#include <algorithm>

#include "mqtt/protocol.h"
#include "mqtt/text.h"
#include "mqtt/topic.h"

namespace weir::mqtt {
namespace {

bool is_shared(std::string_view filter) { return filter.starts_with("$share/"); }

// "$share/NAME/FILTER": NAME is not empty and without wildcards, FILTER a valid filter (§4.8.2).
bool is_valid_shared_filter(std::string_view filter) {
  std::string_view rest = filter.substr(std::string_view("$share/").size());
  size_t slash = rest.find('/');
  if (slash == 0 || slash == std::string_view::npos) return false;
  return rest.substr(0, slash).find_first_of("+#") == std::string_view::npos &&
         is_valid_topic_filter(rest.substr(slash + 1));
}

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
    SubscribeAction::Entry entry{std::string(asked.filter), asked.options, Reason::success};
    entry.options.qos = std::min(asked.options.qos, limits_.maximum_qos);
    entry.answer = static_cast<Reason>(entry.options.qos);
    if (is_shared(asked.filter)) {
      if (asked.options.no_local) {
        return against_protocol("no-local on a shared subscription");  // [MQTT-3.8.3-4]
      }
      if (!is_valid_shared_filter(asked.filter)) {
        return against_protocol("a shared subscription of the wrong form");
      }
      entry.answer = Reason::shared_subscriptions_not_supported;
    } else if (has_too_many_levels(asked.filter)) {
      entry.answer = Reason::topic_filter_invalid;
    } else if (!is_valid_topic_filter(asked.filter)) {
      return malformed("a topic filter of the wrong form");
    } else if (!may_subscribe(identity_, asked.filter)) {
      entry.answer = Reason::not_authorized;
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
    bool well_formed = is_shared(filter)
                           ? is_valid_shared_filter(filter)
                           : is_valid_topic_filter(filter) || has_too_many_levels(filter);
    if (!well_formed) return malformed("a topic filter of the wrong form");
    action.filters.emplace_back(filter);
  }
  out.list.emplace_back(std::move(action));
  return std::nullopt;
}

}  // namespace weir::mqtt
