// Outgoing: how a query reaches other hosts, if it may.
//
// Implemented by the server, which alone knows where queries may go; all calls block, on the
// query's thread, from any number of queries at once. Errors: Errc::forbidden where the
// configuration does not allow the host, Errc::invalid for what cannot be asked for, and
// Errc::unprocessable, with host and reason, when there is no answer.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace weir::query {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method = "GET";
  std::string url = {};  // http:// or https://
  HttpHeaders headers = {};
  std::string body = {};
  int64_t timeout_ms = 0;  // for the whole of it; 0: as long as the query may take
  bool insecure = false;   // take any certificate of the server
};
struct HttpResponse {
  int status = 0;
  HttpHeaders headers;
  std::string body;
};

struct MqttMessage {
  std::string broker = {};     // mqtt://[user:password@]host[:port], or mqtts://, tcp://, tls://
  std::string client_id = {};  // empty: the broker assigns one
  std::optional<std::string> user = {}, password = {};
  std::string topic = {}, payload = {};
  int qos = 0;  // 0, 1 or 2
  bool retain = false;
  int64_t timeout_ms = 0;  // for the whole of it
};

class Outgoing {
 public:
  // Asked again and again during a call; its error ends the call, and is what the call answers.
  using Check = std::function<Result<void>()>;

  virtual ~Outgoing() = default;
  // Redirects are followed, as far as the hosts that they lead to are allowed.
  virtual Result<HttpResponse> http(const HttpRequest& request, const Check& check) = 0;
  // Connects, publishes, waits for the acknowledgement (QoS 1 and 2) and leaves.
  virtual Result<void> publish(const MqttMessage& message, const Check& check) = 0;
};

}  // namespace weir::query
