// Packages of contrib/ that notify: sranka/teams, telegram, opsgenie, sensu, webexteams,
// chobbs/discord, bonitoo-io/alerta, servicenow, victorops, zenoss, rhajek/bigpanda. Each sends
// requests with http.post.
#include "query/flux/json_text.h"
#include "query/flux/stdlib/endpoint_script.h"
#include "query/flux/stdlib/stdlib.h"

namespace weir::query::flux {
namespace {

// "user:a" to {"type": "user", "username": "a"}, "team:b" to {"type": "team", "name": "b"}.
Result<Value> responders(CallContext&, const Arguments& arguments) {
  WEIR_TRY(const std::vector<std::string> all, arguments.strings("v"));
  Array list;
  for (const std::string& responder : all) {
    const size_t colon = responder.find(':');
    const std::string type = responder.substr(0, colon);
    const bool is_known =
        type == "user" || type == "team" || type == "escalation" || type == "schedule";
    if (colon == std::string::npos || !is_known)
      return Error{Errc::invalid,
                   "responder \"" + responder +
                       "\": wanted user:, team:, escalation: or schedule: and a name"};
    Record record;
    record.set("type", Value::of_string(type));
    record.set(type == "user" ? "username" : "name", Value::of_string(responder.substr(colon + 1)));
    list.push_back(Value::of_record(std::move(record)));
  }
  WEIR_TRY(std::string text, encode_json(Value::of_array(std::move(list))));
  return Value::of_string(std::move(text));
}

Result<Value> sensu_name(CallContext&, const Arguments& arguments) {
  WEIR_TRY(std::string text, arguments.string("v"));
  std::string name;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '.' || c == '-';
    // The bytes of one character become one underscore.
    if (plain || (static_cast<unsigned char>(c) & 0xC0) != 0x80) name += plain ? c : '_';
  }
  return Value::of_string(std::move(name));
}

constexpr std::string_view kTeams = R"(
import "http"
import "json"
import "strings"

option summaryCutoff = 70

message = (url, title, text, summary="") => {
    short = if summary == "" then text else summary
    cut = if strings.strlen(v: short) > summaryCutoff
        then strings.substring(v: short, start: 0, end: summaryCutoff) + "..."
        else short

    return http.post(
        url: url,
        headers: {"Content-Type": "application/json; charset=utf-8"},
        data: json.encode(
            v: {
                "@type": "MessageCard",
                "@context": "http://schema.org/extensions",
                title: title,
                text: text,
                summary: cut,
            },
        ),
    )
}
)";

constexpr std::string_view kTelegram = R"(
import "http"
import "json"

option defaultURL = "https://api.telegram.org/bot"
option defaultParseMode = "MarkdownV2"
option defaultDisableWebPagePreview = false
option defaultSilent = true

message = (
    url=defaultURL,
    token,
    channel,
    text,
    parseMode=defaultParseMode,
    disableWebPagePreview=defaultDisableWebPagePreview,
    silent=defaultSilent,
) =>
    http.post(
        url: url + token + "/sendMessage",
        headers: {"Content-Type": "application/json; charset=utf-8"},
        data: json.encode(
            v: {
                chat_id: channel,
                text: text,
                parse_mode: parseMode,
                disable_web_page_preview: disableWebPagePreview,
                disable_notification: silent,
            },
        ),
    )
)";

constexpr std::string_view kTelegramCall = R"(message(
    url: url,
    token: token,
    channel: obj.channel,
    text: obj.text,
    silent: obj.silent,
    parseMode: parseMode,
    disableWebPagePreview: disableWebPagePreview,
))";

constexpr std::string_view kDiscord = R"(
import "http"
import "json"

option discordURL = "https://discordapp.com/api/webhooks/"

send = (webhookToken, webhookID, username, content, avatar_url="") =>
    http.post(
        url: discordURL + webhookID + "/" + webhookToken,
        headers: {"Content-Type": "application/json"},
        data: json.encode(v: {username: username, content: content, avatar_url: avatar_url}),
    )
)";

constexpr std::string_view kDiscordCall = R"(send(
    webhookToken: webhookToken,
    webhookID: webhookID,
    username: username,
    avatar_url: avatar_url,
    content: obj.content,
))";

