// OutgoingRequests: the requests that queries make to other hosts, within what the configuration
// allows (`query.allowed_hosts`, `query.ca_file`).
//
// Made by App; every call is of a query's own thread, and keeps no connection.
#pragma once

#include <memory>
#include <string>

#include "net/tls_context.h"
#include "query/outgoing.h"
#include "server/allowed_hosts.h"

namespace weir::server {

class OutgoingRequests final : public query::Outgoing {
 public:
  // Bytes of an answer that a query may take, as Flux itself limits them.
  static constexpr size_t kAnswerBytesMax = size_t{100} * 1024 * 1024;

  // `ca_file`: PEM; empty: the authorities of the system. Errors name the setting.
  static Result<std::unique_ptr<OutgoingRequests>> make(AllowedHosts allowed,
                                                        const std::string& ca_file);
  Result<query::HttpResponse> http(const query::HttpRequest& request, const Check& check) override;
  Result<void> publish(const query::MqttMessage& message, const Check& check) override;

 private:
  OutgoingRequests(AllowedHosts allowed, std::shared_ptr<const net::TlsContext> trusting,
                   std::shared_ptr<const net::TlsContext> trusting_all)
      : allowed_(std::move(allowed)),
        trusting_(std::move(trusting)),
        trusting_all_(std::move(trusting_all)) {}

  const AllowedHosts allowed_;
  const std::shared_ptr<const net::TlsContext> trusting_, trusting_all_;
};

}  // namespace weir::server
