#include "api/api_fixture_test.h"

namespace weir::api {
namespace {

std::string bucket_body(const ApiFixture& fixture, const std::string& name,
                        const std::string& more = "") {
  return R"({"orgID":")" + fixture.org_id + R"(","name":")" + name + "\"" + more + "}";
}

TEST_CASE("a bucket is shown as InfluxDB shows it") {
  ApiFixture fixture;
  Reply reply = fixture.call("GET", "/api/v2/buckets/" + fixture.bucket_id);
  const std::string id = fixture.bucket_id, org = fixture.org_id;
  CHECK(reply.body ==
        R"({"id":")" + id + R"(","orgID":")" + org +
            R"(","type":"user","name":"temperature","retentionRules":[{)"
            R"("type":"expire","everySeconds":0,"shardGroupDurationSeconds":604800}],)"
            R"("createdAt":"2026-01-01T00:00:00Z",)"
            R"("updatedAt":"2026-01-01T00:00:00Z","links":{"self":"/api/v2/buckets/)" +
            id + R"(","org":"/api/v2/orgs/)" + org + R"(","members":"/api/v2/buckets/)" + id +
            R"(/members","owners":"/api/v2/buckets/)" + id +
            R"(/owners","labels":"/api/v2/buckets/)" + id +
            R"(/labels","write":"/api/v2/write?org=)" + org + "&bucket=" + id +
            R"("},"labels":[]})");
}

TEST_CASE("buckets are made, changed and removed") {
  ApiFixture fixture;
  Reply made = fixture.call(
      "POST", "/api/v2/buckets",
      bucket_body(
          fixture, "rooms",
          R"(,"description":"all","retentionRules":[{"type":"expire","everySeconds":7200}])"));
  REQUIRE_MESSAGE(made.status == 201, made.body);
  CHECK(made.json()["description"] == "all");
  CHECK(made.json()["retentionRules"][0]["shardGroupDurationSeconds"] == 3600);
  const std::string path = "/api/v2/buckets/" + made.json()["id"].get<std::string>();
  CHECK(fixture.call("POST", "/api/v2/buckets", bucket_body(fixture, "rooms")).error() ==
        "422 conflict: bucket with name rooms already exists");

  fixture.clock.advance_ms(1000);
  Reply changed = fixture.call("PATCH", path, R"({"name":"halls"})");
  CHECK(changed.status == 200);
  CHECK(changed.json()["name"] == "halls");
  CHECK(changed.json()["retentionRules"][0]["everySeconds"] == 7200);
  CHECK(changed.json()["updatedAt"] == "2026-01-01T00:00:01Z");
  CHECK(fixture.call("PATCH", path, R"({"retentionRules":[{"everySeconds":0}]})")
            .json()["retentionRules"][0]["everySeconds"] == 0);

  CHECK(fixture.call("POST", "/api/v2/write?bucket=halls", "m f=1").status == 204);
  CHECK(fixture.call("DELETE", path).status == 204);
  CHECK(fixture.call("GET", path).error() == "404 not found: bucket not found");
  CHECK(fixture.call("DELETE", path).error() == "404 not found: bucket not found");
  CHECK(fixture.call("POST", "/api/v2/write?bucket=halls", "m f=1").status == 404);
}

