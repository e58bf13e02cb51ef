// The broker's clients and retained messages, asked for through the API with real clients.
#include "mqtt/broker.h"
#include "api/api_fixture_test.h"
#include "base/log.h"
#include "mqtt/publisher.h"
#include "net/io_threads.h"

namespace weir::api {
namespace {

struct BrokerFixture : ApiFixture {
  BrokerFixture() {
    log::set_level(log::Level::warn);
    auto opened = broker->listen({"127.0.0.1", 0}, std::make_shared<mqtt::ListenerPolicy>());
    REQUIRE(opened.ok());
    listener = std::move(*opened);
    own_api.mount(own_router);
  }
  ~BrokerFixture() {
    listener->stop();
    broker->stop();
    threads.stop();
  }
  std::unique_ptr<mqtt::Publisher> connect(const std::string& client_id) {
    mqtt::PublisherOptions to;
    to.port = listener->port();
    to.client_id = client_id;
    auto publisher = mqtt::Publisher::connect(to);
    REQUIRE(publisher.ok());
    return std::move(*publisher);
  }
  const HeaderList operator_token = {{"Authorization", "Token operator-token"}};
  Reply ask(std::string_view method, std::string_view target) {
    return ask(method, target, operator_token);
  }
  Reply ask(std::string_view method, std::string_view target, const HeaderList& headers,
            std::string body = {}) {
    http::Request request;
    request.method = method;
    request.target = target;
    const size_t question = std::min(target.find('?'), target.size());
    request.path = target.substr(0, question);
    if (question < target.size())
      request.query = http::Parameters::parse(target.substr(question + 1));
    for (const auto& [name, value] : headers) request.headers.add(name, value);
    request.body = std::move(body);
    auto responder = std::make_shared<FakeResponder>();
    own_router.handle(std::move(request), responder);
    return responder->wait();
  }
  // May read every bucket, and no more.
  HeaderList reader() {
    return as(make_token(R"([{"action":"read","resource":{"type":"buckets","orgID":")" + org_id +
                         R"("}}])"));
  }

  net::IoThreads threads{2};
  std::unique_ptr<mqtt::Broker> broker =
      *mqtt::Broker::make(threads, clock, mqtt::BrokerOptions{}, {});
  std::unique_ptr<net::Listener> listener;
  Context own_context{.meta = *meta,
                      .store = *store,
                      .queries = queries,
                      .workers = workers,
                      .passwords = passwords,
                      .clock = clock,
                      .info = {},
                      .broker = broker.get()};
  http::Router own_router;
  Api own_api{own_context};
};

TEST_CASE("clients are listed, shown and disconnected") {
  BrokerFixture fixture;
  auto lamp = fixture.connect("lamp/1");
  auto plug = fixture.connect("plug");
  Json page = fixture.ask("GET", "/api/v2/weir/clients?sort=clientID&limit=1").json();
  CHECK(page["matching"] == 2);
  CHECK(page["connected"] == 2);
  CHECK(page["kept"] == 0);
  REQUIRE(page["clients"].size() == 1);
  Json client = page["clients"][0];
  CHECK(client["clientID"] == "lamp/1");
  CHECK(client["connected"] == true);
  CHECK(client["connectedAt"] == "2026-01-01T00:00:00Z");
  CHECK(client["disconnectedAt"].is_null());
  CHECK(client["listener"] == "mqtt.listen");
  CHECK(client["rates"]["messagesIn"] == 0.0);

  Json one = fixture.ask("GET", "/api/v2/weir/clients/detail?clientID=lamp%2F1").json();
  CHECK(one["clientID"] == "lamp/1");
  CHECK(one["subscriptions"].empty());
  CHECK(one["will"].is_null());
  CHECK(fixture.ask("GET", "/api/v2/weir/clients/detail?clientID=gone").error() ==
        "404 not found: client not found");
  CHECK(fixture.ask("GET", "/api/v2/weir/clients/detail").error() ==
        "400 invalid: clientID is missing");

  CHECK(fixture.ask("DELETE", "/api/v2/weir/clients?clientID=plug&session=end").status == 204);
  CHECK(fixture.ask("GET", "/api/v2/weir/clients?text=PLUG").json()["matching"] == 0);
  CHECK(fixture.ask("DELETE", "/api/v2/weir/clients?clientID=plug").status == 404);

  for (const char* bad : {"limit=0", "limit=1001", "offset=-1", "sort=shoes", "state=asleep"})
    CHECK_MESSAGE(fixture.ask("GET", std::string("/api/v2/weir/clients?") + bad).status == 400,
                  bad);
}

