#include "server/app.h"

#include <fmt/core.h>

#include <atomic>
#include <optional>
#include <vector>

#include "api/live/live_hub.h"
#include "api/server_api.h"
#include "api/store_buckets.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/workers.h"
#include "http/server.h"
#include "ingest/pipeline.h"
#include "ingest/rules.h"
#include "meta/meta.h"
#include "meta/password.h"
#include "meta/set_up.h"
#include "mqtt/broker.h"
#include "net/io_threads.h"
#include "query/query.h"
#include "server/backup/restore_directory.h"
#include "server/backup/stage.h"
#include "server/broker_access.h"
#include "server/listeners.h"
#include "server/other_brokers.h"
#include "server/outgoing_requests.h"
#include "server/periodic.h"
#include "server/rules_file.h"
#include "server/units.h"
#include "server/version.h"
#include "store/engine/engine.h"

namespace weir::server {
namespace {

// Together below the 10 seconds within which a stop is promised.
constexpr int64_t kHttpGraceMs = 3'000;
// Queries and password checks that may wait; beyond it callers are told to come back.
constexpr size_t kQueuedTasksMax = 1'000;
// Clients that come back all at once, each with its password. Those that were right before take no
// time, so the queue is short-lived unless somebody guesses, whom LoginGuard stops.
constexpr size_t kQueuedLoginsMax = 20'000;
// What a crash may make the metadata forget: when tokens were last used, that sessions were
// renewed.
constexpr int64_t kPersistUsageMs = 5 * 60'000;
// A renewed certificate serves after two looks.
constexpr int64_t kLookAtCertificatesMs = 2'500;
// A changed password file or access list holds after two looks.
constexpr int64_t kLookAtAccessListsMs = 400;
// How often the clients' rates are brought up to date: as often as the list of clients looks.
constexpr int64_t kSampleRatesMs = 2'000;

metrics::Gauge backup_time{"weir_backup_timestamp_seconds",
                           "When the last backup was taken and sent, 0: none since the start"};

Result<std::shared_ptr<const ingest::RuleSet>> load_rules(const Config& config) {
  if (config.rules_text.empty()) return ingest::RuleSet::automatic_only();
  return parse_rules_file(config.rules_text, config.rules_file);
}

class RunningApp final : public App {
 public:
  explicit RunningApp(const Config& config) : config_(config) {}
  ~RunningApp() override {
    if (!stopped_) (void)stop();
  }

  Result<void> start(std::span<const api::WebFile> web_files) {
    WEIR_TRY(auto rules, load_rules(config_));
    // What may be wrong is found before anything is made: a start that fails leaves nothing behind.
    WEIR_CHECK(access_files_.open_all(config_));
    WEIR_CHECK(open_certificates());
    WEIR_TRY(outgoing_, OutgoingRequests::make(config_.query_hosts, config_.query_ca_file));
    WEIR_CHECK(check_addresses(config_));
    WEIR_CHECK(open_stored());
    WEIR_CHECK(set_up());
    WEIR_CHECK(start_broker(std::move(rules)));
    WEIR_CHECK(start_http(web_files));
    return start_other_brokers();
  }

  std::string http_address() const override { return http_->address(); }
  std::string http_url() const override {
    return (config_.http_tls == nullptr ? "http://" : "https://") + http_->address();
  }
  std::string mqtt_address() const override { return listeners_->plain_address(); }
  std::vector<ListenerAddress> mqtt_listeners() const override { return listeners_->addresses(); }
  bool is_set_up() const override { return !meta::set_up_allowed(*meta_); }
  std::string generated_token() const override { return generated_token_; }
  void reload() override {
    certificates_.refresh(true);
    refresh_access(true);
  }
  Result<void> stop() override;

 private:
  void refresh_access(bool even_if_unchanged) {
    if (access_files_.refresh(even_if_unchanged)) broker_->review_identities();
  }
  Result<void> open_certificates();
  Result<void> open_stored();
  Result<void> set_up();
  Result<void> start_broker(std::shared_ptr<const ingest::RuleSet> rules);
  Result<std::vector<ListenerRules>> listener_rules();
  Result<void> start_http(std::span<const api::WebFile> web_files);
  Result<void> start_other_brokers();
  Result<void> backup(const api::BackupReceiver& receiver);

