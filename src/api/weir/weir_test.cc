#include "api/api_fixture_test.h"
#include "base/base64.h"
#include "ingest/pipeline.h"
#include "ingest/rules.h"

namespace weir::api {
namespace {

TEST_CASE("info tells what the server is") {
  ApiFixture fixture;
  CHECK(fixture.call("GET", "/api/v2/weir/info").body ==
        R"({"version":"0.1.0","commit":"abc","startedAt":"2026-01-01T00:00:00Z","org":"home",)"
        R"("orgID":")" +
            fixture.org_id +
            R"(","defaultBucket":"temperature","httpListen":"127.0.0.1:8086",)"
            R"("mqttListen":"127.0.0.1:1883",)"
            R"("mqttListeners":[{"name":"mqtt.listen","url":"mqtt://127.0.0.1:1883"}],)"
            R"("anonymousMqtt":true})");
  CHECK(fixture.anonymous("GET", "/api/v2/weir/info").status == 401);
}

TEST_CASE("the schema is asked for by kind, time and filters") {
  ApiFixture fixture;
  REQUIRE(fixture
              .call("POST", "/api/v2/write?bucket=temperature&precision=s",
                    "home,room=hall t=1 1767225000\nhome,room=attic t=1,h=2 1767225599\n"
                    "garden,bed=a w=1i 1767225599\n")
              .status == 204);
  auto values = [&](Json question) {
    question["bucketID"] = fixture.bucket_id;
    Reply reply = fixture.call("POST", "/api/v2/weir/schema", dump_json(question));
    return reply.status == 200 ? dump_json(reply.json()["values"]) : reply.error();
  };
  CHECK(values({{"what", "measurements"}}) == R"(["garden","home"])");
  CHECK(values({{"what", "fields"}, {"measurement", "home"}}) == R"(["h","t"])");
  CHECK(values({{"what", "tagValues"}, {"tagKey", "room"}}) == R"(["attic","hall"])");
  // The index knows which series a shard group has, and which fields a measurement has there.
  CHECK(values({{"what", "tagValues"}, {"tagKey", "room"}, {"tags", {{"room", {"hall"}}}}}) ==
        R"(["hall"])");
  CHECK(values({{"what", "tagValues"}, {"tagKey", "room"}, {"tags", {{"room", {"x", "attic"}}}}}) ==
        R"(["attic"])");
  CHECK(values({{"what", "measurements"}, {"field", "w"}}) == R"(["garden"])");
  CHECK(values({{"what", "tagKeys"}, {"measurement", "garden"}}).find("\"bed\"") !=
        std::string::npos);
  CHECK(values({{"what", "measurements"}, {"stop", "2025-12-01T00:00:00Z"}}) == "[]");
  CHECK(values({{"what", "measurements"}, {"start", "-1d2h"}, {"stop", "now"}}) ==
        R"(["garden","home"])");

  CHECK(values({{"what", "cakes"}}).starts_with("400 invalid: what is invalid"));
  CHECK(values({{"what", "tagValues"}}) == "400 invalid: tagValues needs a tagKey");
  CHECK(values({{"what", "fields"}, {"start", "-1x"}}).starts_with("400 invalid: start is"));
  CHECK(values({{"what", "fields"}, {"start", "-99999999999w"}}).starts_with("400"));
  CHECK(values({{"what", "fields"}, {"tags", {"room"}}}) == "400 invalid: tags must be an object");
  CHECK(
      fixture.call("POST", "/api/v2/weir/schema", R"({"what":"fields","bucketID":"12"})").status ==
      400);
  const std::string other = fixture.make_token(
      R"([{"action":"read","resource":{"type":"orgs","id":")" + fixture.org_id + R"("}}])");
  CHECK(fixture
            .call("POST", "/api/v2/weir/schema",
                  dump_json(Json{{"what", "fields"}, {"bucketID", fixture.bucket_id}}),
                  fixture.as(other))
            .error() == "404 not found: bucket not found");
}

TEST_CASE("statistics count what each bucket holds") {
  ApiFixture fixture;
  REQUIRE(fixture
              .call("POST", "/api/v2/write?bucket=temperature&precision=s",
                    "home t=1,h=2 1767225000\nhome t=2 1767225001")
              .status == 204);
  Json statistics = fixture.call("GET", "/api/v2/weir/statistics").json();
  REQUIRE(statistics["buckets"].size() == 3);
  Json bucket = statistics["buckets"][0];
  CHECK(bucket["name"] == "temperature");
  CHECK(bucket["valuesWritten"] == 3);
  CHECK(bucket["firstTime"] == "2025-12-31T23:50:00Z");
  CHECK(bucket["lastTime"] == "2025-12-31T23:50:01Z");
  CHECK(statistics["buckets"][1]["firstTime"].is_null());
  CHECK(statistics["process"]["residentBytes"] > 1'000'000);
  CHECK(statistics["broker"].contains("messagesIn"));
  CHECK(statistics["ingest"]["deadLetters"] == 0);
}