TEST_CASE("retained messages are paged, shown whole and deleted") {
  BrokerFixture fixture;
  auto publisher = fixture.connect("lamp");
  REQUIRE(publisher->publish("home/a", "21", 1, true).ok());
  REQUIRE(publisher->publish("home/b", "\xff\xfe", 1, true).ok());
  REQUIRE(publisher->publish("home/c", std::string(1000, 'x'), 1, true).ok());
  Json page = fixture.ask("GET", "/api/v2/weir/retained?filter=home/%23&limit=2").json();
  REQUIRE(page["messages"].size() == 2);
  CHECK(page["more"] == true);
  CHECK(page["messages"][0]["topic"] == "home/a");
  CHECK(page["messages"][0]["payload"] == "21");
  CHECK(page["messages"][0]["clientID"] == "lamp");
  CHECK(page["messages"][0]["time"] == "2026-01-01T00:00:00Z");
  CHECK(page["messages"][0]["expiresAt"].is_null());
  CHECK(page["messages"][1]["payload"].is_null());
  CHECK(page["messages"][1]["payloadBase64"] == "//4=");
  page = fixture.ask("GET", "/api/v2/weir/retained?filter=home/%23&after=home/b").json();
  REQUIRE(page["messages"].size() == 1);
  CHECK(page["more"] == false);
  CHECK(page["messages"][0]["cut"] == true);
  CHECK(page["messages"][0]["payloadBytes"] == 1000);
  Json whole = fixture.ask("GET", "/api/v2/weir/retained/message?topic=home/c").json();
  CHECK(whole["payload"] == std::string(1000, 'x'));
  CHECK(whole["cut"] == false);

  CHECK(fixture.ask("DELETE", "/api/v2/weir/retained?topic=home/a").body == R"({"deleted":1})");
  CHECK(fixture.ask("DELETE", "/api/v2/weir/retained?topic=home/a").status == 404);
  CHECK(fixture.ask("GET", "/api/v2/weir/retained/message?topic=home/a").status == 404);
  CHECK(fixture.ask("DELETE", "/api/v2/weir/retained?filter=home/%23").body == R"({"deleted":2})");
  CHECK(fixture.ask("GET", "/api/v2/weir/retained?filter=home/%23").json()["messages"].empty());
  CHECK(fixture.ask("DELETE", "/api/v2/weir/retained").error() ==
        "400 invalid: give either topic or filter");
  CHECK(fixture.ask("GET", "/api/v2/weir/retained?filter=a%23").status == 400);
}

TEST_CASE("what a filter and a text find together is deleted, and nothing beside it") {
  BrokerFixture fixture;
  auto publisher = fixture.connect("hub");
  for (const char* topic :
       {"home/hall/Lamp", "home/hall/lamp/state", "home/hall/fan", "home/attic/lamp", "yard/lamp"})
    REQUIRE(publisher->publish(topic, "1", 1, true).ok());
  const std::string retained = "/api/v2/weir/retained?";
  const std::string below_hall = retained + "filter=home/hall/%23&text=lamp";
  CHECK(fixture.ask("GET", below_hall).json()["messages"].size() == 2);
  CHECK(fixture.ask("DELETE", retained + "topic=home/hall/fan&text=lamp").error() ==
        "400 invalid: text narrows a filter: give no topic with it");
  CHECK(fixture.ask("DELETE", retained + "text=lamp").status == 400);
  CHECK(fixture.ask("DELETE", below_hall).body == R"({"deleted":2})");
  CHECK(fixture.ask("DELETE", below_hall).body == R"({"deleted":0})");
  std::vector<std::string> left;
  const Json all = fixture.ask("GET", retained).json();
  for (const Json& message : all["messages"])
    if (!message["topic"].get<std::string>().starts_with("$")) left.push_back(message["topic"]);
  CHECK(left == std::vector<std::string>{"home/attic/lamp", "home/hall/fan", "yard/lamp"});
}

