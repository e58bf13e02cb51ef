// LoginGuard: slows down, then turns away for a while, who tries passwords.
//
// Failures are counted by peer address (IPv6: by /64, which is what one customer has) and by user
// name. A few are free; then each refusal is held back longer, and beyond a bound nothing more is
// checked for a while: neither from that address nor, when many addresses try it, for that name.
// Users who have come from an address before are not shut out because of others there, as long as
// their own name is not tried. A success wipes nothing out, or one's own password would pay for
// guessing another's. The machine itself is slowed down too but never shut out for more than a
// moment. Both tables are bounded. Any thread; nothing blocks.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/sync.h"
#include "net/stream.h"

namespace weir::server {

class LoginGuard {
 public:
  static constexpr int kFreeFailures = 3;         // people mistype
  static constexpr int64_t kFirstDelayMs = 250;   // doubles with each further failure
  static constexpr int64_t kDelayMsMax = 4'000;   // clients give up waiting soon after
  static constexpr int kAddressFailuresMax = 10;  // then the address is barred
  static constexpr int kUserFailuresMax = 30;     // from many addresses: then the name is
  static constexpr int64_t kBarMs = 30'000;       // doubles each time
  static constexpr int64_t kBarMsMax = 600'000;
  static constexpr int64_t kLoopbackBarMsMax = 2'000;
  static constexpr int64_t kForgottenMs = 900'000;  // without a failure
  static constexpr size_t kEntriesMax = 10'000;     // of each table: 2 MB
  static constexpr int64_t kLogMs = 60'000;         // one line for an offender in this time

  // Whether a password is not even to be looked at.
  bool is_barred(const net::Peer& peer, std::string_view user, int64_t now_ms);
  // How long the refusal is to be held back.
  int64_t failed(const net::Peer& peer, std::string_view user, int64_t now_ms);
  // With a password.
  void succeeded(const net::Peer& peer, std::string_view user, int64_t now_ms);

  size_t entries() const;

 private:
  struct Entry {
    int failures = 0;  // since the last bar
    int bars = 0;
    int64_t last_ms = 0, barred_until_ms = 0, logged_ms = INT64_MIN / 2;
    int64_t failures_ever = 0;           // until it is forgotten
    std::array<std::string, 4> known{};  // of a user: where it came from last
    bool comes_from(const std::string& address) const;
  };
  using Table = std::map<std::string, Entry, std::less<>>;
  struct State {
    Table addresses, users;
  };
  static Entry& entry_of(Table& table, const std::string& key, int64_t now_ms);
  static int64_t count(Entry& entry, int most, int64_t bar_ms_max, int64_t now_ms);

  Guarded<State> state_;
};

}  // namespace weir::server
