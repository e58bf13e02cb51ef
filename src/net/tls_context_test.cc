#include "net/tls_context.h"

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>

#include "net/blocking_socket.h"
#include "net/listener.h"
#include "net/test_certificates.h"
#include "net/test_support.h"
#include "net/tls_stream.h"

namespace weir::net {
namespace {

using testing::Awaited;
using testing::kPatienceMs;

struct Side final : StreamReader {
  std::unique_ptr<Stream> stream;
  Awaited<std::string> outcome;  // what arrived first, or how it ended
  std::string name;              // the certificate's, as of then
  void on_bytes(std::string_view bytes) override {
    name = stream->peer().certificate_name;
    outcome.set(std::string(bytes));
  }
  void on_end(Result<void> how) override { outcome.set(how.ok() ? "ended" : how.error().message); }
};

// A listener with TLS; each connection is greeted and says "hello".
struct Fixture {
  testing::Certificates files;
  IoThreads threads{1};
  std::shared_ptr<TlsServer> server;
  std::unique_ptr<Listener> listener;
  uint16_t other_port = 0;  // dialed where there is no listener
  std::vector<std::unique_ptr<Side>> served, clients;

  Fixture() { files.make_self_signed("server", "localhost"); }
  ~Fixture() { threads.stop(); }
  TlsServerOptions options() const {
    return {.certificates = {{files.path("server.crt"), files.path("server.key")}}};
  }
  void listen(TlsServerOptions with) {
    auto opened = TlsServer::open(std::move(with));
    REQUIRE_MESSAGE(opened.ok(), opened.error().message);
    server = *opened;
    auto accept = [this](std::unique_ptr<Stream> stream) {
      served.push_back(std::make_unique<Side>());
      served.back()->stream = std::move(stream);
      served.back()->stream->start(*served.back());
      served.back()->stream->write("welcome");
    };
    auto listening = Listener::open(threads, {"127.0.0.1", 0}, accept, {server});
    REQUIRE(listening.ok());
    listener = std::move(*listening);
  }
  // Connects, trusting `authority`; `set_up` may change the client's context.
  Side& connect(
      const std::string& host, const std::string& authority,
      const std::function<void(SSL_CTX*)>& set_up = [](SSL_CTX*) {}) {
    return connect(host, TlsClientOptions{.authority_file = files.path(authority)}, set_up);
  }
  Side& connect(
      const std::string& host, const TlsClientOptions& trusting,
      const std::function<void(SSL_CTX*)>& set_up = [](SSL_CTX*) {}) {
    auto context = TlsContext::client(trusting);
    REQUIRE(context.ok());
    set_up((*context)->handle());
    clients.push_back(std::make_unique<Side>());
    Side& side = *clients.back();
    dial(threads.at(0), "127.0.0.1", listener ? listener->port() : other_port, kPatienceMs,
         [&side, context = *context, host](Result<std::unique_ptr<Stream>> stream) {
           REQUIRE(stream.ok());
           side.stream = make_tls_client_stream(std::move(*stream), context, host);
           side.stream->start(side);
           side.stream->write("hello");
         });
    return side;
  }
  std::string outcome(Side& side) {
    REQUIRE(side.outcome.wait());
    return side.outcome.value();
  }
};

std::function<void(SSL_CTX*)> showing(const testing::Certificates& files, const std::string& name) {
  return [&files, name](SSL_CTX* context) {
    REQUIRE(SSL_CTX_use_certificate_chain_file(context, files.path(name + ".crt").c_str()) == 1);
    REQUIRE(SSL_CTX_use_PrivateKey_file(context, files.path(name + ".key").c_str(),
                                        SSL_FILETYPE_PEM) == 1);
  };
}

}  // namespace

TEST_CASE("certificate files that are missing or do not match are named, with the setting") {
  testing::Certificates files;
  files.make_self_signed("a", "a");
  files.make_self_signed("b", "b");
  auto wrong = [&](const std::string& certificate, const std::string& key,
                   const std::string& authority = "") {
    TlsServerOptions options{.certificates = {{certificate, key}}, .settings = "mqtt."};
    if (!authority.empty()) {
      options.client_authority_file = authority;
      options.client_certificate = ClientCertificate::required;
    }
    auto opened = TlsServer::open(options);
    REQUIRE_FALSE(opened.ok());
    return opened.error().message;
  };
  const std::string certificate = files.path("a.crt"), key = files.path("a.key");
  CHECK(wrong("", key) == "mqtt.tls_certificate: wanted a PEM file");
  CHECK(wrong(files.path("none"), key).starts_with("mqtt.tls_certificate: cannot read"));
  CHECK(wrong(certificate, files.path("none")).starts_with("mqtt.tls_key: cannot read"));
  CHECK(wrong(certificate, files.path("b.key")) ==
        "mqtt.tls_key: " + files.path("b.key") + " does not fit the certificate " + certificate +
            "; give the key it was made with");
  CHECK(wrong(key, key).starts_with("mqtt.tls_certificate: " + key + " holds no certificate"));
  CHECK(wrong(certificate, certificate)
            .starts_with("mqtt.tls_key: " + certificate + " holds no private key"));
  CHECK(wrong(certificate, key, key).starts_with("mqtt.tls_client_ca: " + key));
}

TEST_CASE("a certificate that has expired serves, and is warned of") {
  testing::Certificates files;
  files.make_self_signed("authority", "devices");
  files.make_signed("old", "old", "authority", -1);
  auto context =
      TlsContext::server({.certificates = {{files.path("old.crt"), files.path("old.key")}}});
  REQUIRE(context.ok());
  REQUIRE((*context)->warnings().size() == 1);
  CHECK((*context)->warnings()[0].find("expired on") != std::string::npos);
}

TEST_CASE("the certificate is the one for the host that the client asks for") {
  Fixture f;
  f.files.make_self_signed("other", "other.example");
  TlsServerOptions options = f.options();
  options.certificates.push_back({f.files.path("other.crt"), f.files.path("other.key")});
  f.listen(options);
  CHECK(f.outcome(f.connect("localhost", "server.crt")) == "welcome");
  CHECK(f.outcome(f.connect("other.example", "other.crt")) == "welcome");
  CHECK(f.outcome(f.connect("third.example", "server.crt")) ==
        "TLS handshake: the server's certificate is not trusted: hostname mismatch");
  // It was given the first.
}

TEST_CASE("a client's certificate gives its name; who needs one and has none, or a bad one, goes") {
  for (const auto kind : {ClientCertificate::required, ClientCertificate::optional}) {
    Fixture f;
    f.files.make_self_signed("authority", "devices");
    f.files.make_signed("device", "sensor 1", "authority");
    f.files.make_self_signed("stranger", "sensor 1");
    TlsServerOptions options = f.options();
    options.client_authority_file = f.files.path("authority.crt");
    options.client_certificate = kind;
    f.listen(options);
    for (int again = 0; again < 2; ++again) {
      f.outcome(f.connect("localhost", "server.crt", showing(f.files, "device")));
      CHECK(f.outcome(*f.served.back()) == "hello");
      CHECK(f.served.back()->name == "sensor 1");
    }
    f.outcome(f.connect("localhost", "server.crt", showing(f.files, "stranger")));
    CHECK(f.outcome(*f.served.back()) == "TLS handshake: certificate verify failed");
    f.outcome(f.connect("localhost", "server.crt"));
    const bool is_required = kind == ClientCertificate::required;
    CHECK(f.outcome(*f.served.back()) ==
          (is_required ? "TLS handshake: peer did not return a certificate" : "hello"));
    CHECK(f.served.back()->name.empty());
  }
}

TEST_CASE("a client shows the certificate it was given, and takes any server's if told to") {
  Fixture f;
  f.files.make_self_signed("authority", "devices");
  f.files.make_signed("device", "sensor 1", "authority");
  TlsServerOptions options = f.options();
  options.client_authority_file = f.files.path("authority.crt");
  options.client_certificate = ClientCertificate::required;
  f.listen(options);
  TlsClientOptions trusting;
  trusting.certificate = {f.files.path("device.crt"), f.files.path("device.key")};
  trusting.insecure = true;
  CHECK(f.outcome(f.connect("another.example", trusting)) == "welcome");
  CHECK(f.outcome(*f.served.back()) == "hello");
  CHECK(f.served.back()->name == "sensor 1");
  trusting.insecure = false;
  CHECK(f.outcome(f.connect("localhost", trusting))
            .starts_with("TLS handshake: the server's certificate is not trusted"));
  trusting.certificate.key_file = f.files.path("server.key");
  auto wrong = TlsContext::client(trusting);
  REQUIRE_FALSE(wrong.ok());
  CHECK(wrong.error().message.find("server.key") != std::string::npos);
}

TEST_CASE("old versions of TLS are refused with an alert that says so") {
  Fixture f;
  TlsServerOptions options = f.options();
  options.only_tls_1_3 = true;
  f.listen(options);
  auto at_most_1_2 = [](SSL_CTX* context) {
    SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
  };
  CHECK(f.outcome(f.connect("localhost", "server.crt", at_most_1_2)) ==
        "TLS handshake: tlsv1 alert protocol version");
  CHECK(f.outcome(*f.served.back()) == "TLS handshake: unsupported protocol");
  Fixture older;
  older.listen(older.options());
  auto only_1_1 = [](SSL_CTX* context) {
    SSL_CTX_set_security_level(context, 0);
    SSL_CTX_set_min_proto_version(context, TLS1_1_VERSION);
    SSL_CTX_set_max_proto_version(context, TLS1_1_VERSION);
  };
  CHECK(older.outcome(older.connect("localhost", "server.crt", only_1_1)) ==
        "TLS handshake: tlsv1 alert protocol version");
  CHECK(older.outcome(older.connect("localhost", "server.crt", at_most_1_2)) == "welcome");
}

TEST_CASE("a client is told by which setting it would trust the server") {
  Fixture f;
  f.files.make_self_signed("other", "localhost");
  f.listen(f.options());
  const std::string refused = "TLS handshake: the server's certificate is not trusted: ";
  TlsClientOptions wrong{.authority_file = f.files.path("other.crt"),
                         .authority_setting = "broker.ca_file"};
  CHECK(f.outcome(f.connect("localhost", wrong)) ==
        refused + "self-signed certificate; name the file with its authority in broker.ca_file");
  TlsClientOptions right{.authority_file = f.files.path("server.crt"),
                         .authority_setting = "broker.ca_file"};
  CHECK(f.outcome(f.connect("elsewhere", right)) ==
        refused + "hostname mismatch; connect to a name that is in the certificate");
}

TEST_CASE("a client asks about the port of a server that does not speak TLS") {
  for (std::string_view answer : {"HTTP/1.1 400 Bad Request\r\n\r\n", ""}) {
    CAPTURE(answer);
    Fixture f;
    struct Answering final : StreamReader {
      std::unique_ptr<Stream> stream;
      std::string_view answer;
      void on_bytes(std::string_view) override {
        stream->write(answer);
        stream->close_gracefully();
      }
      void on_end(Result<void>) override {}
    } answering;
    answering.answer = answer;
    auto accept = [&](std::unique_ptr<Stream> stream) {
      answering.stream = std::move(stream);
      answering.stream->start(answering);
    };
    auto listening = Listener::open(f.threads, {"127.0.0.1", 0}, accept);
    REQUIRE(listening.ok());
    f.listener = std::move(*listening);
    TlsClientOptions trusting{.authority_file = f.files.path("server.crt"),
                              .authority_setting = "broker.ca_file"};
    const std::string outcome = f.outcome(f.connect("localhost", trusting));
    CHECK(outcome.starts_with("TLS handshake: "));
    CHECK_MESSAGE(outcome.ends_with("; does the server speak TLS at that port?"), outcome);
    testing::run_on(f.threads.at(0), [&] { answering.stream.reset(); });
  }
}

TEST_CASE("a client asks about the port of a server that resets the connection unread") {
  Fixture f;
  const int listening = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* general = reinterpret_cast<sockaddr*>(&address);
  REQUIRE(::bind(listening, general, size) == 0);
  REQUIRE(::listen(listening, 1) == 0);
  REQUIRE(::getsockname(listening, general, &size) == 0);
  f.other_port = ntohs(address.sin_port);
  TlsClientOptions trusting{.authority_file = f.files.path("server.crt"),
                            .authority_setting = "broker.ca_file"};
  Side& side = f.connect("localhost", trusting);
  const int accepted = ::accept4(listening, nullptr, nullptr, SOCK_CLOEXEC);
  REQUIRE(accepted >= 0);
  pollfd arrived{accepted, POLLIN, 0};
  REQUIRE(::poll(&arrived, 1, kPatienceMs) == 1);
  ::close(accepted);
  CHECK(f.outcome(side) ==
        "TLS handshake: read: connection reset by peer; does the server speak TLS at that port?");
  ::close(listening);
}

TEST_CASE("new files serve the next connection; a pair that does not fit leaves the old one") {
  Fixture f;
  f.files.make_self_signed("next", "localhost");
  f.listen(f.options());
  CHECK_FALSE(f.server->refresh(false));
  CHECK(f.outcome(f.connect("localhost", "server.crt")) == "welcome");
  Side& before = *f.clients.back();

  f.files.replace("server.crt", "next.crt");
  CHECK_FALSE(f.server->refresh(false));  // it may still be written
  CHECK_FALSE(f.server->refresh(false));  // the key is the old one still
  CHECK(f.outcome(f.connect("localhost", "next.crt")) ==
        "TLS handshake: the server's certificate is not trusted: self-signed certificate");
  f.files.replace("server.key", "next.key");
  CHECK_FALSE(f.server->refresh(false));
  CHECK(f.server->refresh(false));
  CHECK_FALSE(f.server->refresh(false));
  CHECK(f.server->refresh(true));
  CHECK(f.outcome(f.connect("localhost", "next.crt")) == "welcome");
  // The one that stood before has not noticed.
  testing::run_on(f.threads.at(0), [&] {
    CHECK(before.outcome.value() == "welcome");
    before.stream->write("still here");
  });
}

}  // namespace weir::net