TEST_CASE("what a client says is traced while a trace for it runs") {
  BrokerFixture fixture;
  auto other = fixture.connect("other");
  Reply started = fixture.ask("POST", "/api/v2/weir/traces", fixture.operator_token,
                              R"({"clientID":"lamp","seconds":60,"withPayload":true})");
  REQUIRE_MESSAGE(started.status == 201, started.body);
  CHECK(started.json()["endsAt"] == "2026-01-01T00:01:00Z");
  auto lamp = fixture.connect("lamp");
  REQUIRE(other->publish("home/b", "1", 1, false).ok());
  REQUIRE(lamp->publish("home/a", "21", 1, false).ok());
  Json trace = fixture.ask("GET", "/api/v2/weir/traces/1").json();
  CHECK(trace["running"] == true);
  CHECK(trace["packets"] == 4);
  REQUIRE(trace["lines"].size() == 4);
  const char* packets[] = {"CONNECT", "CONNACK", "PUBLISH", "PUBACK"};
  for (size_t i = 0; i < 4; i++) {
    CHECK(trace["lines"][i]["packet"] == packets[i]);
    CHECK(trace["lines"][i]["from"] == (i % 2 == 0 ? "client" : "broker"));
    CHECK(trace["lines"][i]["clientID"] == "lamp");
  }
  CHECK(trace["lines"][2]["text"] == "home/a, QoS 1, id 1, payload 2 B");
  CHECK(trace["lines"][2]["payload"] == "21");
  CHECK(fixture.ask("GET", "/api/v2/weir/traces/1?after=3").json()["lines"].size() == 1);
  CHECK(fixture.ask("DELETE", "/api/v2/weir/traces/1").status == 204);
  REQUIRE(lamp->publish("home/a", "22", 1, false).ok());
  CHECK(fixture.ask("GET", "/api/v2/weir/traces/1").json()["packets"] == 4);
  CHECK(fixture.ask("GET", "/api/v2/weir/traces").json()["traces"].size() == 1);

  for (const char* bad : {R"({})", R"({"clientID":"a","filter":"b"})", R"({"filter":"a#"})",
                          R"({"clientID":"a","seconds":0})", R"({"clientID":"a","seconds":3601})"})
    CHECK_MESSAGE(
        fixture.ask("POST", "/api/v2/weir/traces", fixture.operator_token, bad).status == 400, bad);
  CHECK(fixture.ask("GET", "/api/v2/weir/traces/2").status == 404);
  CHECK(fixture.ask("DELETE", "/api/v2/weir/traces/x").status == 404);
  CHECK(
      fixture.ask("POST", "/api/v2/weir/traces", fixture.reader(), R"({"clientID":"a"})").status ==
      403);
}

TEST_CASE("who may read the buckets sees clients and retained messages and changes neither") {
  BrokerFixture fixture;
  auto publisher = fixture.connect("lamp");
  REQUIRE(publisher->publish("home/a", "21", 1, true).ok());
  const auto reader = fixture.reader();
  CHECK(fixture.ask("GET", "/api/v2/weir/clients", reader).status == 200);
  CHECK(fixture.ask("GET", "/api/v2/weir/retained", reader).status == 200);
  CHECK(fixture.ask("DELETE", "/api/v2/weir/clients?clientID=lamp", reader).error() ==
        "403 forbidden: insufficient permissions to act on the broker");
  CHECK(fixture.ask("DELETE", "/api/v2/weir/retained?topic=home/a", reader).status == 403);
  const auto nothing = fixture.as(fixture.make_token(
      R"([{"action":"read","resource":{"type":"orgs","id":")" + fixture.org_id + R"("}}])"));
  for (const char* path :
       {"clients", "clients/detail?clientID=lamp", "retained", "retained/message?topic=home/a"})
    CHECK(fixture.ask("GET", std::string("/api/v2/weir/") + path, nothing).status == 403);
  CHECK(fixture.ask("GET", "/api/v2/weir/clients", {}).status == 401);
}

}  // namespace
}  // namespace weir::api
