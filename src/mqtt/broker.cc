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
                                                ListenerPolicyPtr policy) override {
    return net::Listener::open(threads_, address,
                               [hub = hub_, policy](std::unique_ptr<net::Stream> stream) {
                                 adopt_on(*hub, std::move(stream), policy);
                               });
  }
  void adopt(std::unique_ptr<net::Stream> stream, ListenerPolicyPtr policy) override {
    adopt_on(*hub_, std::move(stream), std::move(policy));
  }
  void publish(MessagePtr message) override { hub_->publish(std::move(message)); }
  std::vector<ClientInfo> clients() const override { return hub_->clients(); }
  std::vector<MessagePtr> retained(std::string_view filter, size_t most) const override {
    return hub_->retained.matching(filter, most, hub_->clock.wall_ns());
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

std::unique_ptr<Broker> Broker::make(net::IoThreads& threads, const Clock& clock,
                                     BrokerOptions options, std::vector<PublishSink*> sinks) {
  auto hub = std::make_shared<Hub>(clock, options, std::move(sinks));
  std::vector<net::IoThread*> loops;
  for (size_t i = 0; i < threads.count(); i++) loops.push_back(&threads.at(i));
  hub->add_threads(loops);
  hub->post(0, [](BrokerThread& first) { first.start_system_topics(); });
  return std::make_unique<HubBroker>(threads, std::move(hub));
}

}  // namespace weir::mqtt
