#include "api/api_fixture_test.h"

namespace weir::api {
namespace {

TEST_CASE("organisations are made, found by name, renamed and removed") {
  ApiFixture fixture;
  Json home = fixture.call("GET", "/api/v2/orgs?org=home").json();
  REQUIRE(home["orgs"].size() == 1);
  CHECK(home["orgs"][0]["id"] == fixture.org_id);
  CHECK(home["orgs"][0]["links"]["buckets"] == "/api/v2/buckets?org=" + fixture.org_id);
  CHECK(fixture.call("GET", "/api/v2/orgs?org=none").error() ==
        "404 not found: organization name \"none\" not found");
  CHECK(fixture.call("GET", "/api/v2/orgs?orgID=" + fixture.org_id).json()["orgs"].size() == 1);

  Reply made = fixture.call("POST", "/api/v2/orgs", R"({"name":"away","description":"d"})");
  REQUIRE_MESSAGE(made.status == 201, made.body);
  const std::string id = made.json()["id"];
  CHECK(fixture.call("GET", "/api/v2/buckets?org=away").json()["buckets"].size() == 2);
  CHECK(fixture.call("POST", "/api/v2/orgs", R"({"name":"away"})").error() ==
        "422 conflict: organization with name away already exists");
  CHECK(fixture.call("POST", "/api/v2/orgs", R"({"name":" "})").error() ==
        "400 invalid: organization name is empty");
  CHECK(fixture.call("PATCH", "/api/v2/orgs/" + id, R"({"name":"far"})").json()["name"] == "far");
  CHECK(fixture.call("PATCH", "/api/v2/orgs/" + id, R"({"name":"home"})").status == 422);
  CHECK(fixture.call("DELETE", "/api/v2/orgs/" + id).status == 204);
  CHECK(fixture.call("GET", "/api/v2/orgs/" + id).error() ==
        "404 not found: organization not found");
  CHECK(fixture.call("GET", "/api/v2/orgs/12").error() ==
        "400 invalid: id must have a length of 16 bytes");
}

TEST_CASE("users are made, given a password and an organisation, and removed") {
  ApiFixture fixture;
  Reply made = fixture.call("POST", "/api/v2/users", R"({"name":"bob"})");
  REQUIRE_MESSAGE(made.status == 201, made.body);
  const std::string id = made.json()["id"];
  CHECK(made.body == R"({"links":{"self":"/api/v2/users/)" + id + R"("},"id":")" + id +
                         R"(","name":"bob","status":"active"})");
  CHECK(fixture.call("POST", "/api/v2/users", R"({"name":"bob"})").error() ==
        "422 conflict: user with name bob already exists");
  CHECK(fixture.call("GET", "/api/v2/users").json()["users"].size() == 2);
  CHECK(fixture.call("GET", "/api/v2/users?name=bob").json()["users"].size() == 1);
  CHECK(fixture.call("GET", "/api/v2/users?name=eve").error() == "404 not found: user not found");

  CHECK(fixture.call("POST", "/api/v2/users/" + id + "/password", R"({"password":"builder!"})")
            .status == 204);
  const ApiFixture::HeaderList bob = {{"Authorization", "Basic Ym9iOmJ1aWxkZXIh"}};
  CHECK(fixture.call("GET", "/api/v2/me", "", bob).json()["id"] == id);
  CHECK(fixture.call("GET", "/api/v2/buckets", "", bob).json()["buckets"].empty());
  CHECK(fixture.call("POST", "/api/v2/users", R"({"name":"eve"})", bob).status == 401);

  const std::string members = "/api/v2/orgs/" + fixture.org_id + "/members";
  CHECK(fixture.call("POST", members, R"({"id":")" + id + R"("})").json()["role"] == "member");
  CHECK(fixture.call("GET", members).json()["users"][0]["name"] == "bob");
  CHECK(fixture.call("GET", "/api/v2/orgs/" + fixture.org_id + "/owners")
            .json()["users"][0]["name"] == "alice");
  CHECK(fixture.call("GET", "/api/v2/buckets", "", bob).json()["buckets"].size() == 3);
  CHECK(fixture.call("DELETE", members + "/" + id).status == 204);
  CHECK(fixture.call("GET", "/api/v2/buckets", "", bob).json()["buckets"].empty());

