// How fast clients may connect and send: the broker's rate limits, where connections meet them.
#include "base/log.h"
#include "mqtt/connection.h"
#include "mqtt/metrics.h"

namespace weir::mqtt {

// Whether one more connection from this peer is one too many; counts it otherwise.
std::string_view Hub::exceeded_by(const net::Peer& peer) {
  if (options.connections_per_second_max > 0 &&
      !connection_rate.lock()->try_take(clock.steady_ms())) {
    return "too many connections in this second";
  }
  if (options.connections_per_address_max == 0 || peer.address.empty()) return {};
  auto addresses = connections_by_address.lock();
  size_t& count = (*addresses)[peer.address];
  if (count >= options.connections_per_address_max) return "too many connections from its address";
  count++;
  return {};
}

void Hub::connection_gone(const net::Peer& peer) {
  if (options.connections_per_address_max == 0 || peer.address.empty()) return;
  auto addresses = connections_by_address.lock();
  auto found = addresses->find(peer.address);
  if (found != addresses->end() && --found->second == 0) addresses->erase(found);
}

void Connection::turn_away(Reason reason, std::string_view why) {
  turned_away_ = why;
  turned_away_as_ = reason;
  connections_turned_away.add(1);
}

// A client that sends faster than it may is read no further until its average is right again. What
// it has sent waits in TCP.
void Connection::rest_for_rate() {
  if (!rate_ || closed_) return;
  int64_t ms = rate_->rest_ms(thread_.now().ms);
  if (ms == 0 || throttled_) return;
  throttled_ = true;
  rests_for_rate.add(1);
  stream_->pause_reading();
  thread_.after_ms(ms, [number = number_](BrokerThread& here) {
    Connection* connection = here.find_connection(number);
    if (connection == nullptr || connection->closed_) return;
    connection->throttled_ = false;
    connection->read_on();
  });
}

// Reads again, unless there is another reason to rest.
void Connection::read_on() {
  if (paused_ || stuffed_ || throttled_ || request_) return;
  protocol_.was_not_read_until(thread_.now());
  stream_->resume_reading();
}

}  // namespace weir::mqtt
