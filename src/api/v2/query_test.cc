#include <algorithm>

#include "api/api_fixture_test.h"
#include "api/v2/query_answer.h"
#include "api/v2/query_request.h"

namespace weir::api {
namespace {

constexpr const char* kQuery = "/api/v2/query?org=home";

http::Request request_of(std::string body, std::string type = "application/json") {
  http::Request request;
  request.headers.set("Content-Type", std::move(type));
  request.body = std::move(body);
  return request;
}

std::string decode_error(std::string body) {
  Result<v2::QueryRequest> decoded = v2::decode_query(request_of(std::move(body)));
  return decoded.ok() ? "ok" : decoded.error().message;
}

TEST_CASE("a query's body is a script, or JSON with its dialect") {
  Result<v2::QueryRequest> raw =
      v2::decode_query(request_of("buckets()", "application/vnd.flux; charset=utf-8"));
  REQUIRE(raw.ok());
  CHECK(raw->script == "buckets()");
  CHECK(!raw->dialect.annotate_datatype);
  CHECK(raw->dialect.header);

  Result<v2::QueryRequest> full = v2::decode_query(request_of(
      R"({"query":"x","type":"flux","now":"2026-01-01T00:00:00Z","extern":{"type":"File"},)"
      R"("dialect":{"header":false,"delimiter":";","commentPrefix":"!","dateTimeFormat":"RFC3339",)"
      R"("annotations":["datatype","group","default"]}})",
      "application/json; encoding=utf-8"));
  REQUIRE(full.ok());
  CHECK(full->script == "x");
  CHECK(full->now_ns == meta::kTestNowNs);
  REQUIRE(full->external != nullptr);
  CHECK((*full->external)["type"] == "File");
  CHECK(full->ast == nullptr);
  CHECK(!full->dialect.header);
  CHECK(full->dialect.delimiter == ';');
  CHECK(full->dialect.comment_prefix == "!");
  CHECK((full->dialect.annotate_datatype && full->dialect.annotate_group &&
         full->dialect.annotate_default));

  Result<v2::QueryRequest> tree = v2::decode_query(request_of(R"({"ast":{"type":"Package"}})", ""));
  REQUIRE(tree.ok());
  REQUIRE(tree->ast != nullptr);
  CHECK((*tree->ast)["type"] == "Package");
}

TEST_CASE("a body that asks for nothing that exists is refused") {
  const std::string prefix = "failed to decode request body: ";
  CHECK(decode_error("").starts_with(prefix + "invalid json: "));
  CHECK(decode_error("[]") == prefix + "invalid json: the body must be an object");
  CHECK(decode_error("{}") == prefix + "request body requires either query or AST");
  CHECK(decode_error(R"({"query":"x","type":"influxql"})") ==
        prefix + "unknown query type: influxql");
  CHECK(decode_error(R"({"query":"x","dialect":{"annotations":["types"]}})") ==
        prefix + "unknown dialect annotation type: types");
  CHECK(decode_error(R"({"query":"x","dialect":{"delimiter":"::"}})") ==
        prefix + "invalid dialect delimiter: must be one character");
  CHECK(decode_error(R"({"query":"x","dialect":{"commentPrefix":"##"}})") ==
        prefix + "invalid dialect comment prefix: must be length 0 or 1");
  CHECK(decode_error(R"({"query":"x","dialect":{"dateTimeFormat":"UNIX"}})") ==
        prefix + "unknown dialect date time format: UNIX");
  CHECK(decode_error(R"({"query":"x","now":"yesterday"})").starts_with(prefix + "not a time"));
}

TEST_CASE("an answer that fits is sent whole; a failure before it left is an HTTP error") {
  auto responder = std::make_shared<FakeResponder>();
  v2::QueryAnswer whole(responder, "text/csv; charset=utf-8");
  CHECK(whole.write("a\r\n"));
  whole.finish({});
  Reply reply = responder->wait();
  CHECK(!reply.streamed);
  CHECK(reply.body == "a\r\n");
  CHECK(reply.headers.get("Content-Type") == "text/csv; charset=utf-8");

  responder = std::make_shared<FakeResponder>();
  v2::QueryAnswer failed(responder, "text/csv; charset=utf-8");
  CHECK(failed.write("a\r\n"));
  failed.finish(Error{Errc::not_found, "could not find bucket \"b\""});
  CHECK(responder->wait().error() == "404 not found: could not find bucket \"b\"");
}

// The numbers 0..4999 as a query's first result, then a second one that fails.
constexpr const char* kFailsLate =
    "import \"array\"\n"
    "from(bucket: \"temperature\")"
    " |> range(start: 2026-01-01T00:00:00Z, stop: 2026-01-02T00:00:00Z) |> yield(name: \"a\")\n"
    "array.from(rows: [{v: 1}]) |> sum(column: \"nope\") |> yield(name: \"b\")";

TEST_CASE("a failure after the first bytes left becomes one error table at the end") {
  ApiFixture fixture;
  std::string lines;
  for (int i = 0; i < 5000; i++)
    lines += "m f=" + std::to_string(i) + " " + std::to_string(1767225600 + i) + "\n";
  REQUIRE(fixture.call("POST", "/api/v2/write?bucket=temperature&precision=s", lines).status ==
          204);
  const Reply reply = fixture.call("POST", kQuery, dump_json(Json{{"query", kFailsLate}}));
  CHECK(reply.status == 200);
  CHECK(reply.streamed);
  const size_t table = reply.body.find("error,reference\r\n");
  REQUIRE(table != std::string::npos);
  CHECK(reply.body.find("error,reference", table + 1) == std::string::npos);
  CHECK(reply.body.find("column \"\"nope\"\" does not exist", table) != std::string::npos);
}

TEST_CASE("a query answers with typed columns to those who accept them, as wide as their chart") {
  ApiFixture fixture;
  std::string lines;
  for (int i = 0; i < 1000; i++)
    lines += "m f=" + std::to_string(i) + " " + std::to_string(1767225600 + i) + "\n";
  REQUIRE(fixture.call("POST", "/api/v2/write?bucket=temperature&precision=s", lines).status ==
          204);
  const std::string script = R"(from(bucket: "temperature"))"
                             " |> range(start: 2026-01-01T00:00:00Z, stop: 2026-01-02T00:00:00Z)";
  auto ask = [&](const std::string& path) {
    return fixture.call("POST", path, script,
                        {{"Authorization", "Token operator-token"},
                         {"Content-Type", "application/vnd.flux"},
                         {"Accept", "application/vnd.weir.columns, text/csv;q=0.5"}});
  };
  const Reply all = ask(kQuery);
  CHECK(all.status == 200);
  CHECK(all.headers.get("Content-Type") == "application/vnd.weir.columns");
  CHECK(all.body.find("\"rows\":1000") != std::string::npos);
  CHECK(all.body.find("{\"end\":true}") != std::string::npos);
  const Reply few = ask(std::string(kQuery) + "&points=100");
  CHECK(few.status == 200);
  CHECK(few.body.size() < all.body.size() / 10);
  CHECK(ask(std::string(kQuery) + "&points=-1").status == 400);
}

TEST_CASE("a query has the limits that were configured") {
  ApiFixture fixture(true, {}, {.duration_ms_max = -1});
  const std::string script = "from(bucket: \"temperature\") |> range(start: -1h)";
  const Reply reply = fixture.call("POST", kQuery, dump_json(Json{{"query", script}}));
  CHECK(reply.error().find("deadline") != std::string::npos);
}

TEST_CASE("a query answers with annotated CSV as its dialect asks") {
  ApiFixture fixture;
  REQUIRE(fixture
              .call("POST", "/api/v2/write?bucket=temperature&precision=s",
                    "home,room=hall t=21.5 1767225600")
              .status == 204);
  const std::string script = R"(from(bucket: "temperature"))"
                             " |> range(start: 2026-01-01T00:00:00Z, stop: 2026-01-02T00:00:00Z)";
  Reply raw = fixture.call(
      "POST", kQuery, script,
      {{"Authorization", "Token operator-token"}, {"Content-Type", "application/vnd.flux"}});
  CHECK_MESSAGE(raw.status == 200, raw.body);
  CHECK(raw.headers.get("Content-Type") == "text/csv; charset=utf-8");
  CHECK(raw.body.starts_with(",result,table,_start,_stop,_time,_value,_field,_measurement,room"));
  CHECK(raw.body.find("21.5,t,home,hall") != std::string::npos);

  const std::string body = dump_json(
      Json{{"query", script}, {"dialect", {{"annotations", {"datatype", "group", "default"}}}}});
  Reply annotated = fixture.call("POST", kQuery, body);
  CHECK_MESSAGE(annotated.body.starts_with("#datatype,string,long,dateTime:RFC3339"),
                annotated.body);
  CHECK(fixture
            .call("POST", kQuery, body,
                  {{"Authorization", "Token operator-token"}, {"Prefer", "return-no-content"}})
            .status == 204);
}

TEST_CASE("a query that cannot run is an HTTP error") {
  ApiFixture fixture;
  auto error = [&](const std::string& script) {
    return fixture.call("POST", kQuery, dump_json(Json{{"query", script}})).error();
  };
  CHECK(error("from(bucket: ").starts_with("400 invalid: "));
  CHECK(error("nobody()").starts_with("400 invalid: compilation failed: "));
  CHECK(error(R"(from(bucket: "none") |> range(start: -1h))").starts_with("404 not found: "));
  CHECK(fixture.anonymous("POST", kQuery, "{}").status == 401);
  CHECK(fixture.call("POST", "/api/v2/query?org=none", "{}").error() ==
        "404 not found: organization name \"none\" not found");
}

TEST_CASE("a query sees only what its caller may read") {
  ApiFixture fixture;
  const std::string reader = fixture.make_token(
      R"([{"action":"read","resource":{"type":"buckets","id":")" + fixture.bucket_id + R"("}}])");
  const std::string all = dump_json(Json{{"query", "buckets() |> keep(columns: [\"name\"])"}});
  Reply own = fixture.call("POST", kQuery, all, fixture.as(reader));
  CHECK_MESSAGE(own.status == 200, own.body);
  CHECK(own.body.find("temperature") != std::string::npos);
  CHECK(own.body.find("_tasks") == std::string::npos);
  CHECK(fixture.call("POST", kQuery, all).body.find("_tasks") != std::string::npos);
  const std::string other =
      dump_json(Json{{"query", R"(from(bucket: "_tasks") |> range(start: -1h))"}});
  CHECK(fixture.call("POST", kQuery, other, fixture.as(reader)).status == 404);
  CHECK(fixture.call("POST", kQuery, other).status == 200);
}

TEST_CASE("a script is taken apart and its mistakes are listed") {
  ApiFixture fixture;
  Reply ast = fixture.call("POST", "/api/v2/query/ast", R"({"query":"x = 1"})");
  CHECK_MESSAGE(ast.status == 200, ast.body);
  CHECK(ast.json()["ast"]["type"] == "Package");
  CHECK(fixture.call("POST", "/api/v2/query/analyze", R"({"query":"x = 1"})").body ==
        R"({"errors":[]})");
  Json errors = fixture.call("POST", "/api/v2/query/analyze", R"({"query":"x = 1\ny = ("})").json();
  REQUIRE(!errors["errors"].empty());
  CHECK(errors["errors"][0]["line"] == 2);
  errors = fixture
               .call("POST", "/api/v2/query/analyze",
                     R"x({"query":"x = 1 + \"a\"\ny = nobody(z: v.a)\nz = now(w: params.b)"})x")
               .json();
  REQUIRE(errors["errors"].size() == 3);
  CHECK(errors["errors"][0]["column"] == 9);
  CHECK(errors["errors"][0]["message"] == "expected int but found string");
  CHECK(errors["errors"][1]["message"] == "undefined identifier nobody");
  CHECK(errors["errors"][2]["line"] == 3);
}

TEST_CASE("functions of the language are suggested with their parameters") {
  ApiFixture fixture;
  const Json all = fixture.call("GET", "/api/v2/query/suggestions", "").json();
  CHECK(all["funcs"].size() > 100);
  const Reply one = fixture.call("GET", "/api/v2/query/suggestions/aggregateWindow", "");
  CHECK_MESSAGE(one.status == 200, one.body);
  CHECK(one.json()["name"] == "aggregateWindow");
  CHECK(one.json()["params"]["every"] == "duration");
  CHECK(one.json()["params"]["fn"] == "function");
  CHECK(one.json()["params"]["tables"] == "stream");
  CHECK(std::find(all["funcs"].begin(), all["funcs"].end(), one.json()) != all["funcs"].end());
  CHECK(fixture.call("GET", "/api/v2/query/suggestions/nobody", "").status == 404);
}

TEST_CASE("a query reads its parameters as the record params, and never as code") {
  ApiFixture fixture;
  const std::string script =
      "import \"array\" array.from(rows: [{s: params.s, n: params.n + 1, x: params.x / 2.0,"
      " b: params.o.list[1]}])";
  auto ask = [&](const Json& params) {
    return fixture.call("POST", kQuery, dump_json(Json{{"query", script}, {"params", params}}));
  };
  const Reply reply =
      ask(Json{{"s", "a\" |> die()"}, {"n", 41}, {"x", 1.5}, {"o", {{"list", {false, true}}}}});
  CHECK_MESSAGE(reply.status == 200, reply.body);
  CHECK(reply.body.find("\"a\"\" |> die()\",42,0.75,true") != std::string::npos);
  CHECK(ask(Json{{"s", nullptr}}).error() ==
        "400 invalid: compilation failed: params.s: wanted a string, number, boolean, array or "
        "object");
  CHECK(ask(Json{{"s", 1}}).error().find("record is missing label n") != std::string::npos);
  CHECK(ask(Json::array({1})).error().find("params: wanted an object") != std::string::npos);
}

}  // namespace
}  // namespace weir::api