TEST_CASE("what a bucket cannot be is refused with InfluxDB's words") {
  ApiFixture fixture;
  auto error = [&](std::string body) {
    return fixture.call("POST", "/api/v2/buckets", std::move(body)).error();
  };
  CHECK(error(R"({"name":"b"})") == "400 invalid: organization id must be provided");
  CHECK(error(R"({"name":"b","orgID":"12"})") == "400 invalid: id must have a length of 16 bytes");
  CHECK(error(R"({"name":"b","orgID":"00000000000000ff"})") ==
        "404 not found: organization not found");
  CHECK(error(bucket_body(fixture, "_b")) ==
        "400 invalid: bucket name _b is invalid. Buckets may not start with underscore");
  CHECK(error(bucket_body(fixture, "b", R"(,"retentionRules":[{"everySeconds":60}])")) ==
        "422 unprocessable entity: retention policy duration must be at least 1h0m0s");
  CHECK(error(bucket_body(fixture, "b", R"(,"retentionRules":[{"everySeconds":-1}])"))
            .starts_with("422 unprocessable entity: everySeconds is out of range"));
  CHECK(error(bucket_body(fixture, "b",
                          R"(,"retentionRules":[{"everySeconds":9223372036854775808}])"))
            .starts_with("400 invalid: invalid value for everySeconds"));
  CHECK(error(bucket_body(fixture, "b", R"(,"retentionRules":{})"))
            .starts_with("400 invalid: retentionRules"));

  Json system = fixture.call("GET", "/api/v2/buckets?org=home&name=_tasks").json()["buckets"][0];
  CHECK(system["type"] == "system");
  CHECK(system["retentionRules"][0]["everySeconds"] == 259200);
  CHECK(fixture.call("DELETE", "/api/v2/buckets/" + system["id"].get<std::string>()).error() ==
        "400 invalid: system buckets cannot be deleted");
}

TEST_CASE("lists are filtered, paged and follow what the caller may read") {
  ApiFixture fixture;
  std::vector<std::string> ids;
  for (int i = 0; i < 5; i++) {
    fixture.clock.advance_ms(1);
    Reply made =
        fixture.call("POST", "/api/v2/buckets", bucket_body(fixture, "b" + std::to_string(i)));
    REQUIRE(made.status == 201);
    ids.push_back(made.json()["id"]);
  }
  auto names = [&](const std::string& query, ApiFixture::HeaderList headers) {
    const Json list = fixture.call("GET", "/api/v2/buckets" + query, "", std::move(headers)).json();
    std::string all;
    for (const Json& bucket : list["buckets"]) all += bucket["name"].get<std::string>() + " ";
    return all;
  };
  const ApiFixture::HeaderList own = fixture.as(fixture.token);
  CHECK(names("", own) == "temperature _monitoring _tasks b0 b1 b2 b3 b4 ");
  CHECK(names("?name=b3", own) == "b3 ");
  CHECK(names("?id=" + ids[1], own) == "b1 ");
  CHECK(names("?orgID=" + fixture.org_id + "&limit=2&offset=4", own) == "b1 b2 ");
  CHECK(names("?after=" + ids[2], own) == "b3 b4 ");
  CHECK(names("?descending=true&limit=2", own) == "b4 b3 ");
  CHECK(names("?name=none", own).empty());

  Json links = fixture.call("GET", "/api/v2/buckets?org=home&limit=2&offset=2").json()["links"];
  CHECK(links["self"] == "/api/v2/buckets?org=home&descending=false&limit=2&offset=2");
  CHECK(links["next"] == "/api/v2/buckets?org=home&descending=false&limit=2&offset=4");
  CHECK(links["prev"] == "/api/v2/buckets?org=home&descending=false&limit=2&offset=0");

  CHECK(fixture.call("GET", "/api/v2/buckets?org=home&name=none").error() ==
        "404 not found: bucket \"none\" not found");
  CHECK(fixture.call("GET", "/api/v2/buckets?org=none").status == 404);
  for (const char* bad : {"?limit=101", "?limit=0", "?limit=x", "?offset=-1", "?after=zz",
                          "?descending=maybe", "?id=12"})
    CHECK_MESSAGE(fixture.call("GET", std::string("/api/v2/buckets") + bad).status == 400, bad);

  const std::string reader = fixture.make_token(
      R"([{"action":"read","resource":{"type":"buckets","id":")" + ids[0] + R"("}}])");
  CHECK(names("", fixture.as(reader)) == "b0 ");
  Reply forbidden = fixture.call("GET", "/api/v2/buckets/" + ids[1], "", fixture.as(reader));
  CHECK(forbidden.error() == "401 unauthorized: read:orgs/" + fixture.org_id + "/buckets/" +
                                 ids[1] + " is unauthorized");
  CHECK(fixture.call("DELETE", "/api/v2/buckets/" + ids[0], "", fixture.as(reader)).status == 401);
}

}  // namespace
}  // namespace weir::api
