#include <thread>

#include "api/api_fixture_test.h"
#include "api/live/live_hub.h"
#include "api/live/live_reader.h"

namespace weir::api {
namespace {

mqtt::MessagePtr message(std::string topic, std::string payload, int64_t time_ms = 1'000) {
  auto made = std::make_shared<mqtt::Message>();
  made->topic = std::move(topic);
  made->payload = std::move(payload);
  made->received_ns = time_ms * 1'000'000;
  return made;
}

void add(LiveTopics& topics, std::string topic, std::string payload) {
  const mqtt::MessagePtr one = message(std::move(topic), std::move(payload));
  topics.add({&one, 1});
}

Json json(const std::string& text) {
  Result<Json> parsed = parse_json(text);
  REQUIRE_MESSAGE(parsed.ok(), text);
  return *parsed;
}

TEST_CASE("a reader first gets the topics, then what arrives") {
  LiveTopics topics;
  add(topics, "temperature", "16");
  add(topics, "temperature", "17");
  add(topics, "humidity", "40");
  LiveReader reader(topics);
  CHECK(reader.snapshot() ==
        R"({"type":"snapshot","topics":[)"
        R"({"topic":"temperature","payload":"17","time":1000,"count":2,"qos":0,"retain":false},)"
        R"({"topic":"humidity","payload":"40","time":1000,"count":1,"qos":0,"retain":false}]})");
  CHECK(reader.next_frame().empty());
  add(topics, "temperature", "18");
  add(topics, "temperature", "19");
  CHECK(
      reader.next_frame() ==
      R"({"type":"messages","messages":[)"
      R"({"topic":"temperature","payload":"18","time":1000,"qos":0,"retain":false},)"
      R"({"topic":"temperature","payload":"19","time":1000,"qos":0,"retain":false}],"skipped":0})");
  CHECK(reader.next_frame().empty());
}

TEST_CASE("a payload that is not text comes as base64, a long one is cut between characters") {
  LiveTopics topics;
  add(topics, "bytes", std::string("\xff\x00\x01", 3));
  add(topics, "long", std::string(LiveTopics::kPayloadHeadBytes - 1, 'x') + "€uro");
  add(topics, "long-bytes", std::string(LiveTopics::kPayloadHeadBytes + 1, '\xfe'));
  add(topics, "surrogate", "\xed\xa0\x80");
  add(topics, "unfinished", "a\xe2\x82");
  add(topics, "text", "grüße 👋 \"quoted\"\n");
  LiveReader reader(topics);
  const Json shown = json(reader.snapshot())["topics"];
  REQUIRE(shown.size() == 6);
  CHECK(shown[0]["payload"].is_null());
  CHECK(shown[0]["payloadBase64"] == "/wAB");
  CHECK(!shown[0].contains("cut"));
  CHECK(shown[1]["payload"] == std::string(LiveTopics::kPayloadHeadBytes - 1, 'x'));
  CHECK(shown[1]["cut"] == true);
  CHECK(shown[2]["payload"].is_null());
  CHECK(shown[2]["cut"] == true);
  CHECK(shown[3]["payloadBase64"] == "7aCA");
  CHECK(shown[4]["payloadBase64"] == "YeKC");
  CHECK(shown[5]["payload"] == "grüße 👋 \"quoted\"\n");
}

TEST_CASE("of a flood the newest of each topic is sent and the rest counted") {
  LiveTopics topics;
  LiveReader reader(topics);
  reader.snapshot();
  for (int i = 0; i < 6000; i++) add(topics, "t" + std::to_string(i % 20), std::to_string(i));
  Json frame = json(reader.next_frame());
  CHECK(frame["messages"].size() == 20);
  CHECK(frame["skipped"] == 5980);
  CHECK(frame["messages"][19]["payload"] == "5999");
  CHECK(reader.next_frame().empty());
  add(topics, "t1", "after");
  CHECK(json(reader.next_frame())["messages"][0]["payload"] == "after");
}

TEST_CASE("more topics than a frame holds come with the frames that follow") {
  LiveTopics topics;
  LiveReader reader(topics);
  reader.snapshot();
  for (int i = 0; i < 1200; i++) add(topics, "t" + std::to_string(i), "x");
  size_t sent = 0, frames = 0;
  std::vector<bool> seen(1200);
  while (true) {
    const std::string text = reader.next_frame();
    if (text.empty()) break;
    frames++;
    const Json messages = json(text)["messages"];
    CHECK(messages.size() <= LiveReader::kMessagesPerFrameMax);
    for (const Json& one : messages) {
      seen[std::stoul(one["topic"].get<std::string>().substr(1))] = true;
      sent++;
    }
  }
  CHECK(frames == 3);
  CHECK(sent == 1200);
  CHECK(std::find(seen.begin(), seen.end(), false) == seen.end());
}

TEST_CASE("the table of topics is bounded; what has no room is still seen as it arrives") {
  LiveTopics topics;
  add(topics, std::string(LiveTopics::kTopicBytesMax + 1, 't'), "too long a name");
  CHECK(topics.newest() == 0);
  for (size_t i = 0; i < LiveTopics::kTopicsMax + 50; i++)
    add(topics, "t" + std::to_string(i), "x");
  LiveReader reader(topics);
  CHECK(json(reader.snapshot())["topics"].size() == LiveTopics::kTopicsMax);
  add(topics, "one-too-many", "y");
  CHECK(json(reader.next_frame())["messages"][0]["topic"] == "one-too-many");
}

TEST_CASE("a filter narrows what is sent; what is no filter changes nothing") {
  LiveTopics topics;
  LiveReader reader(topics);
  reader.snapshot();
  CHECK(reader.take_command(R"({"filter":"home/#"})"));
  add(topics, "home/kitchen", "1");
  add(topics, "garden", "2");
  Json frame = json(reader.next_frame());
  REQUIRE(frame["messages"].size() == 1);
  CHECK(frame["messages"][0]["topic"] == "home/kitchen");
  CHECK(frame["skipped"] == 0);
  for (const char* bad :
       {"", "{", "[]", "{}", R"({"filter":7})", R"({"filter":""})", R"({"filter":"a/#/b"})"})
    CHECK_MESSAGE(!reader.take_command(bad), bad);
  add(topics, "garden", "3");
  CHECK(reader.next_frame().empty());
}

TEST_CASE("writers and readers at once lose no topic's newest message") {
  LiveTopics topics;
  constexpr int kWriters = 3, kMessages = 5'000;
  std::atomic<int> writing = kWriters;
  std::vector<std::thread> writers;
  for (int writer = 0; writer < kWriters; writer++) {
    writers.emplace_back([&, writer] {
      for (int i = 0; i < kMessages; i++)
        add(topics, std::to_string(writer) + "/" + std::to_string(i % 7), std::to_string(i));
      writing--;
    });
  }
  std::map<std::string, std::string> newest;
  uint64_t counted = 0;
  LiveReader reader(topics);
  const Json first = json(reader.snapshot())["topics"];
  for (const Json& topic : first) {
    newest[topic["topic"]] = topic["payload"];
    counted += topic["count"].get<uint64_t>();
  }
  while (true) {
    const bool last = writing == 0;
    const std::string text = reader.next_frame();
    if (!text.empty()) {
      const Json frame = json(text);
      for (const Json& one : frame["messages"]) newest[one["topic"]] = one["payload"];
      counted += frame["messages"].size() + frame["skipped"].get<uint64_t>();
    } else if (last) {
      break;
    }
  }
  for (std::thread& writer : writers) writer.join();
  REQUIRE(newest.size() == kWriters * 7);
  for (const auto& [topic, payload] : newest) {
    const int slot = topic.back() - '0';
    CHECK(payload == std::to_string(kMessages - 1 - (kMessages - 1 - slot) % 7));
  }
  CHECK(counted >= uint64_t{kWriters} * kMessages);
}

// One loop that the test turns by hand.
class FakeIoThread final : public net::IoThread {
 public:
  void post(std::function<void()> task) override { task(); }
  TimerId after_ms(int64_t, std::function<void()> task) override {
    timers[++last] = std::move(task);
    return last;
  }
  void cancel(TimerId timer) override { timers.erase(timer); }
  void at_end_of_batch(std::function<void()> task) override { task(); }
  bool is_this_thread() const override { return true; }
  size_t index() const override { return 0; }
  void fire() {
    auto due = std::move(timers);
    timers.clear();
    for (auto& [id, task] : due) task();
  }
  TimerId last = 0;
  std::map<TimerId, std::function<void()>> timers;
};

class FakeSocket final : public http::WebSocket {
 public:
  explicit FakeSocket(FakeIoThread& thread) : thread_(thread) {}
  void send_text(std::string_view text) override { sent.emplace_back(text); }
  void send_binary(std::string_view) override { FAIL("only text is sent"); }
  size_t unsent_bytes() const override { return unsent; }
  void close(uint16_t code, std::string_view) override { closed_with = code; }
  net::IoThread& io_thread() override { return thread_; }
  const net::Peer& peer() const override { return peer_; }
  std::vector<std::string> sent;
  size_t unsent = 0;
  uint16_t closed_with = 0;

 private:
  FakeIoThread& thread_;
  net::Peer peer_;
};

TEST_CASE("the hub acknowledges at once and sends a frame with every tick") {
  LiveHub hub;
  FakeIoThread thread;
  auto socket = std::make_shared<FakeSocket>(thread);
  bool allowed = true;
  http::WebSocketEvents events = hub.open(socket, [&] { return allowed; });
  REQUIRE(socket->sent.size() == 1);
  CHECK(socket->sent[0] == R"({"type":"snapshot","topics":[]})");

  bool stored = false;
  const std::vector<mqtt::MessagePtr> batch = {message("a", "1"), message("$SYS/broker/x", "2")};
  hub.accept(batch, [&](Result<void> done) { stored = done.ok(); });
  CHECK(stored);
  thread.fire();
  REQUIRE(socket->sent.size() == 2);
  CHECK(json(socket->sent[1])["messages"].size() == 1);
  thread.fire();
  CHECK(socket->sent.size() == 2);

  socket->unsent = LiveHub::kUnsentBytesMax + 1;
  hub.accept(batch, [](Result<void>) {});
  thread.fire();
  CHECK(socket->sent.size() == 2);
  socket->unsent = 0;
  thread.fire();
  CHECK(socket->sent.size() == 3);

  events.on_message(R"({"filter":"b"})", true);
  hub.accept(batch, [](Result<void>) {});
  thread.fire();
  CHECK(socket->sent.size() == 3);
  for (int i = 0; i < 10; i++) events.on_message("nonsense", true);
  CHECK(socket->closed_with == 1008);
  events.on_closed();
  CHECK(thread.timers.empty());

  auto other = std::make_shared<FakeSocket>(thread);
  http::WebSocketEvents other_events = hub.open(other, [&] { return allowed; });
  allowed = false;
  thread.fire();
  CHECK(other->closed_with == 1008);
  other_events.on_closed();
}

TEST_CASE("the live view takes a caller who may read everything") {
  ApiFixture fixture;
  LiveHub hub;
  Context context{.meta = *fixture.meta,
                  .store = *fixture.store,
                  .queries = fixture.queries,
                  .workers = fixture.workers,
                  .passwords = fixture.passwords,
                  .clock = fixture.clock,
                  .info = {},
                  .live = &hub};
  Api api(context);
  http::Router router;
  api.mount(router);
  const http::WebSocketHandler* accept = router.find_websocket("/api/v2/weir/live");
  REQUIRE(accept != nullptr);
  auto status = [&](std::string_view query, ApiFixture::HeaderList headers) {
    http::Request request;
    request.method = "GET";
    request.path = "/api/v2/weir/live";
    request.query = http::Parameters::parse(query);
    for (auto& [name, value] : headers) request.headers.add(name, value);
    http::WebSocketAnswer answer = (*accept)(request);
    CHECK((answer.refuse_status != 0 || answer.opened != nullptr));
    return answer.refuse_status;
  };
  CHECK(status("", {}) == 401);
  CHECK(status("token=wrong", {}) == 401);
  CHECK(status("token=operator-token", {}) == 0);
  CHECK(status("", {{"Authorization", "Token operator-token"}}) == 0);
  const std::string narrow = fixture.make_token(
      R"([{"action":"read","resource":{"type":"buckets","id":")" + fixture.bucket_id + R"("}}])");
  CHECK(status("token=" + narrow, {}) == 403);
  Result<meta::NewSession> session =
      fixture.meta->sessions().begin(fixture.meta->users().find("alice")->id);
  REQUIRE(session.ok());
  CHECK(status("", {{"Cookie", "influxdb-oss-session=" + session->key}}) == 0);
}

}  // namespace
}  // namespace weir::api
