#include "http/redirects.h"

#include <doctest/doctest.h>
#include <fmt/core.h>

#include "http/server.h"
#include "net/test_support.h"

namespace weir::http {
namespace {

const std::string kCertificate = std::string(WEIR_TEST_DIR) + "/net/server.crt";
const std::string kKey = std::string(WEIR_TEST_DIR) + "/net/server.key";

struct Fixture {
  Fixture() : threads(1) {
    auto describe = [](const Request& request, const ResponderPtr& responder) {
      Headers headers;
      headers.set("X-Seen", fmt::format("{} {}|{}|{}", request.method, request.target,
                                        request.headers.get("Authorization"),
                                        request.headers.get("Content-Type")));
      responder->send(200, headers, request.body);
    };
    for (const char* method : {"GET", "POST", "HEAD"}) {
      router.add(method, "/end", describe);
      router.add(method, "/to/{status}", [](const Request& request, const ResponderPtr& responder) {
        Headers headers;
        headers.set("Location", std::string(request.query.get("location")));
        responder->send(std::stoi(std::string(request.path_value("status"))), headers, "moved");
      });
    }
    router.add("GET", "/circle", [](const Request&, const ResponderPtr& responder) {
      Headers headers;
      headers.set("Location", "circle");
      responder->send(302, headers, "");
    });
    router.add("GET", "/hang", [this](const Request&, ResponderPtr responder) {
      hanging.push_back(std::move(responder));
    });
    auto opened = Server::open(threads, {"127.0.0.1", 0}, router, {});
    REQUIRE(opened.ok());
    plain = std::move(*opened);
    ServerOptions options;
    auto tls = net::TlsServer::open({.certificates = {{kCertificate, kKey}}});
    REQUIRE(tls.ok());
    options.listen.tls = *tls;
    opened = Server::open(threads, {"127.0.0.1", 0}, router, options);
    REQUIRE(opened.ok());
    encrypted = std::move(*opened);
    auto context = net::TlsContext::client({.authority_file = kCertificate});
    REQUIRE(context.ok());
    trusting = *context;
  }
  ClientRequest to(const std::string& origin, std::string_view target) const {
    ClientRequest request;
    request.url = origin + std::string(target);
    request.timeout_ms = net::testing::kPatienceMs;
    request.tls = trusting;
    return request;
  }
  std::string http() const { return fmt::format("http://127.0.0.1:{}", plain->port()); }
  std::string https() const { return fmt::format("https://localhost:{}", encrypted->port()); }

