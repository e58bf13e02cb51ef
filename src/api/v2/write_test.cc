#include "api/api_fixture_test.h"

namespace weir::api {
namespace {

size_t rows_in(ApiFixture& fixture) {
  store::ScanSpec spec;
  spec.bucket = static_cast<BucketId>(*id_from_text(fixture.bucket_id));
  auto cursor = fixture.store->scan(spec);
  REQUIRE(cursor.ok());
  size_t rows = 0;
  while (true) {
    auto series = (*cursor)->next_series();
    REQUIRE(series.ok());
    if (*series == nullptr) return rows;
    model::ColumnChunk chunk;
    while (true) {
      auto more = (*cursor)->next_chunk(chunk);
      REQUIRE(more.ok());
      if (!*more) break;
      rows += chunk.rows();
    }
  }
}

TEST_CASE("points are written by names, by ids, and with no organisation at all") {
  ApiFixture fixture;
  const std::string line = "home,room=kitchen t=21.5 1767225600000000000\n";
  for (const std::string& target :
       {std::string("/api/v2/write?org=home&bucket=temperature"),
        "/api/v2/write?orgID=" + fixture.org_id + "&bucket=" + fixture.bucket_id,
        "/api/v2/write?org=" + fixture.org_id + "&bucket=temperature&precision=ns",
        std::string("/api/v2/write?org=&bucket=temperature&precision=")}) {
    Reply reply = fixture.call("POST", target, line);
    CHECK_MESSAGE(reply.status == 204, target, ": ", reply.body);
    CHECK(reply.body.empty());
  }
  CHECK(rows_in(fixture) == 1);
  CHECK(fixture
            .call("POST", "/api/v2/write?bucket=temperature&precision=s",
                  "home,room=kitchen t=1 1767225601")
            .status == 204);
  CHECK(fixture.call("POST", "/api/v2/write?bucket=temperature", "home,room=kitchen t=2").status ==
        204);
  CHECK(rows_in(fixture) == 2);  // the last one is stamped with the clock, as the first
}

TEST_CASE("nothing to write is fine") {
  ApiFixture fixture;
  for (const char* body : {"", "\n", "# a comment\n", "\n\n# a\n\n"})
    CHECK(fixture.call("POST", "/api/v2/write?bucket=temperature", body).status == 204);
  CHECK(rows_in(fixture) == 0);
}

TEST_CASE("the checks come in InfluxDB's order") {
  ApiFixture fixture;
  auto error = [&](std::string_view query) {
    return fixture.call("POST", "/api/v2/write" + std::string(query), "m f=1\nbad").error();
  };
  CHECK(fixture.anonymous("POST", "/api/v2/write?precision=h").error() ==
        "401 unauthorized: unauthorized access");
  CHECK(error("?precision=h") ==
        "400 invalid: invalid precision; valid precision units are ns, us, ms, and s");
  CHECK(error("?org=nobody") == "404 not found: bucket not found");
  CHECK(error("?org=nobody&bucket=none") ==
        "404 not found: organization name \"nobody\" not found");
  CHECK(error("?org=home&bucket=none") == "404 not found: bucket \"none\" not found");
  CHECK(error("?org=home&bucket=temperature").starts_with("400 invalid: unable to parse 'bad': "));
}

TEST_CASE("one line that does not parse refuses the whole request") {
  ApiFixture fixture;
  Reply reply =
      fixture.call("POST", "/api/v2/write?bucket=temperature", "m f=1\nbad\nm f=2\nm,t= f=1\n");
  const std::string error = reply.error();
  CHECK(error.find("unable to parse 'bad': missing fields\nunable to parse 'm,t= f=1': ") !=
        std::string::npos);
  CHECK(rows_in(fixture) == 0);
}

TEST_CASE("a type conflict drops its point, stores the others and says so") {
  ApiFixture fixture;
  const std::string target = "/api/v2/write?bucket=temperature";
  CHECK(fixture.call("POST", target, "m f=1i 1767225600000000000").status == 204);
  CHECK(fixture.call("POST", target, "m f=2.5 1767225600000000001\nm f=3i 1767225600000000002")
            .error() ==
        "422 unprocessable entity: failure writing points to database: partial write: field type"
        " conflict: input field \"f\" on measurement \"m\" is type float, already exists as type"
        " integer dropped=1");
  CHECK(rows_in(fixture) == 2);
}

TEST_CASE("a token writes only where it may") {
  ApiFixture fixture;
  const std::string reader = fixture.make_token(
      R"([{"action":"read","resource":{"type":"buckets","orgID":")" + fixture.org_id + R"("}}])");
  const std::string writer =
      fixture.make_token(R"([{"action":"write","resource":{"type":"buckets","id":")" +
                         fixture.bucket_id + R"(","orgID":")" + fixture.org_id + R"("}}])");
  const std::string target = "/api/v2/write?org=home&bucket=temperature";
  CHECK(fixture.call("POST", target, "m f=1", fixture.as(reader)).error() ==
        "403 forbidden: insufficient permissions for write");
  CHECK(fixture.call("POST", target, "m f=1", fixture.as(writer)).status == 204);
  CHECK(fixture.call("POST", "/api/v2/write?org=home&bucket=_tasks", "m f=1", fixture.as(writer))
            .error() == "403 forbidden: insufficient permissions for write");
}

TEST_CASE("a large body is parsed on a worker and gives the same answers") {
  ApiFixture fixture;
  std::string body;
  for (int i = 0; i < 10'000; i++)
    body += "home,room=kitchen,sensor=esp32 temperature=21.5,humidity=40i " +
            std::to_string(1'767'225'600'000 + i) + "\n";
  REQUIRE(body.size() > 256 * 1024);
  CHECK(fixture.call("POST", "/api/v2/write?bucket=temperature&precision=ms", body).status == 204);
  CHECK(rows_in(fixture) == 20'000);
  Reply bad = fixture.call("POST", "/api/v2/write?bucket=temperature&precision=ms", body + "bad");
  CHECK(bad.error() == "400 invalid: unable to parse 'bad': missing fields");
}

TEST_CASE("a body of bad lines is not sent back whole") {
  ApiFixture fixture;
  std::string body;
  for (int i = 0; i < 20'000; i++) body += "bad\n";
  Reply reply = fixture.call("POST", "/api/v2/write?bucket=temperature", body);
  CHECK(reply.status == 400);
  CHECK(reply.body.size() < 100'000);
  CHECK(reply.body.find(" more\"") != std::string::npos);
}

}  // namespace
}  // namespace weir::api
