// ReceiverSet: the receivers of all sessions, found by their client identifiers, which they own.
#pragma once

#include <absl/container/flat_hash_set.h>

#include <functional>
#include <memory>
#include <string_view>

#include "mqtt/receiver.h"

namespace weir::mqtt {

struct ReceiverName {
  using is_transparent = void;
  static std::string_view of(std::string_view client_id) { return client_id; }
  static std::string_view of(const std::shared_ptr<Receiver>& one) { return one->client_id; }
  template <class Named>
  size_t operator()(const Named& named) const {
    return std::hash<std::string_view>()(of(named));
  }
};
struct ReceiverNameEqual {
  using is_transparent = void;
  template <class One, class Other>
  bool operator()(const One& one, const Other& other) const {
    return ReceiverName::of(one) == ReceiverName::of(other);
  }
};
using ReceiverSet = absl::flat_hash_set<std::shared_ptr<Receiver>, ReceiverName, ReceiverNameEqual>;

}  // namespace weir::mqtt