  net::IoThreads threads;
  Router router;
  std::vector<ResponderPtr> hanging;  // of the one io thread
  std::unique_ptr<Server> plain, encrypted;
  std::shared_ptr<const net::TlsContext> trusting;
};

Result<void> anywhere(const Url&) { return {}; }

}  // namespace

TEST_CASE("a call over TLS sends a body and brings one back") {
  Fixture fixture;
  for (const size_t size : {0u, 10u, 300'000u}) {
    ClientRequest request = fixture.to(fixture.https(), "/end");
    request.method = "POST";
    for (size_t i = 0; i < size; ++i) request.body += static_cast<char>('a' + i * i % 23);
    auto response = call(request);
    REQUIRE_MESSAGE(response.ok(), response.error().message);
    CHECK(response->status == 200);
    CHECK(response->body == request.body);
  }
  // By the address in the certificate, too.
  ClientRequest request =
      fixture.to(fmt::format("https://127.0.0.1:{}", fixture.encrypted->port()), "/end");
  CHECK(call(request).ok());
}

TEST_CASE("a server whose certificate is not trusted, or for another, is not spoken to") {
  Fixture fixture;
  ClientRequest request = fixture.to(fixture.https(), "/end");
  request.tls = nullptr;  // whom the system trusts
  auto response = call(request);
  REQUIRE_FALSE(response.ok());
  CHECK(response.error().code == Errc::unavailable);
  CHECK(response.error().message.find("certificate is not trusted") != std::string::npos);

  ServerOptions options;
  auto tls = net::TlsServer::open({.certificates = {{kCertificate, kKey}}});
  REQUIRE(tls.ok());
  options.listen.tls = *tls;
  auto other = Server::open(fixture.threads, {"127.0.0.2", 0}, fixture.router, options);
  REQUIRE(other.ok());
  request = fixture.to(fmt::format("https://127.0.0.2:{}", (*other)->port()), "/end");
  response = call(request);
  REQUIRE_FALSE(response.ok());
  CHECK(response.error().message.find("mismatch") != std::string::npos);

  auto insecure = net::TlsContext::client({.insecure = true});
  REQUIRE(insecure.ok());
  request.tls = *insecure;
  CHECK(call(request).ok());
}

TEST_CASE("TLS to a server without it, and the other way round, are no answers") {
  Fixture fixture;
  auto response =
      call(fixture.to(fmt::format("https://127.0.0.1:{}", fixture.plain->port()), "/end"));
  REQUIRE_FALSE(response.ok());
  CHECK(response.error().message.find("TLS handshake") != std::string::npos);
  response =
      call(fixture.to(fmt::format("http://127.0.0.1:{}", fixture.encrypted->port()), "/end"));
  CHECK_FALSE(response.ok());
}

TEST_CASE("a check that fails ends a call that waits, with its error") {
  Fixture fixture;
  for (const std::string& origin : {fixture.http(), fixture.https()}) {
    ClientRequest request = fixture.to(origin, "/hang");
    int asked = 0;
    request.check = [&asked]() -> Result<void> {
      if (++asked < 20) return {};
      return Error{Errc::unprocessable, "the query is canceled"};
    };
    auto response = call(request);
    REQUIRE_FALSE(response.ok());
    CHECK(response.error().code == Errc::unprocessable);
    CHECK(asked == 20);
  }
}

TEST_CASE("an answer larger than asked for is refused") {
  Fixture fixture;
  ClientRequest request = fixture.to(fixture.http(), "/end");
  request.method = "POST";
  request.body.assign(5'000, 'x');
  request.body_bytes_max = 4'999;
  auto response = call(request);
  REQUIRE_FALSE(response.ok());
  CHECK(response.error().code == Errc::too_large);
  request.body_bytes_max = 5'000;
  CHECK(call(request).ok());
}

TEST_CASE("redirects are followed, their method and body as the status says") {
  Fixture fixture;
  struct Way {
    int status;
    std::string method, seen, body;
  };
  for (const Way& way : {Way{301, "POST", "GET /end|secret|", ""},
                         {302, "POST", "GET /end|secret|", ""},
                         {303, "POST", "GET /end|secret|", ""},
                         {307, "POST", "POST /end|secret|text/plain", "data"},
                         {308, "POST", "POST /end|secret|text/plain", "data"},
                         {302, "HEAD", "HEAD /end|secret|", ""}}) {
    CAPTURE(way.status);
    CAPTURE(way.method);
    ClientRequest request =
        fixture.to(fixture.http(), fmt::format("/to/{}?location=/end", way.status));
    request.method = way.method;
    request.headers.set("Authorization", "secret");
    request.headers.set("Content-Type", "text/plain");
    if (way.method == "POST") request.body = "data";
    auto response = call_following_redirects(request, anywhere);
    REQUIRE(response.ok());
    CHECK(response->status == 200);
    CHECK(response->headers.get("X-Seen") == way.seen);
    CHECK(response->body == way.body);
  }
}

TEST_CASE("secrets stay with their origin, and each place is asked about before it is reached") {
  Fixture fixture;
  ClientRequest request =
      fixture.to(fixture.http(), fmt::format("/to/307?location={}/end", fixture.https()));
  request.headers.set("Authorization", "secret");
  std::vector<std::string> reached;
  auto response = call_following_redirects(request, [&](const Url& url) -> Result<void> {
    reached.push_back(url.host);
    return {};
  });
  REQUIRE(response.ok());
  CHECK(response->headers.get("X-Seen") == "GET /end||");
  CHECK(reached == std::vector<std::string>{"127.0.0.1", "localhost"});

  response = call_following_redirects(request, [](const Url& url) -> Result<void> {
    if (url.host == "localhost") return Error{Errc::forbidden, "not there"};
    return {};
  });
  REQUIRE_FALSE(response.ok());
  CHECK(response.error().message == "not there");
}

TEST_CASE("redirects without end are given up") {
  Fixture fixture;
  ClientRequest request = fixture.to(fixture.http(), "/circle");
  int asked = 0;
  auto response = call_following_redirects(request, [&](const Url&) -> Result<void> {
    ++asked;
    return {};
  });
  REQUIRE_FALSE(response.ok());
  CHECK(response.error().message.find("more than 10 redirects") != std::string::npos);
  CHECK(asked == kRedirectsMax + 1);
}

TEST_CASE("a Location is understood relative to where it was found") {
  auto base = parse_url("https://host:81/a/b?c=1");
  REQUIRE(base.ok());
  for (auto [location, wanted] : {std::pair("http://Other/x", "http://Other/x"),
                                  {"//other:1/x", "https://other:1/x"},
                                  {"/x?y", "https://host:81/x?y"},
                                  {"x", "https://host:81/a/x"},
                                  {"?q=1", "https://host:81/a/b?q=1"},
                                  {"x#part", "https://host:81/a/x"}}) {
    auto resolved = resolve_url(*base, location);
    REQUIRE_MESSAGE(resolved.ok(), location);
    CHECK(resolved->text() == wanted);
  }
  CHECK(resolve_url(*base, "http://Other/x")->host == "other");
  CHECK_FALSE(resolve_url(*base, "http://a@b/").ok());
}

}  // namespace weir::http
