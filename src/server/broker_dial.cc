#include "server/broker_dial.h"

#include "http/websocket_client.h"
#include "net/listener.h"
#include "net/tls_stream.h"

namespace weir::server {

Result<mqtt::Dial> make_broker_dial(const BrokerLink& link) {
  std::shared_ptr<const net::TlsContext> context;
  if (link.url.tls) {
    WEIR_TRY(context,
             net::TlsContext::client({.authority_file = link.ca_file,
                                      .certificate = {link.certificate_file, link.key_file},
                                      .insecure = link.insecure}));
  }
  return mqtt::Dial([url = link.url, context](net::IoThread& io, mqtt::Dialed done) {
    auto dress = [url, context,
                  done = std::move(done)](Result<std::unique_ptr<net::Stream>> connected) {
      if (!connected.ok()) return done(std::move(connected));
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
