// Packages http, http/requests and experimental/http: requests to other hosts, as far as the
// server lets queries reach them (query/outgoing.h).
#include <algorithm>
#include <array>

#include "query/exec/functions/kit.h"
#include "query/exec/functions/packages.h"
#include "query/outgoing.h"

namespace weir::query {

namespace {

using flux::Value;
using flux::ValueType;

constexpr int64_t kTimeoutMs = 30'000;  // of http.post and experimental/http.get
constexpr std::string_view kRequests[] = {"http/requests", "experimental/http/requests"};

Result<HttpResponse> send(CallContext& call, const HttpRequest& request) {
  ExecContext& context = host_of(call).context();
  if (context.outgoing == nullptr)
    return Error{Errc::forbidden, "a query may not reach other hosts: " + request.url};
  return context.outgoing->http(request, [&context] { return context.check(); });
}

Result<HttpHeaders> headers_of_record(const Arguments& arguments) {
  HttpHeaders headers;
  if (!arguments.has("headers")) return headers;
  WEIR_TRY(const flux::Record* record, arguments.record("headers"));
  for (const auto& [name, value] : record->properties()) {
    if (!value.is(ValueType::string))
      return invalid("header " + name + ": got " + std::string(value.type_name()) +
                     ", wanted a string");
    headers.emplace_back(name, value.as_string());
  }
  return headers;
}

Result<Value> post(CallContext& call, const Arguments& arguments) {
  HttpRequest request{.method = "POST", .timeout_ms = kTimeoutMs};
  WEIR_TRY(request.url, arguments.string("url"));
  WEIR_TRY(request.headers, headers_of_record(arguments));
  if (arguments.has("data")) {
    WEIR_TRY(request.body, arguments.bytes("data"));
  }
  WEIR_TRY(const HttpResponse response, send(call, request));
  return Value::of_int(response.status);
}

// "content-TYPE" as "Content-Type", which is how answers name their headers however they were sent.
std::string canonical(std::string_view name) {
  std::string out;
  bool starts_word = true;
  for (char c : name) {
    const bool small = c >= 'a' && c <= 'z', large = c >= 'A' && c <= 'Z';
    if (starts_word && small) c = static_cast<char>(c - 32);
    if (!starts_word && large) c = static_cast<char>(c + 32);
    out += c;
    starts_word = c == '-';
  }
  return out;
}

Result<int64_t> timeout_ms_of(const flux::Duration& timeout) {
  if (timeout.months != 0 || timeout.negative)
    return invalid("timeout: wanted a length of time without months");
  // A tenth of a millisecond is not "none".
  return timeout.nanoseconds / 1'000'000 + (timeout.nanoseconds % 1'000'000 != 0 ? 1 : 0);
}

Result<Value> get_record(CallContext& call, const Arguments& arguments) {
  HttpRequest request;
  WEIR_TRY(request.url, arguments.string("url"));
  WEIR_TRY(request.headers, headers_of_record(arguments));
  WEIR_TRY(const flux::Duration timeout,
           arguments.duration_or("timeout", flux::Duration::of_ns(kTimeoutMs * 1'000'000)));
  WEIR_TRY(request.timeout_ms, timeout_ms_of(timeout));
  WEIR_TRY(HttpResponse response, send(call, request));
  flux::Record headers;
  for (auto& [name, value] : response.headers)
    headers.set(canonical(name), Value::of_string(std::move(value)));
  flux::Record answer;
  answer.set("statusCode", Value::of_int(response.status));
  answer.set("body", Value::of_bytes(std::move(response.body)));
  answer.set("headers", Value::of_record(std::move(headers)));
  return Value::of_record(std::move(answer));
}

// As forms write it: a space is +, and what is neither letter, digit nor one of -_.~ is %XX.
void append_escaped(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  for (char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    if (plain) {
      out += c;
    } else if (c == ' ') {
      out += '+';
    } else {
      out += '%';
      out += kHex[static_cast<unsigned char>(c) >> 4];
      out += kHex[static_cast<unsigned char>(c) & 15];
    }
  }
}

// `params` take the place of the address's own query.
Result<std::string> with_parameters(std::string url, const flux::Dictionary& params) {
  std::string query;
  for (const auto& [key, values] : params) {
    if (!key.is(ValueType::string) || !values.is(ValueType::array))
      return invalid("params: wanted lists of strings by name");
    for (const Value& value : values.as_array()) {
      if (!value.is(ValueType::string)) return invalid("params: wanted lists of strings by name");
      if (!query.empty()) query += '&';
      append_escaped(query, key.as_string());
      query += '=';
      append_escaped(query, value.as_string());
    }
  }
  if (query.empty()) return url;
  return url.substr(0, url.find_first_of("?#")) + "?" + query;
}

Result<void> apply_config(const flux::Record& config, HttpRequest& request) {
  const Value* timeout = config.find("timeout");
  if (timeout == nullptr || !timeout->is(ValueType::duration))
    return invalid("config is missing \"timeout\" property");
  WEIR_TRY(request.timeout_ms, timeout_ms_of(timeout->as_duration()));
  const Value* insecure = config.find("insecureSkipVerify");
  if (insecure == nullptr || !insecure->is(ValueType::boolean))
    return invalid("config is missing \"insecureSkipVerify\" property");
  request.insecure = insecure->as_bool();
  return {};
}

Result<Value> request_by_dictionaries(CallContext& call, const Arguments& arguments,
                                      std::string_view package, std::string method) {
  constexpr std::array<std::string_view, 6> kMethods = {"DELETE", "GET",  "HEAD",
                                                        "PATCH",  "POST", "PUT"};
  if (std::find(kMethods.begin(), kMethods.end(), method) == kMethods.end())
    return invalid("invalid HTTP method \"" + method + "\"");
  HttpRequest request{.method = std::move(method)};
  WEIR_TRY(request.url, arguments.string("url"));
  if (arguments.has("params")) {
    WEIR_TRY(const flux::Dictionary* params, arguments.dictionary("params"));
    WEIR_TRY(request.url, with_parameters(std::move(request.url), *params));
  }
  if (arguments.has("headers")) {
    WEIR_TRY(const flux::Dictionary* headers, arguments.dictionary("headers"));
    for (const auto& [name, value] : *headers) {
      if (!name.is(ValueType::string) || !value.is(ValueType::string))
        return invalid("header key and values must be a string");
      request.headers.emplace_back(name.as_string(), value.as_string());
    }
  }
  if (arguments.has("body")) {
    WEIR_TRY(request.body, arguments.bytes("body"));
  }
  if (arguments.has("config")) {
    WEIR_TRY(const flux::Record* config, arguments.record("config"));
    WEIR_CHECK(apply_config(*config, request));
  } else if (const Value* config = call.option(package, "defaultConfig");
             config != nullptr && config->is(ValueType::record)) {
    WEIR_CHECK(apply_config(config->as_record(), request));
  }
  const Clock& clock = host_of(call).context().clock;
  const int64_t started_ms = clock.steady_ms();
  WEIR_TRY(HttpResponse response, send(call, request));
  flux::Dictionary headers;
  for (auto& [name, value] : response.headers)
    headers.insert_or_assign(Value::of_string(canonical(name)), Value::of_string(std::move(value)));
  flux::Record answer;
  answer.set("statusCode", Value::of_int(response.status));
  answer.set("headers", Value::of_dictionary(std::move(headers)));
  answer.set("body", Value::of_bytes(std::move(response.body)));
  answer.set("duration", Value::of_duration(
                             flux::Duration::of_ns((clock.steady_ms() - started_ms) * 1'000'000)));
  return Value::of_record(std::move(answer));
}

Result<Value> scrape(CallContext&, const Arguments&) { return unsupported("prometheus.scrape"); }

constexpr std::string_view kPeek = R"(
import "array"

peek = (response) =>
    array.from(
        rows: [
            {
                statusCode: response.statusCode,
                body: string(v: response.body),
                headers: display(v: response.headers),
                duration: int(v: response.duration),
            },
        ],
    )
)";

constexpr std::string_view kEndpoint = R"(
import "experimental"

endpoint = (url) =>
    (mapFn) =>
        (tables=<-) =>
            tables
                |> map(
                    fn: (r) => {
                        obj = mapFn(r: r)
                        status = post(url: url, headers: obj.headers, data: obj.data)

                        return {r with _sent: string(v: status == 200)}
                    },
                )
                |> experimental.group(mode: "extend", columns: ["_sent"])
)";

}  // namespace

