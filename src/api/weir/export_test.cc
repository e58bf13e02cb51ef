#include "api/api_fixture_test.h"

namespace weir::api {
namespace {

constexpr const char* kTarget = "/api/v2/weir/export?org=home&bucket=temperature";

TEST_CASE("a bucket is exported as line protocol, whole or in part") {
  ApiFixture fixture;
  REQUIRE(fixture
              .call("POST", "/api/v2/write?bucket=temperature&precision=s",
                    "home,room=hall a=1,b=2i 1767225600\nhome,room=attic a=3 1767225601\n")
              .status == 204);
  const Reply all = fixture.call("GET", kTarget);
  CHECK(all.status == 200);
  CHECK(all.headers.get("Content-Type") == "text/plain; charset=utf-8");
  CHECK(all.body ==
        "home,room=attic a=3 1767225601000000000\nhome,room=hall a=1 1767225600000000000\n"
        "home,room=hall b=2i 1767225600000000000\n");
  CHECK(fixture.call("GET", std::string(kTarget) + "&start=2026-01-01T00:00:01Z").body ==
        "home,room=attic a=3 1767225601000000000\n");
  CHECK(fixture.call("GET", std::string(kTarget) + "&predicate=_field%3Db").body ==
        "home,room=hall b=2i 1767225600000000000\n");
  CHECK(fixture.call("GET", std::string(kTarget) + "&stop=2020-01-01T00:00:00Z").body.empty());
}

TEST_CASE("refused exports say why") {
  ApiFixture fixture;
  CHECK(fixture.call("GET", "/api/v2/weir/export?org=home").error() ==
        "400 invalid: wanted a bucket: ?bucket=NAME");
  CHECK(fixture.call("GET", "/api/v2/weir/export?org=home&bucket=nowhere").status == 404);
  CHECK(fixture.call("GET", std::string(kTarget) + "&start=yesterday")
            .error()
            .starts_with("400 invalid: start: "));
  CHECK(fixture.call("GET", std::string(kTarget) + "&predicate=a").status == 400);
}

}  // namespace
}  // namespace weir::api
