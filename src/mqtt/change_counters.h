// ChangeCounters: may a match that was made earlier still be right?
//
// A subscription that comes or goes concerns few topics: one, if its filter has no wildcard, else
// those that begin with the levels before its first wildcard. Counters are kept by a hash of these
// beginnings; a topic's stamp adds up the few that can concern it. Equal stamps mean: nothing that
// matches the topic has changed. Unequal ones may be chance (two beginnings, one counter). So a
// storm of clients that subscribe to topics of their own leaves all other matches valid. Any
// thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <string_view>

namespace weir::mqtt {

class ChangeCounters {
 public:
  // 64 KiB, which stays in the nearer caches. A thousand changes between two looks at a topic leave
  // two of three such matches valid.
  static constexpr size_t kCounters = 16384;
  // Of longer beginnings so many levels count: filters such as "app/site/device/ID/+" are told
  // apart, and a look costs no more than six loads.
  static constexpr size_t kLevels = 4;

  // The counters that concern one topic.
  struct Places {
    std::array<uint16_t, kLevels + 1> at{};
    uint8_t count = 0;
  };
  static Places places_of(std::string_view topic) {
    Places places;
    places.at[places.count++] = place(topic, kWhole);
    size_t end = 0;
    for (size_t level = 1; level <= kLevels && end != std::string_view::npos; level++) {
      end = topic.find('/', level == 1 ? 0 : end + 1);
      places.at[places.count++] = place(topic.substr(0, end), level);
    }
    return places;
  }

  // Changes whenever anything does.
  uint32_t all() const { return all_.load(std::memory_order_acquire); }
  uint32_t stamp(const Places& places) const {
    uint32_t sum = anywhere_.load(std::memory_order_acquire);
    for (size_t i = 0; i < places.count; i++) {
      sum += counters_[places.at[i]].load(std::memory_order_acquire);
    }
    return sum;
  }

  // The tree has changed for what matches `filter`. One thread at a time.
  void changed(std::string_view filter) {
    size_t end = 0, levels = 0;  // the beginning before the first wildcard
    bool whole = false;
    for (size_t from = 0; levels < kLevels;) {
      size_t slash = filter.find('/', from);
      std::string_view level = filter.substr(from, slash - from);
      if (level == "+" || level == "#") break;
      levels++;
      end = slash == std::string_view::npos ? filter.size() : slash;
      if (end == filter.size()) break;
      from = slash + 1;
    }
    whole = filter.find_first_of("+#") == std::string_view::npos;
    if (whole) {
      raise(counters_[place(filter, kWhole)]);
    } else if (levels == 0) {
      raise(anywhere_);
    } else {
      raise(counters_[place(filter.substr(0, end), levels)]);
    }
    raise(all_);  // last: who sees this one sees the others
  }

 private:
  static constexpr size_t kWhole = 0;  // a topic itself rather than a beginning

  static uint16_t place(std::string_view text, size_t levels) {
    size_t hash = std::hash<std::string_view>()(text) + levels * 0x9E3779B97F4A7C15;
    return static_cast<uint16_t>((hash ^ hash >> 32) % kCounters);
  }
  static void raise(std::atomic<uint32_t>& counter) {
    counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }

  std::atomic<uint32_t> all_ = 0, anywhere_ = 0;
  std::array<std::atomic<uint32_t>, kCounters> counters_{};
};

}  // namespace weir::mqtt