  CHECK(fixture.call("PATCH", "/api/v2/users/" + id, R"({"status":"inactive"})").json()["status"] ==
        "inactive");
  CHECK(fixture.call("GET", "/api/v2/me", "", bob).status == 401);
  CHECK(fixture.call("DELETE", "/api/v2/users/" + id).status == 204);
  CHECK(fixture.call("GET", "/api/v2/users/" + id).status == 404);
}

TEST_CASE("a token is shown once, and hands out no more than its maker has") {
  ApiFixture fixture;
  const std::string permissions =
      R"([{"action":"read","resource":{"type":"buckets","id":")" + fixture.bucket_id +
      R"(","orgID":")" + fixture.org_id + R"("}},{"action":"write","resource":)" +
      R"({"type":"authorizations","orgID":")" + fixture.org_id + R"("}}])";
  Reply made = fixture.call("POST", "/api/v2/authorizations",
                            R"({"orgID":")" + fixture.org_id +
                                R"(","description":"sensor","permissions":)" + permissions + "}");
  REQUIRE_MESSAGE(made.status == 201, made.body);
  Json body = made.json();
  const std::string token = body["token"], id = body["id"];
  CHECK(token.size() >= 43);
  CHECK(body["status"] == "active");
  CHECK(body["org"] == "home");
  CHECK(body["user"] == "alice");
  CHECK(body["permissions"][0]["resource"]["name"] == "temperature");
  CHECK(body["permissions"][0]["resource"]["org"] == "home");

  CHECK(fixture.call("GET", "/api/v2/authorizations/" + id).json()["token"] == "");
  Json list = fixture.call("GET", "/api/v2/authorizations?org=home").json();
  REQUIRE(list["authorizations"].size() == 2);
  for (const Json& one : list["authorizations"]) CHECK(one["token"] == "");

  const std::string escalated =
      R"({"orgID":")" + fixture.org_id +
      R"(","permissions":[{"action":"write","resource":{"type":"buckets"}}]})";
  CHECK(fixture.call("POST", "/api/v2/authorizations", escalated, fixture.as(token)).error() ==
        "403 forbidden: permission write:buckets is not allowed");

  CHECK(fixture.call("PATCH", "/api/v2/authorizations/" + id, R"({"status":"inactive"})")
            .json()["status"] == "inactive");
  CHECK(fixture.call("GET", "/api/v2/me", "", fixture.as(token)).status == 401);
  CHECK(fixture.call("PATCH", "/api/v2/authorizations/" + id, R"({"status":"asleep"})").status ==
        400);
  CHECK(fixture.call("DELETE", "/api/v2/authorizations/" + id).status == 204);
  CHECK(fixture.call("DELETE", "/api/v2/authorizations/" + id).error() ==
        "404 not found: authorization not found");
}

TEST_CASE("an authorization that lacks something is refused") {
  ApiFixture fixture;
  auto error = [&](std::string body) {
    return fixture.call("POST", "/api/v2/authorizations", std::move(body)).error();
  };
  CHECK(error("{}") == "400 invalid: authorization must include permissions");
  const std::string read = R"("permissions":[{"action":"read","resource":{"type":"buckets"}}])";
  CHECK(error("{" + read + "}") == "400 invalid: org id required");
  CHECK(error(R"({"orgID":"00000000000000aa",)" + read + "}") ==
        "404 not found: organization not found");
  CHECK(error(R"({"orgID":")" + fixture.org_id +
              R"(","permissions":[{"action":"eat","resource":{"type":"buckets"}}]})")
            .starts_with("400 invalid: unknown action"));
}

}  // namespace
}  // namespace weir::api
