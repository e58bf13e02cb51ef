#include "http/client.h"

#include <doctest/doctest.h>
#include <fmt/core.h>

#include "http/server.h"
#include "net/test_support.h"

namespace weir::http {
namespace {

struct Fixture {
  Fixture() : threads(1) {
    router.add("POST", "/echo", [](Request request, ResponderPtr responder) {
      Headers headers;
      headers.set("Content-Type", "text/plain");
      headers.set("X-Query", std::string(request.query.get("q")));
      headers.set("X-Host", std::string(request.headers.get("Host")));
      responder->send(201, headers, std::move(request.body));
    });
    router.add("GET", "/rows", [](Request, ResponderPtr responder) {
      Headers headers;
      headers.set("Content-Type", "text/csv");
      responder->start(200, headers);
      for (int i = 0; i < 50'000; ++i) responder->write(fmt::format("row {}\n", i));
      responder->finish();
    });
    router.add("GET", "/cut", [](Request, ResponderPtr responder) {
      responder->start(200, {});
      responder->write("some");
      responder->abort();
    });
    auto opened = Server::open(threads, {"127.0.0.1", 0}, router, {});
    REQUIRE(opened.ok());
    server = std::move(*opened);
  }
  ClientRequest request(std::string method, std::string_view target) const {
    ClientRequest request;
    request.method = std::move(method);
    request.url = fmt::format("http://127.0.0.1:{}{}", server->port(), target);
    request.timeout_ms = net::testing::kPatienceMs;
    return request;
  }
  net::IoThreads threads;
  Router router;
  std::unique_ptr<Server> server;
};

}  // namespace

TEST_CASE("a call sends its body and query, and brings status, headers and body back") {
  Fixture fixture;
  for (const size_t size : {0u, 10u, 5'000u, 3'000'000u}) {
    ClientRequest request = fixture.request("POST", "/echo?q=a%20b#fragment");
    request.body.assign(size, 'x');
    auto response = call(request);
    REQUIRE(response.ok());
    CHECK(response->status == 201);
    CHECK(response->headers.get("x-query") == "a b");
    CHECK(response->headers.get("x-host") == fixture.server->address());
    CHECK(response->body == request.body);
    // Compressed on the wire where that pays.
    CHECK((response->headers.get("Content-Encoding") == "gzip") == (size >= 1024));
  }
}

TEST_CASE("a streamed, compressed answer arrives whole, or piece by piece") {
  Fixture fixture;
  auto whole = call(fixture.request("GET", "/rows"));
  REQUIRE(whole.ok());
  CHECK(whole->headers.get("Content-Encoding") == "gzip");
  CHECK(whole->body.ends_with("\nrow 49999\n"));
  std::string pieces;
  auto streamed = call(fixture.request("GET", "/rows"), [&](std::string_view piece) {
    pieces += piece;
    return true;
  });
  REQUIRE(streamed.ok());
  CHECK(streamed->body.empty());
  CHECK(pieces == whole->body);
  // Broken off by the caller: not an error.
  int calls = 0;
  auto partly = call(fixture.request("GET", "/rows"), [&](std::string_view) {
    ++calls;
    return false;
  });
  CHECK(partly.ok());
  CHECK(calls == 1);
}

TEST_CASE("HEAD has headers and no body") {
  Fixture fixture;
  auto response = call(fixture.request("HEAD", "/rows"));
  REQUIRE(response.ok());
  CHECK(response->status == 200);
  CHECK(response->body.empty());
}

TEST_CASE("an answer cut short is no answer") {
  Fixture fixture;
  auto response = call(fixture.request("GET", "/cut"));
  REQUIRE_FALSE(response.ok());
  CHECK(response.error().code == Errc::unavailable);
}

TEST_CASE("who cannot be reached is named, with the reason") {
  std::string url;
  {
    Fixture fixture;
    url = fixture.request("GET", "/").url;
  }
  ClientRequest request;
  request.url = url;
  auto response = call(request);
  REQUIRE_FALSE(response.ok());
  CHECK(response.error().code == Errc::unavailable);
  CHECK(response.error().message.ends_with(": connection refused"));
}

TEST_CASE("URLs that are none") {
  for (std::string_view url :
       {"", "localhost:8086", "http://", "http://:8086", "http://h:0/", "http://h:99999/",
        "http://h:80x", "ftp://h/", "https://", "http://h\\x/", "http://[h]/", "http://unix:/run/x",
        "http://user:password@h/", "http://h/a b", "http://h/a\r\nb"}) {
    ClientRequest request;
    request.url = url;
    auto response = call(request);
    REQUIRE_MESSAGE(!response.ok(), url);
    CHECK(response.error().code != Errc::unavailable);
  }
}

}  // namespace weir::http
