// Packages slack, pagerduty and pushbullet: notifications, as requests of http.post.
#include "query/flux/stdlib/endpoint_script.h"
#include "query/flux/stdlib/stdlib.h"

namespace weir::query::flux {
namespace {

Result<Value> valid_color(CallContext&, const Arguments& arguments) {
  WEIR_TRY(std::string color, arguments.string("color"));
  bool named = color == "good" || color == "warning" || color == "danger";
  bool hex = color.size() == 7 && color[0] == '#' &&
             color.find_first_not_of("0123456789abcdefABCDEF", 1) == std::string::npos;
  if (!named && !hex)
    return Error{Errc::invalid,
                 "invalid color " + color + ": wanted good, warning, danger or six digits after #"};
  return Value::of_string(std::move(color));
}

constexpr std::string_view kSlack = R"(
import "http"
import "json"

option defaultURL = "https://slack.com/api/chat.postMessage"

message = (url=defaultURL, token="", channel, text, color) => {
    attachment = {
        color: validateColorString(color: color),
        text: string(v: text),
        mrkdwn_in: ["text"],
    }

    return http.post(
        url: url,
        headers: {"Authorization": "Bearer " + token, "Content-Type": "application/json"},
        data: json.encode(v: {channel: channel, attachments: [attachment]}),
    )
}
)";

constexpr std::string_view kPagerduty = R"(
import "experimental"
import "experimental/record"
import "http"
import "json"
import "strings"

option defaultURL = "https://events.pagerduty.com/v2/enqueue"

severityFromLevel = (level) => {
    lower = strings.toLower(v: level)

    return if lower == "crit" then "critical"
        else if lower == "warn" then "warning"
        else if lower == "info" or lower == "ok" then "info"
        else "error"
}
actionFromSeverity = (severity) =>
    if strings.toLower(v: severity) == "ok" then "resolve" else "trigger"
actionFromLevel = (level) => actionFromSeverity(severity: level)

sendEvent = (
    pagerdutyURL=defaultURL,
    routingKey,
    client,
    clientURL,
    dedupKey,
    class,
    group,
    severity,
    eventAction,
    source,
    component="",
    summary,
    timestamp,
    customDetails=record.any,
) => {
    about = {
        summary: summary,
        timestamp: timestamp,
        source: source,
        component: component,
        severity: severity,
        group: group,
        class: class,
    }
    event = {
        routing_key: routingKey,
        dedup_key: dedupKey,
        event_action: eventAction,
        client: client,
        client_url: clientURL,
    }
    data = if length(arr: experimental.objectKeys(o: customDetails)) == 0
        then json.encode(v: {event with payload: about})
        else json.encode(v: {event with payload: {about with custom_details: customDetails}})

    return http.post(
        url: pagerdutyURL,
        headers: {
            "Accept": "application/vnd.pagerduty+json;version=2",
            "Content-Type": "application/json",
        },
        data: data,
    )
}
)";

constexpr std::string_view kPagerdutyCall = R"(sendEvent(
    pagerdutyURL: url,
    routingKey: obj.routingKey,
    client: obj.client,
    clientURL: obj.clientURL,
    dedupKey: r._pagerdutyDedupKey,
    class: obj.class,
    group: obj.group,
    severity: obj.severity,
    eventAction: obj.eventAction,
    source: obj.source,
    component: record.get(r: obj, key: "component", default: ""),
    summary: obj.summary,
    timestamp: obj.timestamp,
    customDetails: record.get(r: obj, key: "customDetails", default: record.any),
))";

constexpr std::string_view kPushbullet = R"(
import "http"
import "json"

option defaultURL = "https://api.pushbullet.com/v2/pushes"

pushData = (url=defaultURL, token="", data) =>
    http.post(
        url: url,
        headers: {"Access-Token": token, "Content-Type": "application/json"},
        data: json.encode(v: data),
    )
pushNote = (url=defaultURL, token="", title, text) =>
    pushData(url: url, token: token, data: {type: "note", title: title, body: text})
)";

}  // namespace

void add_notifications(Registry& registry) {
  registry.add_function("slack", "validateColorString", "(color: string)", valid_color);
  add_with_endpoint(
      registry, "slack", kSlack, "url=defaultURL, token=\"\"",
      "message(url: url, token: token, channel: obj.channel, text: obj.text, color: obj.color)");
  add_with_endpoint(registry, "pagerduty", kPagerduty, "url=defaultURL", kPagerdutyCall,
                    " |> dedupKey()");
  add_with_endpoint(registry, "pushbullet", kPushbullet, "url=defaultURL, token=\"\"",
                    "pushNote(url: url, token: token, title: obj.title, text: obj.text)");
}

}  // namespace weir::query::flux