  const Config& config_;
  SystemClock clock_;
  const int64_t started_ns_ = clock_.wall_ns();
  std::string generated_token_;
  bool stopped_ = false;
  std::atomic<bool> stopping_ = false;  // as the workers' tasks see it

  // In the order they are made; they go in reverse.
  std::unique_ptr<store::Engine> store_;
  std::unique_ptr<api::StoreBuckets> store_buckets_;
  std::unique_ptr<meta::Meta> meta_;
  AccessFiles access_files_;
  LoginGuard login_guard_;
  std::unique_ptr<net::IoThreads> io_threads_;
  std::unique_ptr<Workers> workers_, password_workers_;
  std::unique_ptr<Periodic> refreshing_access_lists_, persisting_usage_, sampling_rates_;
  std::unique_ptr<OutgoingRequests> outgoing_;
  std::unique_ptr<query::Engine> queries_;
  std::unique_ptr<ingest::Pipeline> pipeline_;
  std::unique_ptr<api::LiveHub> live_;
  std::unique_ptr<mqtt::Broker> broker_;
  Certificates certificates_;
  std::unique_ptr<BrokerListeners> listeners_;
  std::unique_ptr<Periodic> refreshing_certificates_;
  std::unique_ptr<OtherBrokers> other_brokers_;
  std::atomic<const OtherBrokers*> connected_brokers_ = nullptr;  // as requests see them
  http::Router router_;
  std::unique_ptr<api::Api> api_;
  std::unique_ptr<http::Server> http_;
  std::atomic<const http::Server*> listening_ = nullptr;  // requests may come before start() ends
};

Result<void> RunningApp::open_certificates() {
  WEIR_CHECK(certificates_.open(config_.http_tls));
  for (const MqttListener& listener : config_.mqtt_listeners) {
    WEIR_CHECK(certificates_.open(listener.tls));
  }
  return {};
}

Result<void> RunningApp::open_stored() {
  WEIR_CHECK(check_not_restoring(config_.data_dir));
  WEIR_CHECK(system_file_system().create_directories(config_.data_dir));
  auto store = store::Engine::open(config_.engine, system_file_system(), clock_);
  if (!store.ok()) {
    Error error = std::move(store).error();
    if (error.code == Errc::unavailable) {
      error.message += fmt::format(
          "; stop the weir that uses {}, or give this one another directory (--data-dir)",
          config_.data_dir);
    }
    return error;
  }
  store_ = std::move(*store);
  Stage::remove_leftovers(config_.data_dir);
  store_buckets_ = std::make_unique<api::StoreBuckets>(*store_);
  WEIR_TRY(meta_, meta::Meta::open(config_.data_dir + "/weir.sqlite", *store_buckets_, clock_));
  return meta_->buckets().reconcile();
}

Result<void> RunningApp::set_up() {
  if (!config_.set_up_lacks.empty() && meta::set_up_allowed(*meta_)) {
    log::warn("server", "not set up from the environment, for want of {}", config_.set_up_lacks);
  }
  if (!config_.first_set_up) return {};
  const FirstSetUp& wanted = *config_.first_set_up;
  meta::SetUpRequest request;
  request.username = wanted.username;
  request.password = wanted.password;
  request.org = wanted.organization;
  request.bucket = wanted.bucket;
  request.retention_ns = wanted.retention_ns;
  if (!wanted.token.empty()) request.token = wanted.token;
  WEIR_TRY(auto result, meta::set_up_if_empty(*meta_, request));
  if (!result) return {};
  log::info("server", "set up for user {}, organization {}, bucket {}", wanted.username,
            wanted.organization, wanted.bucket);
  if (wanted.token.empty()) generated_token_ = result->token;
  return {};
}

Result<std::vector<ListenerRules>> RunningApp::listener_rules() {
  std::vector<ListenerRules> all;
  if (config_.mqtt_over_http) {
    WEIR_TRY(auto lists, access_files_.open(config_.access));
    all.push_back({std::move(lists), config_.anonymous, false});
  }
  for (const MqttListener& listener : config_.mqtt_listeners) {
    WEIR_TRY(auto lists, access_files_.open(listener.access));
    all.push_back({std::move(lists), listener.anonymous, listener.certificate_as_user});
  }
  return all;
}

Result<void> RunningApp::start_broker(std::shared_ptr<const ingest::RuleSet> rules) {
  io_threads_ = std::make_unique<net::IoThreads>(config_.io_threads);
  workers_ = std::make_unique<Workers>("weir-worker", config_.worker_threads, kQueuedTasksMax);
  password_workers_ =
      std::make_unique<Workers>("weir-password", meta::kHashesAtOnce, kQueuedLoginsMax);
  persisting_usage_ =
      std::make_unique<Periodic>(io_threads_->at(0), *workers_, kPersistUsageMs, [this] {
        if (auto done = meta_->persist_usage(); !done.ok())
          log::warn("server", "cannot note when tokens were used: {}", done.error().message);
      });
  pipeline_ = ingest::Pipeline::make(*store_, clock_, std::move(rules), bucket_resolver(*meta_));
  live_ = std::make_unique<api::LiveHub>();
  mqtt::BrokerOptions options = config_.broker;
  WEIR_TRY(auto rules_of_listeners, listener_rules());
  options.may_publish_kept = kept_publish_rights(*meta_, std::move(rules_of_listeners));
  WEIR_TRY(broker_, mqtt::Broker::make(*io_threads_, clock_, std::move(options),
                                       {pipeline_.get(), live_.get()}));
  sampling_rates_ = std::make_unique<Periodic>(io_threads_->at(0), *workers_, kSampleRatesMs,
                                               [this] { broker_->sample_rates(); });
  AccessParts parts{
      .meta = *meta_,
      .workers = *password_workers_,
      .lists = nullptr,
      .guard = login_guard_,
      .clock = clock_,
      .later =
          [this](int64_t ms, auto task) {
            net::IoThread& first = io_threads_->at(0);
            first.post([&first, ms, task = std::move(task)] { first.after_ms(ms, task); });
          },
      .stopping = stopping_};
  listeners_ = std::make_unique<
      BrokerListeners>(*io_threads_, *broker_, [this, parts](const MqttListener& listener) mutable {
    parts.lists = access_files_.open(listener.access).value();  // read at the start
    auto by_name = broker_authentication(parts, {listener.anonymous, listener.anonymous_setting});
    return listener.certificate_as_user ? certificate_authentication(parts, by_name) : by_name;
  });
  meta_->set_on_change([this] { broker_->review_identities(); });
  refreshing_access_lists_ = std::make_unique<Periodic>(
      io_threads_->at(0), *workers_, kLookAtAccessListsMs, [this] { refresh_access(false); });
  return listeners_->open(config_, certificates_);
}

Result<void> RunningApp::start_http(std::span<const api::WebFile> web_files) {
  queries_ = std::make_unique<query::Engine>(*store_, clock_, outgoing_.get());
  api::ServerInfo info;
  info.version = kVersion;
  info.commit = kCommit;
  info.started_ns = started_ns_;
  info.mqtt_listen = listeners_->plain_address();
  for (auto& [name, url] : listeners_->addresses()) info.mqtt_listeners.push_back({name, url});
  info.http_listen = [this] {
    const http::Server* server = listening_.load();
    return server == nullptr ? std::string() : server->address();
  };
  info.other_brokers = [this] {
    const OtherBrokers* others = connected_brokers_.load();
    return others == nullptr ? std::vector<mqtt::ClientStatus>() : others->status();
  };
  info.anonymous_mqtt = config_.anonymous != AnonymousPolicy::nobody;
  api_ = std::make_unique<api::Api>(api::Context{.meta = *meta_,
                                                 .store = *store_,
                                                 .queries = *queries_,
                                                 .workers = *workers_,
                                                 .passwords = *password_workers_,
                                                 .clock = clock_,
                                                 .info = std::move(info),
                                                 .broker = broker_.get(),
                                                 .pipeline = pipeline_.get(),
                                                 .live = live_.get(),
                                                 .query_limits = config_.query_limits,
                                                 .queries_at_once = config_.queries_at_once,
                                                 .queries_waiting_max = config_.queries_waiting_max,
                                                 .backup = [this](auto& to) { return backup(to); }},
                                    web_files);
  api_->mount(router_);
  listeners_->mount(config_, router_);
  http::ServerOptions options;
  WEIR_TRY(options.listen.tls, certificates_.open(config_.http_tls));
  options.body_bytes_max = config_.http_body_bytes_max;
  auto server = http::Server::open(*io_threads_, config_.http_listen, router_, options);
  if (!server.ok()) return cannot_listen("http.listen", std::move(server).error());
  http_ = std::move(server).value();
  listening_ = http_.get();
  refreshing_certificates_ =
      std::make_unique<Periodic>(io_threads_->at(0), *workers_, kLookAtCertificatesMs,
                                 [this] { certificates_.refresh(false); });
  return {};
}

Result<void> RunningApp::start_other_brokers() {
  WEIR_TRY(other_brokers_, OtherBrokers::start(config_, {.threads = *io_threads_,
                                                         .clock = clock_,
                                                         .workers = *workers_,
                                                         .sinks = {pipeline_.get(), live_.get()},
                                                         .broker = *broker_}));
  connected_brokers_ = other_brokers_.get();
  return {};
}

// On a worker: these stop before what is backed up does.
Result<void> RunningApp::backup(const api::BackupReceiver& receiver) {
  const int64_t start_ms = clock_.steady_ms(), start_ns = clock_.wall_ns();
  WEIR_TRY(const Stage stage, Stage::of_running(config_.data_dir, {*store_, *broker_, *meta_}));
  const int64_t staged_ms = clock_.steady_ms() - start_ms;
  WEIR_TRY(const uint64_t bytes, stage.bytes());
  receiver.begin(bytes);
  WEIR_CHECK(stage.send(receiver.write));
  backup_time.set(static_cast<double>(start_ns) / 1e9);
  log::info("server", "a backup of {} was taken within {} ms and sent within {} ms",
            format_bytes(bytes), staged_ms, clock_.steady_ms() - start_ms);
  return {};
}

// Whatever was started goes, in reverse; a start that failed midway stops the same way.
Result<void> RunningApp::stop() {
  stopped_ = true;
  stopping_ = true;
  if (listeners_) listeners_->stop_accepting();
  if (other_brokers_) other_brokers_->stop();
  // Before HTTP closes the WebSockets: clients on those are told why as well.
  if (broker_) broker_->stop();
  if (listeners_) listeners_->close();
  if (http_) http_->stop(kHttpGraceMs);
  // Before the workers, to which it hands requests on.
  if (password_workers_) password_workers_->stop();
  if (workers_) workers_->stop();
  if (meta_) meta_->set_on_change(nullptr);
  // The store completes what is under way while the io threads still take the completions.
  Result<void> sealed;
  if (store_) {
    sealed = store_->seal_all();
    auto closed = store_->close();
    if (sealed.ok()) sealed = std::move(closed);
  }
  if (io_threads_) io_threads_->stop();
  return sealed;
}

}  // namespace

Result<std::unique_ptr<App>> App::start(const Config& config,
                                        std::span<const api::WebFile> web_files) {
  auto app = std::make_unique<RunningApp>(config);
  if (auto started = app->start(web_files); !started.ok()) {
    Error error = std::move(started).error();
    // The set-up stands, and its token is shown at no other time.
    if (const std::string token = app->generated_token(); !token.empty())
      error.message += fmt::format("\n  API token      {}   (shown only now)", token);
    return error;
  }
  return std::unique_ptr<App>(std::move(app));
}

}  // namespace weir::server
