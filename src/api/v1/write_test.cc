#include "api/api_fixture_test.h"

namespace weir::api {
namespace {

using HeaderList = ApiFixture::HeaderList;

// "404 database not found: ...", and nothing but InfluxDB 1's form.
std::string error_of(const Reply& reply) {
  const Json body = reply.json();
  REQUIRE(body.size() == 1);
  const std::string error = body["error"];
  CHECK(reply.headers.get("Content-Type") == "application/json; charset=utf-8");
  CHECK(!reply.headers.get("X-Influxdb-Error").empty());
  return std::to_string(reply.status) + " " + error;
}

// Times and values of field f of measurement m.
std::vector<std::pair<int64_t, double>> points_in(ApiFixture& fixture, const std::string& bucket) {
  store::ScanSpec spec;
  spec.bucket = static_cast<BucketId>(*id_from_text(bucket));
  spec.predicate = store::tag_equal("_field", "f");
  auto cursor = fixture.store->scan(spec);
  REQUIRE(cursor.ok());
  std::vector<std::pair<int64_t, double>> points;
  auto series = (*cursor)->next_series();
  REQUIRE(series.ok());
  if (*series == nullptr) return points;
  model::ColumnChunk chunk;
  while (*(*cursor)->next_chunk(chunk)) {
    for (size_t i = 0; i < chunk.rows(); i++) {
      points.emplace_back(chunk.times[i], chunk.floats[i]);
    }
  }
  return points;
}

std::string make_bucket(ApiFixture& fixture, const std::string& name) {
  Reply made = fixture.call("POST", "/api/v2/buckets",
                            R"({"orgID":")" + fixture.org_id + R"(","name":")" + name + R"("})");
  REQUIRE_MESSAGE(made.status == 201, made.body);
  return made.json()["id"];
}

TEST_CASE("a bucket is a database of InfluxDB 1") {
  ApiFixture fixture;
  for (const char* target : {"/write?db=temperature", "/write?db=temperature&rp=autogen",
                             "/write?db=temperature&rp=&consistency=quorum&precision=n"}) {
    Reply reply = fixture.call("POST", target, "m f=1 1\n");
    CHECK_MESSAGE(reply.status == 204, target, ": ", reply.body);
    CHECK(reply.body.empty());
  }
  const std::string week = make_bucket(fixture, "temperature/week");
  CHECK(fixture.call("POST", "/write?db=temperature&rp=week", "m f=2 2").status == 204);
  CHECK(points_in(fixture, fixture.bucket_id) == std::vector<std::pair<int64_t, double>>{{1, 1.0}});
  CHECK(points_in(fixture, week) == std::vector<std::pair<int64_t, double>>{{2, 2.0}});
}

TEST_CASE("InfluxDB 1's refusals have its words") {
  ApiFixture fixture;
  auto error = [&](std::string_view query) {
    return error_of(fixture.call("POST", "/write" + std::string(query), "m f=1"));
  };
  CHECK(error("") == "400 database is required");
  CHECK(error("?db=") == "400 database is required");
  CHECK(error("?db=none") == "404 database not found: \"none\"");
  CHECK(error("?db=temperature&rp=week") == "500 retention policy not found: week");
  CHECK(error("?db=temperature&consistency=some") == "400 invalid consistency level");
  CHECK(points_in(fixture, fixture.bucket_id).empty());
}

TEST_CASE("the good lines of a body with bad ones are kept") {
  ApiFixture fixture;
  CHECK(
      error_of(fixture.call("POST", "/write?db=temperature", "m f=1 1\nbad\nm f=2 2\nm,t= f=1")) ==
      "400 partial write: unable to parse 'bad': missing fields\nunable to parse 'm,t= f=1': "
      "missing tag value dropped=0");
  CHECK(points_in(fixture, fixture.bucket_id).size() == 2);
  CHECK(error_of(fixture.call("POST", "/write?db=temperature", "bad\n")) ==
        "400 unable to parse 'bad': missing fields");
  // What the store drops is told first; the lines that did not parse hinder nobody either.
  CHECK(error_of(fixture.call("POST", "/write?db=temperature", "m f=3i 3\nm f=4 4\nbad")) ==
        "400 partial write: field type conflict: input field \"f\" on measurement \"m\" is type "
        "integer, already exists as type float dropped=1");
  CHECK(points_in(fixture, fixture.bucket_id).size() == 3);
  for (const char* nothing : {"", "\n", "# a comment\n"}) {
    CHECK(fixture.call("POST", "/write?db=temperature", nothing).status == 204);
  }
}

TEST_CASE("times come in InfluxDB 1's units") {
  ApiFixture fixture;
  const std::vector<std::pair<std::string, int64_t>> units = {{"ns", 1},
                                                              {"n", 1},
                                                              {"u", 1'000},
                                                              {"ms", 1'000'000},
                                                              {"s", 1'000'000'000},
                                                              {"m", 60'000'000'000},
                                                              {"h", 3'600'000'000'000},
                                                              {"fortnight", 1}};
  for (const auto& [name, unit] : units) {
    const std::string bucket = make_bucket(fixture, "in_" + name);
    CHECK(fixture.call("POST", "/write?db=in_" + name + "&precision=" + name, "m f=1 7").status ==
          204);
    CHECK(points_in(fixture, bucket) == std::vector<std::pair<int64_t, double>>{{7 * unit, 1.0}});
  }
}

TEST_CASE("callers name themselves in every way of InfluxDB 1") {
  ApiFixture fixture;
  const std::string target = "/write?db=temperature";
  auto status = [&](const std::string& where, HeaderList headers) {
    return fixture.call("POST", where, "m f=1 1", std::move(headers)).status;
  };
  CHECK(status(target + "&u=alice&p=wonderland", {}) == 204);
  CHECK(status(target + "&u=alice&p=operator-token", {}) == 204);  // a token as the password
  CHECK(status(target, {{"Authorization", "Basic YWxpY2U6d29uZGVybGFuZA=="}}) == 204);
  CHECK(status(target, {{"Authorization", "Token alice:wonderland"}}) == 204);
  CHECK(status(target, {{"Authorization", "Bearer operator-token"}}) == 204);
  CHECK(status(target + "&u=alice&p=wrong", {}) == 401);
  CHECK(status(target + "&u=alice", {}) == 401);
  // A header counts more than the address; and only this path takes a password from it.
  CHECK(status(target + "&u=alice&p=wonderland", {{"Authorization", "Token none"}}) == 401);
  CHECK(status("/api/v2/write?bucket=temperature&u=alice&p=wonderland", {}) == 401);

  Reply anonymous = fixture.anonymous("POST", target, "m f=1");
  CHECK(error_of(anonymous) == "401 authorization failed");
  CHECK(anonymous.headers.get("WWW-Authenticate") == "Basic realm=\"InfluxDB\"");
  const std::string reader = fixture.make_token(
      R"([{"action":"read","resource":{"type":"buckets","orgID":")" + fixture.org_id + R"("}}])");
  CHECK(error_of(fixture.call("POST", target, "m f=1", fixture.as(reader))) ==
        "403 \"alice\" user is not authorized to write to database \"temperature\"");
}

TEST_CASE("a large body of InfluxDB 1 is parsed on a worker and gives the same answers") {
  ApiFixture fixture;
  std::string body;
  for (int i = 0; i < 20'000; i++) body += "m,room=kitchen f=1 " + std::to_string(i) + "\n";
  REQUIRE(body.size() > 256 * 1024);
  CHECK(fixture.call("POST", "/write?db=temperature", body).status == 204);
  CHECK(error_of(fixture.call("POST", "/write?db=temperature", body + "bad")) ==
        "400 partial write: unable to parse 'bad': missing fields dropped=0");
}

}  // namespace
}  // namespace weir::api
