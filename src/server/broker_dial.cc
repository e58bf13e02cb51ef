#include "server/broker_dial.h"

#include <fmt/core.h>

#include "http/websocket_client.h"
#include "net/listener.h"
#include "net/tls_stream.h"

namespace weir::server {

namespace {

// "broker.url", "url of [[bridge]] NAME"
std::string setting_of(const BrokerLink& link, std::string_view key) {
  const size_t blank = link.name.find(' ');
  if (blank == link.name.npos) return fmt::format("broker.{}", key);
  return fmt::format("{} of [[bridge]] {}", key, link.name.substr(blank + 1));
}

Error with_remedy(Error error, const std::string& url_setting) {
  if (error.code == Errc::not_found) {
    error.message +=
        fmt::format("; check the name in {}, and this machine's name server", url_setting);
  } else if (error.code == Errc::unavailable) {
    error.message +=
        fmt::format("; is the broker running, and {} its address and port?", url_setting);
  }
  return error;
}

}  // namespace

Result<mqtt::Dial> make_broker_dial(const BrokerLink& link) {
  std::shared_ptr<const net::TlsContext> context;
  if (link.url.tls) {
    WEIR_TRY(context,
             net::TlsContext::client({.authority_file = link.ca_file,
                                      .certificate = {link.certificate_file, link.key_file},
                                      .insecure = link.insecure,
                                      .authority_setting = setting_of(link, "ca_file")}));
  }
  return mqtt::Dial([url = link.url, context, url_setting = setting_of(link, "url")](
                        net::IoThread& io, mqtt::Dialed done) {
    auto dress = [url, context, url_setting,
                  done = std::move(done)](Result<std::unique_ptr<net::Stream>> connected) {
      if (!connected.ok()) return done(with_remedy(std::move(connected).error(), url_setting));
      std::unique_ptr<net::Stream> stream = std::move(connected).value();
      if (context) stream = net::make_tls_client_stream(std::move(stream), context, url.host);
      if (url.websocket) {
        stream = http::make_websocket_client_stream(std::move(stream),
                                                    {url.host_and_port(), url.path, "mqtt"});
      }
      done(std::move(stream));
    };
    net::dial(io, url.host, url.port, kDialMsMax, std::move(dress));
  });
}

}  // namespace weir::server
