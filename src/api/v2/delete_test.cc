#include "api/api_fixture_test.h"

namespace weir::api {
namespace {

constexpr const char* kTarget = "/api/v2/delete?org=home&bucket=temperature";

std::vector<std::string> fields_in(ApiFixture& fixture) {
  store::SchemaSpec spec;
  spec.bucket = static_cast<BucketId>(*id_from_text(fixture.bucket_id));
  spec.what = store::SchemaSpec::What::fields;
  Result<std::vector<std::string>> fields = fixture.store->schema(spec);
  REQUIRE(fields.ok());
  return *fields;
}

std::string body_of(const std::string& predicate) {
  return R"({"start":"2026-01-01T00:00:00Z","stop":"2026-01-01T00:00:10.5Z","predicate":)" +
         dump_json(Json(predicate)) + "}";
}

TEST_CASE("points are deleted by measurement, tag, field and time") {
  ApiFixture fixture;
  const std::string write = "/api/v2/write?bucket=temperature&precision=s";
  REQUIRE(fixture
              .call("POST", write,
                    "home,room=hall a=1,b=2 1767225600\nhome,room=hall a=1 1767225611\n"
                    "home,room=attic c=1 1767225610\n")
              .status == 204);
  CHECK(fixture.call("POST", kTarget, body_of("room=cellar")).status == 204);
  CHECK(fields_in(fixture) == std::vector<std::string>{"a", "b", "c"});
  CHECK(fixture.call("POST", kTarget, body_of("_field=b AND room=hall")).status == 204);
  CHECK(fields_in(fixture) == std::vector<std::string>{"a", "c"});
  CHECK(fixture.call("POST", kTarget, body_of("_measurement=home AND room=attic")).status == 204);
  CHECK(fields_in(fixture) == std::vector<std::string>{"a"});
  CHECK(fixture.call("POST", kTarget, body_of("")).status == 204);
  CHECK(fields_in(fixture) == std::vector<std::string>{"a"});  // the point 11 s in is out of range
  CHECK(fixture
            .call("POST",
                  "/api/v2/delete?orgID=" + fixture.org_id + "&bucketID=" + fixture.bucket_id,
                  R"({"start":"1970-01-01T00:00:00Z","stop":"2262-01-01T00:00:00+01:00"})")
            .status == 204);
  CHECK(fields_in(fixture).empty());
}

TEST_CASE("refused deletes say why") {
  ApiFixture fixture;
  auto error = [&](const std::string& target, const std::string& body) {
    return fixture.call("POST", target, body).error();
  };
  CHECK(error(kTarget, R"({"stop":"2026-01-01T00:00:00Z"})") ==
        "400 invalid: error decoding json body: invalid RFC3339Nano for field start, please format"
        " your time with RFC3339Nano format, example: 2009-01-02T23:00:00Z");
  CHECK(error(kTarget, R"({"start":"2026-01-01T00:00:00Z","stop":"2026-01-32T00:00:00Z"})")
            .starts_with("400 invalid: error decoding json body: invalid RFC3339Nano for field"
                         " stop"));
  CHECK(error(kTarget, body_of("a=1 OR b=2")) ==
        "400 invalid: error decoding json body: the logical operator OR is not supported yet at"
        " position 4");
  CHECK(error(kTarget, "nope").starts_with("400 invalid: error decoding json body: "));
  CHECK(error("/api/v2/delete?org=home", body_of("")) ==
        "400 invalid: Please provide either bucketID or bucket");
  CHECK(error("/api/v2/delete?org=home&bucket=none", body_of("")) ==
        "404 not found: bucket \"none\" not found");
  CHECK(error("/api/v2/delete?org=none&bucket=b", body_of("")) ==
        "404 not found: organization name \"none\" not found");
  const std::string reader = fixture.make_token(
      R"([{"action":"read","resource":{"type":"buckets","orgID":")" + fixture.org_id + R"("}}])");
  CHECK(fixture.call("POST", kTarget, body_of(""), fixture.as(reader)).error() ==
        "403 forbidden: insufficient permissions to delete");
  CHECK(fixture.anonymous("POST", kTarget, body_of("")).status == 401);
}

}  // namespace
}  // namespace weir::api
