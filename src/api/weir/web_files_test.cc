#include "api/api_fixture_test.h"

namespace weir::api {
namespace {

constexpr WebFile kFiles[] = {
    {"/index.html", "text/html; charset=utf-8", "(index)", "\"1\""},
    {"/assets/app-4f2a.js", "text/javascript", "(script)", "\"2\""},
};
const ApiFixture::HeaderList kBrowser = {{"Accept-Encoding", "gzip, deflate, br"}};

TEST_CASE("the interface's files are served compressed, with what lets browsers keep them") {
  ApiFixture fixture(true, kFiles);
  Reply script = fixture.call("GET", "/assets/app-4f2a.js", "", kBrowser);
  CHECK(script.status == 200);
  CHECK(script.body == "(script)");
  CHECK(script.headers.get("Content-Encoding") == "gzip");
  CHECK(script.headers.get("Cache-Control") == "public, max-age=31536000, immutable");
  CHECK(script.headers.get("X-Content-Type-Options") == "nosniff");

  Reply index = fixture.call("GET", "/index.html", "", kBrowser);
  CHECK(index.headers.get("Cache-Control") == "no-cache");
  CHECK(index.headers.get("Content-Security-Policy").find("default-src 'self'") !=
        std::string_view::npos);
  Reply known = fixture.call("GET", "/index.html", "",
                             {{"Accept-Encoding", "gzip"}, {"If-None-Match", "\"1\""}});
  CHECK(known.status == 304);
  CHECK(known.body.empty());
}

TEST_CASE("pages of the interface are its index; files and API paths that are not there are 404") {
  ApiFixture fixture(true, kFiles);
  for (const char* page : {"/", "/explore", "/buckets/12/more"})
    CHECK_MESSAGE(fixture.call("GET", page, "", kBrowser).body == "(index)", page);
  for (const char* none :
       {"/assets/gone.js", "/favicon.ico", "/api/v2/labels", "/api/v2/nothing", "/query"})
    CHECK_MESSAGE(
        fixture.call("GET", none, "", kBrowser).error() == "404 not found: path not found", none);
  CHECK(fixture.call("POST", "/explore", "", kBrowser).status == 404);
  CHECK(fixture.call("GET", "/index.html", "", {}).status == 406);
  CHECK(fixture.call("GET", "/index.html", "", {{"Accept-Encoding", "gzip;q=0"}}).status == 406);
}

TEST_CASE("without the interface every unknown path is 404") {
  ApiFixture fixture;
  CHECK(fixture.call("GET", "/", "", kBrowser).error() == "404 not found: path not found");
}

}  // namespace
}  // namespace weir::api