constexpr std::string_view kOpsgenie = R"(
import "http"
import "json"
import "strings"

_cut = (v, max, otherwise="") => {
    text = if v == "" then otherwise else v
    short = if strings.strlen(v: text) > max
        then strings.substring(v: text, start: 0, end: max)
        else text

    return string(v: json.encode(v: short))
}
_list = (v) => string(v: json.encode(v: v))

sendAlert = (
    url="https://api.opsgenie.com/v2/alerts",
    apiKey,
    message,
    alias="",
    description="",
    priority="P3",
    responders=[],
    tags=[],
    entity="",
    actions=[],
    visibleTo=[],
    details="{}",
) => {
    members = [
        "\"message\": " + _cut(v: message, max: 130),
        "\"alias\": " + _cut(v: alias, max: 512, otherwise: message),
        "\"description\": " + _cut(v: description, max: 15000),
        "\"responders\": " + respondersToJSON(v: responders),
        "\"visibleTo\": " + respondersToJSON(v: visibleTo),
        "\"actions\": " + _list(v: actions),
        "\"tags\": " + _list(v: tags),
        "\"details\": ${details}",
        "\"entity\": " + _cut(v: entity, max: 512),
        "\"priority\": " + _cut(v: priority, max: 2),
    ]

    return http.post(
        url: url,
        headers: {
            "Content-Type": "application/json; charset=utf-8",
            "Authorization": "GenieKey " + apiKey,
        },
        data: bytes(v: "{" + strings.joinStr(arr: members, v: ", ") + "}"),
    )
}
)";

constexpr std::string_view kOpsgenieCall = R"(sendAlert(
    url: url,
    apiKey: apiKey,
    entity: entity,
    message: obj.message,
    alias: obj.alias,
    description: obj.description,
    priority: obj.priority,
    responders: obj.responders,
    tags: obj.tags,
    actions: obj.actions,
    visibleTo: obj.visibleTo,
    details: obj.details,
))";

constexpr std::string_view kSensu = R"(
import "http"
import "json"

event = (
    url,
    apiKey,
    checkName,
    text,
    handlers=[],
    status=0,
    state="",
    namespace="default",
    entityName="influxdb",
) =>
    http.post(
        url: url + "/api/core/v2/namespaces/" + namespace + "/events",
        headers: {
            "Content-Type": "application/json; charset=utf-8",
            "Authorization": "Key " + apiKey,
        },
        data: json.encode(
            v: {
                entity: {
                    entity_class: "proxy",
                    metadata: {name: toSensuName(v: entityName)},
                },
                check: {
                    output: text,
                    state:
                        if state != "" then state
                        else if status == 0 then "passing"
                        else "failing",
                    status: status,
                    handlers: handlers,
                    interval: 60,
                    metadata: {name: toSensuName(v: checkName)},
                },
            },
        ),
    )
)";

constexpr std::string_view kSensuCall = R"(event(
    url: url,
    apiKey: apiKey,
    checkName: obj.checkName,
    text: obj.text,
    handlers: handlers,
    status: obj.status,
    namespace: namespace,
    entityName: entityName,
))";

constexpr std::string_view kWebexteams = R"(
import "http"
import "json"

message = (url="https://webexapis.com", token, roomId, text, markdown) =>
    http.post(
        url: url + "/v1/messages",
        headers: {
            "Content-Type": "application/json; charset=utf-8",
            "Authorization": "Bearer " + token,
        },
        data: json.encode(v: {text: text, markdown: markdown, roomId: roomId}),
    )
)";

constexpr std::string_view kAlerta = R"(
import "http"
import "json"
import "strings"

// Alerta takes times in milliseconds.
_milliseconds = (t) => strings.substring(v: string(v: t), start: 0, end: 23) + "Z"

