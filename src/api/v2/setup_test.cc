#include "api/api_fixture_test.h"

namespace weir::api {
namespace {

constexpr const char* kSetup =
    R"({"username":"alice","password":"wonderland","org":"home","bucket":"temperature",)"
    R"("retentionPeriodSeconds":86400,"token":"my-token"})";

TEST_CASE("weir is set up once, over HTTP") {
  ApiFixture fixture(false);
  CHECK(fixture.anonymous("GET", "/api/v2/setup").body == R"({"allowed":true})");
  Reply done = fixture.anonymous("POST", "/api/v2/setup", kSetup);
  REQUIRE_MESSAGE(done.status == 201, done.body);
  Json body = done.json();
  CHECK(body["user"]["name"] == "alice");
  CHECK(body["user"]["status"] == "active");
  CHECK(body["org"]["name"] == "home");
  CHECK(body["bucket"]["name"] == "temperature");
  CHECK(body["bucket"]["orgID"] == body["org"]["id"]);
  CHECK(body["bucket"]["retentionRules"][0]["everySeconds"] == 86400);
  CHECK(body["auth"]["token"] == "my-token");
  CHECK(body["auth"]["permissions"].size() > 20);

  CHECK(fixture.anonymous("GET", "/api/v2/setup").body == R"({"allowed":false})");
  CHECK(fixture.anonymous("POST", "/api/v2/setup", kSetup).error() ==
        "422 conflict: onboarding has already been completed");
  Reply me = fixture.call("GET", "/api/v2/me", "", fixture.as("my-token"));
  CHECK(me.json()["id"] == body["user"]["id"]);
}

TEST_CASE("a set-up that lacks something is refused with what it lacks") {
  ApiFixture fixture(false);
  auto error = [&](std::string body) {
    return fixture.anonymous("POST", "/api/v2/setup", std::move(body)).error();
  };
  CHECK(error(R"({"password":"wonderland","org":"o","bucket":"b"})") ==
        "400 empty value: username is empty");
  CHECK(error(R"({"username":"u","password":"wonderland","bucket":"b"})") ==
        "400 empty value: org name is empty");
  CHECK(error(R"({"username":"u","password":"wonderland","org":"o"})") ==
        "400 empty value: bucket name is empty");
  CHECK(error(R"({"username":"u","password":"short","org":"o","bucket":"b"})") ==
        "400 invalid: passwords must be at least 8 characters long");
  CHECK(error(R"({"username":7})") ==
        "400 invalid: invalid value for username: got number,"
        " wanted a string");
  CHECK(error("{").starts_with("400 invalid: failed to decode request body"));
  CHECK(error("[]").starts_with("400 invalid: failed to decode request body"));
  CHECK(fixture.anonymous("GET", "/api/v2/setup").body == R"({"allowed":true})");
}

}  // namespace
}  // namespace weir::api
