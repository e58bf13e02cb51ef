#include "server/login_guard.h"

#include <arpa/inet.h>

#include <algorithm>

#include "base/log.h"
#include "base/log_limit.h"
#include "base/metrics.h"

namespace weir::server {
namespace {

metrics::Counter logins_failed{"weir_mqtt_logins_failed_total",
                               "CONNECT packets with a wrong user name or password"};
metrics::Counter logins_barred{"weir_mqtt_logins_barred_total",
                               "CONNECT packets refused unseen after too many wrong passwords"};

// The part of an address that stands for one peer.
std::string key_of(const net::Peer& peer) {
  in6_addr six{};
  if (inet_pton(AF_INET6, peer.address.c_str(), &six) != 1) return peer.address;
  if (IN6_IS_ADDR_V4MAPPED(&six) || peer.is_loopback) return peer.address;
  return std::string(reinterpret_cast<const char*>(&six), 8);
}

// Nobody's name is longer; a peer's made-up ones may be.
std::string_view name_of(std::string_view user) { return user.substr(0, 256); }

}  // namespace

LoginGuard::Entry& LoginGuard::entry_of(Table& table, const std::string& key, int64_t now_ms) {
  auto found = table.find(key);
  if (found == table.end()) {
    if (table.size() >= kEntriesMax) {
      std::erase_if(table,
                    [&](const auto& one) { return now_ms - one.second.last_ms > kForgottenMs; });
    }
    if (table.size() >= kEntriesMax) {  // the one that has been quiet longest
      table.erase(std::min_element(table.begin(), table.end(), [](const auto& a, const auto& b) {
        return a.second.last_ms < b.second.last_ms;
      }));
    }
    found = table.emplace(key, Entry()).first;
  } else if (now_ms - found->second.last_ms > kForgottenMs) {
    found->second.failures = found->second.bars = 0;
    found->second.failures_ever = 0;
  }
  found->second.last_ms = now_ms;
  return found->second;
}

// One failure more: how long to hold the answer back.
int64_t LoginGuard::count(Entry& entry, int most, int64_t bar_ms_max, int64_t now_ms) {
  entry.failures++;
  entry.failures_ever++;
  if (entry.failures >= most) {
    int64_t bar_ms = kBarMs << std::min(entry.bars++, 5);
    entry.barred_until_ms = now_ms + std::min(bar_ms, bar_ms_max);
    entry.failures = most / 2;  // the next bar comes sooner
  }
  int beyond = entry.failures - kFreeFailures;
  return beyond <= 0 ? 0 : std::min(kFirstDelayMs << std::min(beyond - 1, 10), kDelayMsMax);
}

bool LoginGuard::Entry::comes_from(const std::string& address) const {
  return failures_ever < kAddressFailuresMax &&
         std::find(known.begin(), known.end(), address) != known.end();
}

bool LoginGuard::is_barred(const net::Peer& peer, std::string_view user, int64_t now_ms) {
  const std::string address = key_of(peer);
  auto state = state_.lock();
  auto by_address = state->addresses.find(address);
  auto by_user = state->users.find(name_of(user));
  const bool is_listed = by_user != state->users.end();
  if (is_listed && by_user->second.comes_from(address)) return false;
  bool barred = by_address != state->addresses.end() && now_ms < by_address->second.barred_until_ms;
  if (is_listed && !peer.is_loopback) barred |= now_ms < by_user->second.barred_until_ms;
  if (barred) logins_barred.add(1);
  return barred;
}

int64_t LoginGuard::failed(const net::Peer& peer, std::string_view user, int64_t now_ms) {
  logins_failed.add(1);
  auto state = state_.lock();
  Entry& address = entry_of(state->addresses, key_of(peer), now_ms);
  Entry& name = entry_of(state->users, std::string(name_of(user)), now_ms);
  int64_t delay_ms =
      count(address, kAddressFailuresMax, peer.is_loopback ? kLoopbackBarMsMax : kBarMsMax, now_ms);
  // The many who guess one name from many addresses each have failures of their own too: the name
  // alone holds nobody back, only bars.
  (void)count(name, kUserFailuresMax, kBarMsMax, now_ms);
  if (delay_ms > 0 && now_ms - address.logged_ms >= kLogMs) {
    address.logged_ms = now_ms;
    log::warn("mqtt", "{} fails to log in again and again, last as {}: it is {}", peer.text(),
              log::shown(user),
              now_ms < address.barred_until_ms ? "turned away for a while" : "slowed down");
  }
  if (now_ms < name.barred_until_ms && now_ms - name.logged_ms >= kLogMs) {
    name.logged_ms = now_ms;
    log::warn("mqtt",
              "passwords of user {} are tried from many places: others than before are "
              "turned away for a while",
              log::shown(user));
  }
  return delay_ms;
}

void LoginGuard::succeeded(const net::Peer& peer, std::string_view user, int64_t now_ms) {
  const std::string address = key_of(peer);
  auto state = state_.lock();
  Entry& name = entry_of(state->users, std::string(name_of(user)), now_ms);
  auto& known = name.known;
  auto at = std::find(known.begin(), known.end(), address);
  if (at == known.end()) at = known.end() - 1;
  std::rotate(known.begin(), at, at + 1);
  known.front() = address;
}

size_t LoginGuard::entries() const {
  auto state = state_.lock();
  return std::max(state->addresses.size(), state->users.size());
}

}  // namespace weir::server