alert = (
    url,
    apiKey,
    resource,
    event,
    environment="",
    severity,
    service=[],
    group="",
    value="",
    text="",
    tags=[],
    attributes,
    origin="InfluxDB",
    type="",
    timestamp=now(),
) =>
    http.post(
        url: url,
        headers: {"Authorization": "Key " + apiKey, "Content-Type": "application/json"},
        data: json.encode(
            v: {
                resource: resource,
                event: event,
                environment: environment,
                severity: severity,
                service: service,
                group: group,
                value: value,
                text: text,
                tags: tags,
                attributes: attributes,
                origin: origin,
                type: type,
                createTime: _milliseconds(t: timestamp),
            },
        ),
    )
)";

constexpr std::string_view kAlertaCall = R"(alert(
    url: url,
    apiKey: apiKey,
    environment: environment,
    origin: origin,
    resource: obj.resource,
    event: obj.event,
    severity: obj.severity,
    service: obj.service,
    group: obj.group,
    value: obj.value,
    text: obj.text,
    tags: obj.tags,
    attributes: obj.attributes,
    type: obj.type,
    timestamp: obj.timestamp,
))";

constexpr std::string_view kServicenow = R"(
import "experimental"
import "experimental/record"
import "http"
import "json"

_number = (severity) =>
    if severity == "clear" then "0"
    else if severity == "critical" then "1"
    else if severity == "major" then "2"
    else if severity == "minor" then "3"
    else if severity == "warning" then "4"
    else if severity == "info" then "5"
    else ""

event = (
    url,
    username,
    password,
    source="Flux",
    node="",
    metricType="",
    resource="",
    metricName="",
    messageKey="",
    description,
    severity,
    additionalInfo=record.any,
) => {
    about = {
        source: source,
        node: node,
        type: metricType,
        resource: resource,
        metric_name: metricName,
        message_key: messageKey,
        description: description,
        severity: _number(severity: severity),
        additional_info:
            if length(arr: experimental.objectKeys(o: additionalInfo)) == 0 then ""
            else string(v: json.encode(v: additionalInfo)),
    }

    return http.post(
        url: url,
        headers: {
            "Authorization": http.basicAuth(u: username, p: password),
            "Content-Type": "application/json",
        },
        data: json.encode(v: {records: [about]}),
    )
}
)";

constexpr std::string_view kServicenowCall = R"(event(
    url: url,
    username: username,
    password: password,
    source: source,
    node: obj.node,
    metricType: obj.metricType,
    resource: obj.resource,
    metricName: obj.metricName,
    messageKey: obj.messageKey,
    description: obj.description,
    severity: obj.severity,
    additionalInfo: record.get(r: obj, key: "additionalInfo", default: record.any),
))";

constexpr std::string_view kVictorops = R"(
import "http"
import "json"

alert = (
    url,
    messageType,
    entityID="",
    entityDisplayName="",
    stateMessage="",
    timestamp=now(),
    monitoringTool="InfluxDB",
) =>
    http.post(
        url: url,
        headers: {"Content-Type": "application/json"},
        data: json.encode(
            v: {
                message_type: messageType,
                entity_id: entityID,
                entity_display_name: entityDisplayName,
                state_message: stateMessage,
                state_start_time: uint(v: timestamp) / uint(v: 1000000000),
                monitoring_tool: monitoringTool,
            },
        ),
    )
)";

constexpr std::string_view kVictoropsCall = R"(alert(
    url: url,
    messageType: obj.messageType,
    entityID: obj.entityID,
    entityDisplayName: obj.entityDisplayName,
    stateMessage: obj.stateMessage,
    timestamp: obj.timestamp,
    monitoringTool: monitoringTool,
))";

constexpr std::string_view kZenoss = R"(
import "http"
import "json"

event = (
    url,
    username="",
    password="",
    apiKey="",
    action="EventsRouter",
    method="add_event",
    type="rpc",
    tid=1,
    summary="",
    device="",
    component="",
    severity,
    eventClass="",
    eventClassKey="",
    collector="",
    message="",
) => {
    about = {
        summary: summary,
        device: device,
        component: component,
        severity: severity,
        evclass: eventClass,
        evclasskey: eventClassKey,
        collector: collector,
        message: message,
    }
    data = json.encode(
        v: {action: action, method: method, data: [about], type: type, tid: tid},
    )

    return if apiKey != "" then
        http.post(
            url: url,
            headers: {"Content-Type": "application/json", "z-api-key": apiKey},
            data: data,
        )
    else
        http.post(
            url: url,
            headers: {
                "Content-Type": "application/json",
                "Authorization": http.basicAuth(u: username, p: password),
            },
            data: data,
        )
}
)";

