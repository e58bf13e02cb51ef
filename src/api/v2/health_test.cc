#include "api/api_fixture_test.h"

namespace weir::api {
namespace {

TEST_CASE("ping, health and ready answer without a caller") {
  ApiFixture fixture(false);
  fixture.clock.advance_ms(3'723'500);
  Reply ping = fixture.anonymous("GET", "/ping");
  CHECK(ping.status == 204);
  CHECK(ping.body.empty());

  Reply health = fixture.anonymous("GET", "/health");
  CHECK(health.status == 200);
  CHECK(health.body ==
        R"({"name":"influxdb","message":"ready for queries and writes","status":"pass",)"
        R"("checks":[],"version":"v2.7.12","commit":"abc","weir":"0.1.0"})");

  Reply ready = fixture.anonymous("GET", "/ready");
  CHECK(ready.body == R"({"status":"ready","started":"2026-01-01T00:00:00Z","up":"1h2m3.5s"})");
  CHECK(fixture.anonymous("GET", "/api/v2").json()["write"] == "/api/v2/write");
}

TEST_CASE("metrics are in exposition format") {
  ApiFixture fixture(false);
  Reply reply = fixture.anonymous("GET", "/metrics");
  CHECK(reply.status == 200);
  CHECK(reply.headers.get("Content-Type") == "text/plain; version=0.0.4; charset=utf-8");
  CHECK(reply.body.find("# TYPE weir_http_write_requests_total counter") != std::string::npos);
}

TEST_CASE("every answer names the InfluxDB it stands in for") {
  ApiFixture fixture(false);
  const http::Headers& common = fixture.router.common_headers();
  CHECK(common.get("X-Influxdb-Build") == "OSS");
  CHECK(common.get("X-Influxdb-Version").starts_with("v2.7."));
}

}  // namespace
}  // namespace weir::api
