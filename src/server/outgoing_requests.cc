#include "server/outgoing_requests.h"

#include <fmt/core.h>

#include <limits>
#include <optional>

#include "base/clock.h"
#include "http/redirects.h"
#include "mqtt/publisher.h"
#include "server/broker_url.h"

namespace weir::server {
namespace {

// The longest single wait; what a query may take in all bounds it as well.
constexpr int64_t kWaitMsMax = 600'000;

// A check that also fails once the call has taken its time, and remembers what the query's own
// check said: that is then the call's answer.
class CallCheck {
 public:
  CallCheck(const query::Outgoing::Check& check, int64_t timeout_ms)
      : check_(check),
        deadline_ms_(timeout_ms <= 0 ? std::numeric_limits<int64_t>::max()
                                     : clock_.steady_ms() + timeout_ms) {}
  Result<void> operator()() {
    if (auto asked = check_(); !asked.ok()) {
      failure_ = asked.error();
      return asked;
    }
    if (clock_.steady_ms() < deadline_ms_) return {};
    return Error{Errc::unavailable, fmt::format("{}: no answer in the time given", host_)};
  }
  void heading_for(std::string host) { host_ = std::move(host); }
  const std::optional<Error>& failure() const { return failure_; }

 private:
  const query::Outgoing::Check& check_;
  SystemClock clock_;
  const int64_t deadline_ms_;
  std::string host_;
  std::optional<Error> failure_;
};

// 503 would ask the client to send the query again, and 401 to sign in.
Error of_query(Error error) {
  if (error.code == Errc::unavailable || error.code == Errc::io || error.code == Errc::unauthorized)
    error.code = Errc::unprocessable;
  return error;
}

}  // namespace

Result<std::unique_ptr<OutgoingRequests>> OutgoingRequests::make(AllowedHosts allowed,
                                                                 const std::string& ca_file) {
  auto trusting =
      net::TlsContext::client({.authority_file = ca_file, .authority_setting = "query.ca_file"});
  if (!trusting.ok()) {
    return Error{Errc::invalid, fmt::format("query.ca_file: {}", trusting.error().message)};
  }
  WEIR_TRY(auto trusting_all, net::TlsContext::client({.insecure = true}));
  return std::unique_ptr<OutgoingRequests>(new OutgoingRequests(
      std::move(allowed), std::move(trusting).value(), std::move(trusting_all)));
}

Result<query::HttpResponse> OutgoingRequests::http(const query::HttpRequest& request,
                                                   const Check& check) {
  CallCheck within(check, request.timeout_ms);
  http::ClientRequest call;
  call.method = request.method;
  call.url = request.url;
  for (const auto& [name, value] : request.headers) call.headers.add(name, value);
  if (!call.headers.has("User-Agent")) call.headers.set("User-Agent", "weir");
  call.body = request.body;
  call.timeout_ms = kWaitMsMax;
  call.tls = request.insecure ? trusting_all_ : trusting_;
  call.check = [&within] { return within(); };
  call.body_bytes_max = kAnswerBytesMax;
  auto answer = http::call_following_redirects(std::move(call), [&](const http::Url& url) {
    within.heading_for(url.authority);
    return allowed_.check(url.host, url.port);
  });
  if (within.failure()) return *within.failure();
  if (!answer.ok()) return of_query(std::move(answer).error());
  query::HttpResponse response;
  response.status = answer->status;
  response.headers = answer->headers.all();
  response.body = std::move(answer->body);
  return response;
}

Result<void> OutgoingRequests::publish(const query::MqttMessage& message, const Check& check) {
  auto url = parse_broker_url(message.broker);
  if (!url.ok()) return std::move(url).error().with_context("broker");
  if (url->websocket || url->host.starts_with("unix:"))
    return Error{Errc::invalid, "broker: wanted mqtt://host[:port], or mqtts://, tcp:// or tls://"};
  WEIR_CHECK(allowed_.check(url->host, url->port));
  CallCheck within(check, message.timeout_ms);
  within.heading_for(url->host_and_port());
  mqtt::PublisherOptions options;
  options.host = url->host;
  options.port = url->port;
  options.client_id = message.client_id;
  options.user = message.user ? message.user : url->user;
  options.password = message.password ? message.password : url->password;
  options.timeout_ms = kWaitMsMax;
  if (url->tls) options.tls = trusting_;
  options.check = [&within] { return within(); };
  auto published = [&]() -> Result<void> {
    WEIR_TRY(auto publisher, mqtt::Publisher::connect(options));
    WEIR_CHECK(publisher->publish(message.topic, message.payload, static_cast<uint8_t>(message.qos),
                                  message.retain));
    return publisher->disconnect();
  }();
  if (within.failure()) return *within.failure();
  if (!published.ok()) return of_query(std::move(published).error());
  return {};
}

}  // namespace weir::server