constexpr std::string_view kZenossCall = R"(event(
    url: url,
    username: username,
    password: password,
    apiKey: apiKey,
    action: action,
    method: method,
    type: type,
    tid: tid,
    summary: obj.summary,
    device: obj.device,
    component: obj.component,
    severity: obj.severity,
    eventClass: obj.eventClass,
    eventClassKey: obj.eventClassKey,
    collector: obj.collector,
    message: obj.message,
))";

constexpr std::string_view kBigpanda = R"(
import "http"
import "json"
import "strings"

option defaultUrl = "https://api.bigpanda.io/data/v2/alerts"
option defaultTokenPrefix = "Bearer"

statusFromLevel = (level) => {
    lower = strings.toLower(v: level)

    return if lower == "warn" then "warning"
        else if lower == "info" or lower == "ok" then "ok"
        else "critical"
}
sendAlert = (url, token, appKey, status, rec) =>
    http.post(
        url: url,
        headers: {
            "Content-Type": "application/json; charset=utf-8",
            "Authorization": defaultTokenPrefix + " " + token,
        },
        data: json.encode(v: {rec with app_key: appKey, status: status}),
    )
)";

}  // namespace

void add_contributed_notifications(Registry& registry) {
  registry.add_function("contrib/sranka/opsgenie", "respondersToJSON", "(v: array)", responders);
  registry.add_function("contrib/sranka/sensu", "toSensuName", "(v: string)", sensu_name);
  add_with_endpoint(registry, "contrib/sranka/teams", kTeams, "url",
                    "message(url: url, title: obj.title, text: obj.text, "
                    "summary: if exists obj.summary then obj.summary else \"\")");
  add_with_endpoint(registry, "contrib/sranka/telegram", kTelegram,
                    "url=defaultURL, token, parseMode=defaultParseMode, "
                    "disableWebPagePreview=defaultDisableWebPagePreview",
                    kTelegramCall);
  add_with_endpoint(registry, "contrib/chobbs/discord", kDiscord,
                    "webhookToken, webhookID, username, avatar_url=\"\"", kDiscordCall);
  add_with_endpoint(registry, "contrib/sranka/opsgenie", kOpsgenie,
                    "url=\"https://api.opsgenie.com/v2/alerts\", apiKey, entity=\"\"",
                    kOpsgenieCall);
  add_with_endpoint(registry, "contrib/sranka/sensu", kSensu,
                    "url, apiKey, handlers=[], namespace=\"default\", entityName=\"influxdb\"",
                    kSensuCall);
  add_with_endpoint(registry, "contrib/sranka/webexteams", kWebexteams,
                    "url=\"https://webexapis.com\", token",
                    "message(url: url, token: token, roomId: obj.roomId, text: obj.text, "
                    "markdown: obj.markdown)");
  add_with_endpoint(registry, "contrib/bonitoo-io/alerta", kAlerta,
                    "url, apiKey, environment=\"\", origin=\"\"", kAlertaCall);
  add_with_endpoint(registry, "contrib/bonitoo-io/servicenow", kServicenow,
                    "url, username, password, source=\"Flux\"", kServicenowCall);
  add_with_endpoint(registry, "contrib/bonitoo-io/victorops", kVictorops,
                    "url, monitoringTool=\"InfluxDB\"", kVictoropsCall);
  add_with_endpoint(registry, "contrib/bonitoo-io/zenoss", kZenoss,
                    "url, username=\"\", password=\"\", apiKey=\"\", action=\"EventsRouter\", "
                    "method=\"add_event\", type=\"rpc\", tid=1",
                    kZenossCall);
  add_with_endpoint(
      registry, "contrib/rhajek/bigpanda", kBigpanda, "url=defaultUrl, token, appKey",
      "sendAlert(url: url, token: token, appKey: appKey, status: obj.status, rec: obj)");
}

}  // namespace weir::query::flux
