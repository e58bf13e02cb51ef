#include "mqtt/broker.h"

#include "mqtt/broker_thread.h"
#include "mqtt/connection.h"
#include "mqtt/hub.h"

namespace weir::mqtt {
namespace {

class HubBroker final : public Broker {
 public:
  HubBroker(net::IoThreads& threads, std::shared_ptr<Hub> hub)
      : threads_(threads), hub_(std::move(hub)) {}
  ~HubBroker() override { hub_->stop(); }

  Result<std::unique_ptr<net::Listener>> listen(const net::ListenAddress& address,
                                                ListenerPolicyPtr policy,
                                                net::ListenOptions options) override {
    return net::Listener::open(
        threads_, address,
        [hub = hub_, policy](std::unique_ptr<net::Stream> stream) {
          adopt_on(*hub, std::move(stream), policy);
        },
        std::move(options));
  }
  void adopt(std::unique_ptr<net::Stream> stream, ListenerPolicyPtr policy) override {
    adopt_on(*hub_, std::move(stream), std::move(policy));
  }
  void review_identities() override { hub_->review_identities(); }
  void publish(MessagePtr message) override { hub_->publish(std::move(message)); }
  ClientPage clients(const ClientQuery& query) const override { return hub_->clients(query); }
  void find_client(std::string client_id,
                   std::function<void(std::optional<ClientDetails>)> done) override {
    hub_->find_client(std::move(client_id), std::move(done));
  }
  void kick(std::string client_id, bool end_session, std::function<void(bool)> done) override {
    hub_->kick(std::move(client_id), end_session, std::move(done));
  }
  Traces& traces() override { return hub_->traces; }
  void sample_rates() override { hub_->sample_rates(); }
  RetainedPage retained(const RetainedQuery& query) const override {
    return hub_->retained.page(query, hub_->clock.wall_ns());
  }
  MessagePtr retained_message(std::string_view topic) const override {
    return hub_->retained.find(topic, hub_->clock.wall_ns());
  }
  RetainedTotals retained_totals() const override {
    return {hub_->retained.size(), hub_->retained.bytes()};
  }
  bool remove_retained(const std::string& topic) override {
    if (!hub_->retained.find(topic, hub_->clock.wall_ns())) return false;
    auto cleared = std::make_shared<Message>();
    cleared->topic = topic;
    cleared->retain = true;
    bool is_removed = hub_->retained.store(std::move(cleared));
    hub_->post(0, [](BrokerThread& here) { here.journal().touch(); });
    return is_removed;
  }
  Result<void> backup(const std::string& target) const override {
    return hub_->journal ? hub_->journal->backup(target) : Result<void>();
  }
  void stop() override { hub_->stop(); }

 private:
  static void adopt_on(Hub& hub, std::unique_ptr<net::Stream> stream, ListenerPolicyPtr policy) {
    size_t thread = stream->io_thread().index();
    hub.threads[thread]->adopt(std::move(stream), std::move(policy));
  }

  net::IoThreads& threads_;
  std::shared_ptr<Hub> hub_;
};

}  // namespace

Result<std::unique_ptr<Broker>> Broker::make(net::IoThreads& threads, const Clock& clock,
                                             BrokerOptions options,
                                             std::vector<PublishSink*> sinks) {
  std::unique_ptr<Journal> journal;
  if (!options.journal_directory.empty()) {
    Journal::Options wanted;
    wanted.log.directory = options.journal_directory;
    wanted.durability = options.durability;
    WEIR_TRY(journal, Journal::open(std::move(wanted), system_file_system()));
  }
  auto hub = std::make_shared<Hub>(clock, std::move(options), std::move(sinks), std::move(journal));
  std::vector<net::IoThread*> loops;
  for (size_t i = 0; i < threads.count(); i++) loops.push_back(&threads.at(i));
  hub->add_threads(loops);
  hub->recover();
  if (hub->journal) hub->journal->start();
  hub->post(0, [](BrokerThread& first) { first.start_system_topics(); });
  return std::unique_ptr<Broker>(std::make_unique<HubBroker>(threads, std::move(hub)));
}

}  // namespace weir::mqtt
