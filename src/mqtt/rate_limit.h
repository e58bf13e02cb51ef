// TokenBucket: so much per second, and up to a second's worth at once after a rest.
//
// What has been taken beyond that is a debt, which time pays back. One thread at a time.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace weir::mqtt {

class TokenBucket {
 public:
  TokenBucket(uint64_t per_second, int64_t now_ms)
      : per_ms_(static_cast<double>(per_second) / 1000),
        level_(static_cast<double>(per_second)),
        at_ms_(now_ms) {}

  // Takes one, if there is one.
  bool try_take(int64_t now_ms) {
    fill(now_ms);
    if (level_ < 1) return false;
    level_ -= 1;
    return true;
  }
  // Takes the amount, on credit if need be; how many milliseconds the debt lasts.
  int64_t take(uint64_t amount, int64_t now_ms) {
    fill(now_ms);
    level_ -= static_cast<double>(amount);
    return level_ >= 0 ? 0 : static_cast<int64_t>(std::ceil(-level_ / per_ms_));
  }

 private:
  void fill(int64_t now_ms) {
    double come = static_cast<double>(std::max<int64_t>(0, now_ms - at_ms_)) * per_ms_;
    level_ = std::min(level_ + come, per_ms_ * 1000);
    at_ms_ = now_ms;
  }

  double per_ms_, level_;
  int64_t at_ms_;
};

// What one client sends, counted per read.
struct ClientRate {
  ClientRate(uint64_t messages_per_second, uint64_t bytes_per_second, int64_t now_ms)
      : has_messages(messages_per_second > 0),
        has_bytes(bytes_per_second > 0),
        message_bucket(messages_per_second, now_ms),
        byte_bucket(bytes_per_second, now_ms) {}

  // How long reading rests for what has come since the last call.
  int64_t rest_ms(int64_t now_ms) {
    int64_t ms = has_messages ? message_bucket.take(messages, now_ms) : 0;
    if (has_bytes) ms = std::max(ms, byte_bucket.take(bytes, now_ms));
    messages = bytes = 0;
    return ms;
  }

  const bool has_messages, has_bytes;
  TokenBucket message_bucket, byte_bucket;
  uint64_t messages = 0, bytes = 0;
};

}  // namespace weir::mqtt
