// Packages http, slack, pagerduty, pushbullet, contrib/sranka/teams and telegram and opsgenie,
// contrib/chobbs/discord: what scripts build requests with.
//
// The requests themselves are refused: a query reaches no other host.
#include "base/base64.h"
#include "query/flux/stdlib/stdlib.h"

namespace weir::query::flux {
namespace {

Result<Value> refused(CallContext&, const Arguments& arguments) {
  WEIR_TRY(std::string url, arguments.string("url"));
  return Error{Errc::forbidden,
               "request to " + url + " is refused: queries may not reach other hosts"};
}

Result<Value> basic_auth(CallContext&, const Arguments& arguments) {
  WEIR_TRY(std::string user, arguments.string("u"));
  WEIR_TRY(std::string password, arguments.string("p"));
  return Value::of_string("Basic " + base64(user + ":" + password));
}

// What a segment of a path may hold (RFC 3986 §3.3), but for the characters that Go escapes too.
Result<Value> path_escape(CallContext&, const Arguments& arguments) {
  constexpr std::string_view kPlain = "-_.~$&+=:@";
  constexpr std::string_view kHex = "0123456789ABCDEF";
  WEIR_TRY(std::string text, arguments.string("inputString"));
  std::string out;
  for (char c : text) {
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter || kPlain.find(c) != std::string_view::npos) {
      out += c;
      continue;
    }
    out += '%';
    out += kHex[static_cast<unsigned char>(c) >> 4];
    out += kHex[static_cast<unsigned char>(c) & 15];
  }
  return Value::of_string(std::move(out));
}

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

constexpr std::string_view kHttp = R"(
endpoint = (url) =>
    (mapFn) =>
        (tables=<-) =>
            tables
                |> map(
                    fn: (r) => {
                        obj = mapFn(r: r)

                        return {r with
                            _sent: string(
                                v: 200 == post(url: url, headers: obj.headers, data: obj.data),
                            ),
                        }
                    },
                )
)";

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
    headers = {
        "Authorization": "Bearer " + token,
        "Content-Type": "application/json; charset=utf-8",
    }

    return http.post(
        url: url,
        headers: headers,
        data: json.encode(v: {channel: channel, attachments: [attachment], as_user: false}),
    )
}
endpoint = (url=defaultURL, token="") =>
    (mapFn) =>
        (tables=<-) =>
            tables
                |> map(
                    fn: (r) => {
                        obj = mapFn(r: r)
                        status = message(
                            url: url,
                            token: token,
                            channel: obj.channel,
                            text: obj.text,
                            color: obj.color,
                        )

                        return {r with _sent: string(v: 2 == status / 100)}
                    },
                )
)";

constexpr std::string_view kPagerduty = R"(
import "http"
import "json"

option defaultURL = "https://events.pagerduty.com/v2/enqueue"

severityFromLevel = (level) =>
    if level == "crit" then "critical"
    else if level == "warn" then "warning"
    else if level == "info" or level == "ok" then "info"
    else "error"
actionFromSeverity = (severity) => if severity == "ok" then "resolve" else "trigger"
actionFromLevel = (level) => if level == "ok" then "resolve" else "trigger"

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
    customDetails={},
) =>
    http.post(
        url: pagerdutyURL,
        headers: {
            "Accept": "application/vnd.pagerduty+json;version=2",
            "Content-Type": "application/json",
        },
        data: json.encode(
            v: {
                payload: {
                    summary: summary,
                    timestamp: timestamp,
                    source: source,
                    component: component,
                    severity: severity,
                    group: group,
                    class: class,
                    custom_details: customDetails,
                },
                routing_key: routingKey,
                dedup_key: dedupKey,
                event_action: eventAction,
                client: client,
                client_url: clientURL,
            },
        ),
    )
)";

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
endpoint = (url=defaultURL, token="") =>
    (mapFn) =>
        (tables=<-) =>
            tables
                |> map(
                    fn: (r) => {
                        obj = mapFn(r: r)
                        status = pushNote(url: url, token: token, title: obj.title, text: obj.text)

                        return {r with _sent: string(v: 200 == status)}
                    },
                )
)";

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
endpoint = (url) =>
    (mapFn) =>
        (tables=<-) =>
            tables
                |> map(
                    fn: (r) => {
                        obj = mapFn(r: r)
                        status = message(
                            url: url,
                            title: obj.title,
                            text: obj.text,
                            summary: if exists obj.summary then obj.summary else "",
                        )

                        return {r with _sent: string(v: 2 == status / 100)}
                    },
                )
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
endpoint = (
    url=defaultURL,
    token,
    parseMode=defaultParseMode,
    disableWebPagePreview=defaultDisableWebPagePreview,
) =>
    (mapFn) =>
        (tables=<-) =>
            tables
                |> map(
                    fn: (r) => {
                        obj = mapFn(r: r)
                        status = message(
                            url: url,
                            token: token,
                            channel: obj.channel,
                            text: obj.text,
                            silent: obj.silent,
                            parseMode: parseMode,
                            disableWebPagePreview: disableWebPagePreview,
                        )

                        return {r with _sent: string(v: 2 == status / 100)}
                    },
                )
)";

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

constexpr std::string_view kOpsgenie = R"(
import "http"
import "json"

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
) =>
    http.post(
        url: url,
        headers: {
            "Content-Type": "application/json; charset=utf-8",
            "Authorization": "GenieKey " + apiKey,
        },
        data: json.encode(
            v: {
                message: message,
                alias: alias,
                description: description,
                priority: priority,
                responders: responders,
                tags: tags,
                entity: entity,
                actions: actions,
                visibleTo: visibleTo,
                details: details,
            },
        ),
    )
)";

}  // namespace

void add_http(Registry& registry) {
  registry.add_function("http", "post", "(url: string, ?headers: record, ?data: bytes)", refused);
  registry.add_function("http", "basicAuth", "(u: string, p: string)", basic_auth);
  registry.add_function("http", "pathEscape", "(inputString: string)", path_escape);
  registry.add_function("experimental/http", "get",
                        "(url: string, ?headers: record, ?timeout: duration)", refused);
  registry.add_function("experimental/prometheus", "scrape", "(url: string)", refused);
  registry.add_function("slack", "validateColorString", "(color: string)", valid_color);
  for (std::string_view package : {"http/requests", "experimental/http/requests"}) {
    constexpr std::string_view kRest =
        "?params: dict, ?headers: dict, ?body: bytes, ?config: record)";
    registry.add_function(package, "do", "(method: string, url: string, " + std::string(kRest),
                          refused);
    for (std::string_view method : {"get", "post"})
      registry.add_function(package, method, "(url: string, " + std::string(kRest), refused);
    Record defaults;
    defaults.set("insecureSkipVerify", Value::of_bool(false));
    defaults.set("timeout", Value::of_duration(Duration::of_ns(30'000'000'000)));
    registry.add_option(package, "defaultConfig", Value::of_record(std::move(defaults)));
  }
  registry.add_script("http", kHttp);
  registry.add_script("slack", kSlack);
  registry.add_script("pagerduty", kPagerduty);
  registry.add_script("pushbullet", kPushbullet);
  registry.add_script("contrib/sranka/teams", kTeams);
  registry.add_script("contrib/sranka/telegram", kTelegram);
  registry.add_script("contrib/sranka/opsgenie", kOpsgenie);
  registry.add_script("contrib/chobbs/discord", kDiscord);
}

}  // namespace weir::query::flux