TEST_CASE("cardinality tells what a bucket's series are made of") {
  ApiFixture fixture;
  REQUIRE(fixture
              .call("POST", "/api/v2/write?bucket=temperature&precision=s",
                    "home,room=hall t=1 1767225000\nhome,room=attic t=1,h=2 1767225599\n"
                    "garden,bed=a w=1i 1767225599\n")
              .status == 204);
  const std::string path = "/api/v2/weir/cardinality?bucketID=" + fixture.bucket_id;
  Json found = fixture.call("GET", path).json();
  CHECK(found["series"] == 3);
  CHECK(found["maxSeries"] == 0);
  CHECK(found["measurements"][0]["name"] == "home");
  CHECK(found["measurements"][0]["series"] == 2);
  CHECK(found["tags"][0]["key"] == "room");
  CHECK(found["tags"][0]["values"] == 2);
  found = fixture.call("GET", path + "&limit=1").json();
  CHECK(found["measurements"].size() == 1);
  CHECK(found["tagCount"] == 2);
  CHECK(fixture.call("GET", path + "&limit=0").status == 400);
  CHECK(fixture.call("GET", "/api/v2/weir/cardinality").status == 400);
  const std::string other = fixture.make_token(
      R"([{"action":"read","resource":{"type":"orgs","id":")" + fixture.org_id + R"("}}])");
  CHECK(fixture.call("GET", path, "", fixture.as(other)).error() ==
        "404 not found: bucket not found");
}

TEST_CASE("explain shows what a message becomes by given rules or automatically") {
  ApiFixture fixture;
  auto explain = [&](const Json& question) {
    return fixture.call("POST", "/api/v2/weir/map/explain", dump_json(question));
  };
  Reply automatic = explain({{"topic", "home/temperature"}, {"payload", "21.5"}});
  CHECK_MESSAGE(automatic.status == 200, automatic.body);
  CHECK(automatic.headers.get("Content-Type") == "application/json; charset=utf-8");
  REQUIRE(automatic.json()["points"].size() == 1);
  CHECK(automatic.json()["dropped"].is_null());
  Reply encoded = explain({{"topic", "home/temperature"}, {"payloadBase64", base64("21.5")}});
  CHECK(encoded.body == automatic.body);
  CHECK(!explain({{"topic", "a"}, {"payload", "{\"half\":"}}).json()["dropped"].is_null());

  CHECK(explain({{"topic", "a/#"}, {"payload", "1"}}).status == 400);
  CHECK(explain({{"payload", "1"}}).status == 400);
  CHECK(explain({{"topic", "a"}, {"payloadBase64", "?"}}).error() ==
        "400 invalid: payloadBase64 is not base64");
  CHECK(explain({{"topic", "a"}, {"payload", "1"}, {"rules", "[[map"}}).status == 400);
  CHECK(fixture.call("GET", "/api/v2/weir/map/dead-letters").body ==
        R"({"deadLetters":[],"total":0})");
  CHECK(fixture.call("GET", "/api/v2/weir/map/dead-letters?limit=0").status == 400);
  CHECK(fixture.call("GET", "/api/v2/weir/clients").body ==
        R"({"clients":[],"matching":0,"connected":0,"kept":0})");
}

TEST_CASE("dead letters come newest first, to those who may see messages") {
  ApiFixture fixture;
  const auto bucket = static_cast<BucketId>(*id_from_text(fixture.bucket_id));
  auto pipeline =
      ingest::Pipeline::make(*fixture.store, fixture.clock, ingest::RuleSet::automatic_only(),
                             [bucket](std::string_view) { return std::optional(bucket); });
  Context context{.meta = *fixture.meta,
                  .store = *fixture.store,
                  .queries = fixture.queries,
                  .workers = fixture.workers,
                  .passwords = fixture.passwords,
                  .clock = fixture.clock,
                  .info = {},
                  .pipeline = pipeline.get()};
  Api api(context);
  http::Router router;
  api.mount(router);
  for (const char* payload : {"{\"half\":", "\xff\xfe"}) {
    auto message = std::make_shared<mqtt::Message>();
    message->topic = "a/b";
    message->payload = payload;
    message->received_ns = meta::kTestNowNs;
    const std::vector<mqtt::MessagePtr> batch = {message};
    pipeline->accept(batch, [](Result<void>) {});
  }
  http::Request request;
  request.method = "GET";
  request.path = "/api/v2/weir/map/dead-letters";
  request.headers.set("Authorization", "Token operator-token");
  auto responder = std::make_shared<FakeResponder>();
  router.handle(request, responder);
  Json letters = responder->wait().json();
  CHECK(letters["total"] == 2);
  REQUIRE(letters["deadLetters"].size() == 2);
  CHECK(letters["deadLetters"][1]["payload"] == "{\"half\":");
  CHECK(letters["deadLetters"][0]["time"] == "2026-01-01T00:00:00Z");
  CHECK(!letters["deadLetters"][0]["reason"].get<std::string>().empty());

  request.headers.set(
      "Authorization",
      "Token " + fixture.make_token(R"([{"action":"read","resource":{"type":"buckets","id":")" +
                                    fixture.bucket_id + R"("}}])"));
  responder = std::make_shared<FakeResponder>();
  router.handle(request, responder);
  CHECK(responder->wait().error() == "403 forbidden: insufficient permissions to see messages");
}

TEST_CASE("base64 goes there and back") {
  CHECK(base64("") == "");
  CHECK(base64("f") == "Zg==");
  CHECK(base64("foobar") == "Zm9vYmFy");
  for (size_t size = 0; size < 10; size++) {
    const std::string bytes(size, '\xfb');
    CHECK(decode_base64(base64(bytes)) == bytes);
  }
  CHECK(decode_base64("Zg") == "f");
  for (const char* bad : {"Z", "Zg===", "Z g=", "Zg=Zg", "Z\ng="})
    CHECK_MESSAGE(!decode_base64(bad).has_value(), bad);
}

}  // namespace
}  // namespace weir::api
