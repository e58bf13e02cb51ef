#include <future>

#include "api/api_fixture_test.h"

namespace weir::api {
namespace {

constexpr const char* kAlice = "Basic YWxpY2U6d29uZGVybGFuZA==";  // alice:wonderland

std::string cookie_of(const Reply& reply) {
  const std::string_view header = reply.headers.get("Set-Cookie");
  return std::string(header.substr(0, header.find(';')));
}

TEST_CASE("signing in gives a cookie that stands for the user until signing out") {
  ApiFixture fixture;
  Reply in = fixture.call("POST", "/api/v2/signin", "", {{"Authorization", kAlice}});
  REQUIRE(in.status == 204);
  const std::string header(in.headers.get("Set-Cookie"));
  CHECK(header.starts_with("influxdb-oss-session="));
  CHECK(header.ends_with(
      "; Path=/api/; Expires=Thu, 01 Jan 2026 01:00:00 GMT; HttpOnly; SameSite=Strict"));

  const ApiFixture::HeaderList cookie = {{"Cookie", "theme=dark; " + cookie_of(in)}};
  Reply me = fixture.call("GET", "/api/v2/me", "", cookie);
  CHECK(me.status == 200);
  CHECK(me.json()["name"] == "alice");
  CHECK(fixture.call("POST", "/api/v2/signout", "", cookie).status == 204);
  CHECK(fixture.call("GET", "/api/v2/me", "", cookie).error() ==
        "401 unauthorized: unauthorized access");
  CHECK(fixture.call("POST", "/api/v2/signout", "", cookie).status == 401);
}

TEST_CASE("a wrong password or name, or none, is 401") {
  ApiFixture fixture;
  for (const char* header : {"Basic YWxpY2U6d29uZGVybGFu", "Basic Ym9iOndvbmRlcmxhbmQ=", "Basic",
                             "Basic ???", "Token operator-token", ""}) {
    Reply reply = fixture.call("POST", "/api/v2/signin", "", {{"Authorization", header}});
    CHECK_MESSAGE(reply.error() == "401 unauthorized: unauthorized access", header);
  }
}

TEST_CASE("every way to name a token or a password is understood") {
  ApiFixture fixture;
  for (const char* header :
       {"Token operator-token", "token operator-token", "Bearer operator-token",
        "Bearer  operator-token ", kAlice, "Token alice:wonderland",
        "Basic YW55b25lOm9wZXJhdG9yLXRva2Vu" /* anyone:operator-token */}) {
    Reply reply = fixture.call("GET", "/api/v2/me", "", {{"Authorization", header}});
    CHECK_MESSAGE(reply.status == 200, header);
  }
  for (const char* header : {"Token", "Token wrong", "operator-token", "Digest operator-token",
                             "Token alice:wrong", ""}) {
    Reply reply = fixture.call("GET", "/api/v2/me", "", {{"Authorization", header}});
    CHECK_MESSAGE(reply.error() == "401 unauthorized: unauthorized access", header);
  }
}

TEST_CASE("however many passwords wait to be checked, queries go on") {
  ApiFixture fixture;
  std::promise<void> goes_on;
  std::shared_future<void> gate = goes_on.get_future().share();
  REQUIRE(fixture.passwords.try_submit([gate] { gate.wait(); }));
  std::vector<std::shared_ptr<FakeResponder>> waiting;
  for (const char* path : {"/api/v2/me", "/api/v2/signin"}) {
    http::Request request;
    request.method = std::string_view(path).ends_with("me") ? "GET" : "POST";
    request.path = path;
    request.headers.add("Authorization", kAlice);
    waiting.push_back(std::make_shared<FakeResponder>());
    fixture.router.handle(std::move(request), waiting.back());
  }
  const std::string query = dump_json(Json{{"query", "buckets()"}});
  CHECK(fixture.call("POST", "/api/v2/query", query).status == 200);
  CHECK_FALSE(waiting[0]->is_answered());
  CHECK_FALSE(waiting[1]->is_answered());
  goes_on.set_value();
  CHECK(waiting[0]->wait().status == 200);
  CHECK(waiting[1]->wait().status == 204);
}

TEST_CASE("no password is hashed for a client that has left") {
  ApiFixture fixture;
  http::Request request;
  request.method = "GET";
  request.path = "/api/v2/me";
  request.headers.add("Authorization", kAlice);
  auto responder = std::make_shared<FakeResponder>();
  responder->leave();
  fixture.router.handle(std::move(request), responder);
  fixture.passwords.stop();  // what was queued has run
  CHECK_FALSE(responder->is_answered());
  CHECK_FALSE(fixture.meta->authorizer().recall_password("alice", "wonderland").ok());
}

TEST_CASE("a password is changed by whoever knows the old one") {
  ApiFixture fixture;
  const std::string body = R"({"password":"looking-glass"})";
  CHECK(fixture.anonymous("PUT", "/api/v2/me/password", body).status == 401);
  CHECK(fixture
            .call("PUT", "/api/v2/me/password", R"({"password":"short"})",
                  {{"Authorization", kAlice}})
            .error() == "400 invalid: passwords must be at least 8 characters long");
  CHECK(fixture.call("PUT", "/api/v2/me/password", body, {{"Authorization", kAlice}}).status ==
        204);
  CHECK(fixture.call("POST", "/api/v2/signin", "", {{"Authorization", kAlice}}).status == 401);
  CHECK(fixture.meta->users().verify("alice", "looking-glass") != nullptr);
}

}  // namespace
}  // namespace weir::api
