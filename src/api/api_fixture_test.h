// For tests of api/: a server without a network. Requests go through the real router and workers
// into the real resources, over a memory store and a metadata file of its own.
#pragma once

#include <doctest/doctest.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api/server_api.h"
#include "api/store_buckets.h"
#include "base/json.h"
#include "base/sync.h"
#include "base/workers.h"
#include "meta/testing.h"
#include "query/query.h"
#include "store/memory/memory_store.h"

namespace weir::api {

struct Reply {
  int status = 0;
  http::Headers headers;
  std::string body;
  bool streamed = false, aborted = false;

  // The body as JSON; fails the test if it is none.
  Json json() const {
    Result<Json> parsed = parse_json(body);
    REQUIRE_MESSAGE(parsed.ok(), body);
    return *parsed;
  }
  // "404 not found: bucket not found", and nothing but the envelope.
  std::string error() const {
    Json envelope = json();
    REQUIRE(envelope.size() == 2);
    const std::string code = envelope["code"];
    CHECK(headers.get("X-Platform-Error-Code") == code);
    CHECK(headers.get("Content-Type") == "application/json; charset=utf-8");
    return std::to_string(status) + " " + code + ": " + envelope["message"].get<std::string>();
  }
};

class FakeResponder final : public http::Responder {
 public:
  void send(int status, http::Headers headers, std::string body) override {
    finish_with([&](Reply& reply) {
      reply.status = status;
      reply.headers = std::move(headers);
      reply.body = std::move(body);
    });
  }
  void start(int status, http::Headers headers) override {
    auto state = state_.lock();
    state->reply.status = status;
    state->reply.headers = std::move(headers);
    state->reply.streamed = true;
  }
  bool write(std::string_view bytes) override {
    if (gone_) return false;
    state_.lock()->reply.body += bytes;
    return true;
  }
  void finish() override {
    finish_with([](Reply&) {});
  }
  void abort() override {
    finish_with([](Reply& reply) { reply.aborted = true; });
  }
  bool closed() const override { return gone_; }
  void on_closed(std::function<void()> callback) override { closed_ = std::move(callback); }

  // The client goes away.
  void leave() { gone_ = true; }
  bool is_answered() { return state_.lock()->done; }

  Reply wait() {
    auto state = state_.lock();
    state.wait(changed_, [&] { return state->done; });
    return state->reply;
  }

 private:
  struct State {
    Reply reply;
    bool done = false;
  };
  template <class Fill>
  void finish_with(Fill fill) {
    auto state = state_.lock();
    CHECK_MESSAGE(!state->done, "a request was answered twice");
    fill(state->reply);
    state->done = true;
    changed_.notify_all();
  }
  Guarded<State> state_;
  std::condition_variable changed_;
  std::function<void()> closed_;
  std::atomic<bool> gone_ = false;
};

struct ApiFixture {
  meta::TempDirectory directory;
  ManualClock clock{meta::kTestNowNs};
  std::unique_ptr<store::Store> store = store::make_memory_store(clock);
  StoreBuckets store_buckets{*store};
  std::unique_ptr<meta::Meta> meta;
  query::Engine queries{*store, clock};
  http::Router router;
  std::unique_ptr<Api> api;
  std::string org_id, bucket_id;
  std::string token = "operator-token";
  // Last: their threads stop before what they use goes.
  Workers workers{"test", 2, 16};
  Workers passwords{"test-passwords", 1, 16};

  explicit ApiFixture(bool set_up = true, std::span<const WebFile> files = {},
                      query::Limits limits = {}) {
    auto opened = meta::Meta::open(directory.file("meta.db"), store_buckets, clock);
    REQUIRE(opened.ok());
    meta = *std::move(opened);
    api = std::make_unique<Api>(
        Context{.meta = *meta,
                .store = *store,
                .queries = queries,
                .workers = workers,
                .passwords = passwords,
                .clock = clock,
                .info = {.version = "0.1.0",
                         .commit = "abc",
                         .started_ns = meta::kTestNowNs,
                         .mqtt_listen = "127.0.0.1:1883",
                         .mqtt_listeners = {{"mqtt.listen", "mqtt://127.0.0.1:1883"}},
                         .http_listen = [] { return std::string("127.0.0.1:8086"); },
                         .anonymous_mqtt = true},
                .query_limits = limits},
        files);
    api->mount(router);
    if (!set_up) return;
    auto done = meta::set_up(*meta, {.username = "alice",
                                     .password = "wonderland",
                                     .org = "home",
                                     .bucket = "temperature",
                                     .retention_ns = 0,
                                     .token = token});
    REQUIRE(done.ok());
    org_id = id_to_text(done->org->id);
    bucket_id = id_to_text(done->bucket->id);
  }

  using HeaderList = std::vector<std::pair<std::string, std::string>>;
  // As the operator, unless `headers` says otherwise.
  Reply call(std::string_view method, std::string_view target, std::string body = {},
             HeaderList headers = {{"Authorization", "Token operator-token"}}) {
    http::Request request;
    request.method = method;
    request.target = target;
    const size_t question = std::min(target.find('?'), target.size());
    request.path = target.substr(0, question);
    if (question < target.size())
      request.query = http::Parameters::parse(target.substr(question + 1));
    for (auto& [name, value] : headers) request.headers.add(name, value);
    request.body = std::move(body);
    auto responder = std::make_shared<FakeResponder>();
    router.handle(std::move(request), responder);
    return responder->wait();
  }
  Reply anonymous(std::string_view method, std::string_view target, std::string body = {}) {
    return call(method, target, std::move(body), {});
  }
  // A token with these permissions, as JSON.
  std::string make_token(const std::string& permissions) {
    Reply made = call("POST", "/api/v2/authorizations",
                      R"({"orgID":")" + org_id + R"(","permissions":)" + permissions + "}");
    REQUIRE_MESSAGE(made.status == 201, made.body);
    return made.json()["token"];
  }
  HeaderList as(const std::string& other_token) {
    return {{"Authorization", "Token " + other_token}};
  }
};

}  // namespace weir::api
