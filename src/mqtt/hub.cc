#include "mqtt/hub.h"

#include <chrono>

#include "base/log.h"
#include "base/log_limit.h"
#include "mqtt/broker_thread.h"
#include "mqtt/connection.h"
#include "mqtt/hub_gauges.h"
#include "mqtt/topic.h"

namespace weir::mqtt {
namespace {

// The server's own messages carry its name, so that sinks can tell them from clients'.
MessagePtr as_server(MessagePtr message) {
  if (!message->client_id.empty()) return message;
  std::unique_ptr<Message> named = copy_of(*message);
  named->client_id = "$weir";
  return named;
}

}  // namespace

Hub::Hub(const Clock& the_clock, BrokerOptions the_options, std::vector<PublishSink*> the_sinks,
         std::unique_ptr<Journal> the_journal)
    : clock(the_clock),
      options(the_options),
      sinks(std::move(the_sinks)),
      retained(options.retained_messages_max, options.retained_bytes_max),
      queues(options.queued_bytes_total_max),
      journal(std::move(the_journal)),
      connection_rate(options.connections_per_second_max, the_clock.steady_ms()),
      started_ms(the_clock.steady_ms()),
      gauges_(std::make_unique<Gauges>(*this)) {}

Hub::~Hub() = default;

void Hub::add_threads(const std::vector<net::IoThread*>& io_threads) {
  for (net::IoThread* io : io_threads) {
    auto index = static_cast<uint32_t>(threads.size());
    threads.push_back(std::make_unique<BrokerThread>(*this, *io, index, io_threads.size()));
  }
  if (!journal) return;
  std::vector<std::function<void()>> wakes;
  for (uint32_t index = 0; index < threads.size(); index++) {
    wakes.push_back([this, index] {
      std::shared_ptr<Hub> alive = weak_from_this().lock();
      if (!alive) return;  // the hub is on its way out
      post(index, [](BrokerThread& here) { here.journal().look(); });
    });
  }
  journal->set_waiters(std::move(wakes));
}

void Hub::post(uint32_t thread, std::function<void(BrokerThread&)> task) {
  BrokerThread& there = *threads[thread];
  there.io().post([hub = shared_from_this(), &there, task = std::move(task)] {
    task(there);
    there.flush();
  });
}

void Hub::hand_over(uint32_t thread, std::function<void(BrokerThread&)> task) {
  BrokerThread& there = *threads[thread];
  there.io().hand_over([hub = shared_from_this(), &there, task = std::move(task)] { task(there); });
}

bool Hub::is_congested() const {
  for (const PublishSink* sink : sinks) {
    if (sink->congested()) return true;
  }
  return journal && journal->is_congested();
}

void Hub::publish(MessagePtr message) {
  if (!is_valid_topic_name(message->topic)) {
    return log::warn("mqtt", "not published: {} is no valid topic name",
                     log::shown(message->topic));
  }
  // One thread routes all of the server's messages, which keeps their order.
  post(0, [message = as_server(std::move(message))](BrokerThread& here) {
    here.publish(message, nullptr);
  });
}

void Hub::stop() {
  if (stopping.exchange(true)) return;
  for (uint32_t thread = 0; thread < threads.size(); thread++) {
    // The connections are retired by tasks of the loop, before it stops.
    post(thread, [](BrokerThread& here) { here.close_all(); });
  }
  auto stopped = threads_stopped.lock();
  // Only loops that were stopped before the broker could make this wait in vain.
  stopped.wait_for(thread_stopped, std::chrono::seconds(5),
                   [&] { return *stopped == threads.size(); });
  stopped.unlock();
  if (journal) journal->stop();
}

}  // namespace weir::mqtt