void register_requests(Registry& registry) {
  for (std::string_view package : {"http", "experimental/http"}) registry.mark_effects(package);
  for (std::string_view package : kRequests) registry.mark_effects(package);
  registry.add_function("http", "post", "(url: string, ?headers: record, ?data: bytes)", post);
  registry.add_script("http", kEndpoint);
  registry.add_function("experimental/http", "get",
                        "(url: string, ?headers: record, ?timeout: duration)", get_record);
  registry.add_function("experimental/prometheus", "scrape", "(url: string)", scrape);
  flux::Record defaults;
  defaults.set("timeout", Value::of_duration(flux::Duration::of_ns(0)));
  defaults.set("insecureSkipVerify", Value::of_bool(false));
  for (std::string_view package : kRequests) {
    const std::string rest = "?params: dict, ?headers: dict, ?body: bytes, ?config: record)";
    registry.add_function(
        package, "do", "(method: string, url: string, " + rest,
        [package](CallContext& call, const Arguments& arguments) -> Result<Value> {
          WEIR_TRY(std::string method, arguments.string("method"));
          return request_by_dictionaries(call, arguments, package, std::move(method));
        });
    for (const auto& [name, method] : {std::pair("get", "GET"), std::pair("post", "POST")})
      registry.add_function(
          package, name, "(url: string, " + rest,
          [package, method = std::string(method)](CallContext& call, const Arguments& arguments) {
            return request_by_dictionaries(call, arguments, package, method);
          });
    registry.add_option(package, "defaultConfig", Value::of_record(defaults));
    registry.add_script(package, kPeek);
  }
}

}  // namespace weir::query
