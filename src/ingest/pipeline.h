// The pipeline from the broker to the store: each publish is mapped to points and written.
//
// It is a PublishSink: one accept() becomes at most one store write per bucket, and `stored` runs
// when all of them are durable. A message that cannot be mapped never stops anything: it is counted
// with its reason and kept in the dead-letter ring. Only a store that fails refuses messages.
// Called from all io threads; the rule set is an immutable snapshot that set_rules() replaces.
// Writes still under way when it is destroyed complete without it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "mqtt/sink.h"
#include "store/store.h"

namespace weir::ingest {

class RuleSet;  // ingest/rules.h

// How many dead letters are kept, the newest, and how much of each payload.
inline constexpr size_t kDeadLettersMax = 1000;
inline constexpr size_t kDeadLetterPayloadBytesMax = 1024;
// Points given to the store and not yet durable: beyond this the broker pauses its publishers. A
// second of full speed, some tens of megabytes.
inline constexpr size_t kOutstandingPointsMax = 500'000;

// A message that was not stored, and why.
struct DeadLetter {
  int64_t received_ns = 0;
  std::string topic, payload_head;  // the first kDeadLetterPayloadBytesMax bytes
  std::string rule;                 // "rule 3 (zigbee2mqtt/{device})", "auto", or empty
  std::string reason;               // "the payload is no number: got `???`"
};

// Bucket name to id; names appear in rules. Empty name: the bucket made at set-up. Any thread.
using ResolveBucket = std::function<std::optional<BucketId>(std::string_view name)>;

class Pipeline : public mqtt::PublishSink {
 public:
  static std::unique_ptr<Pipeline> make(store::Store& store, const Clock& clock,
                                        std::shared_ptr<const RuleSet> rules,
                                        ResolveBucket resolve_bucket);
  // Takes effect for messages accepted from now on.
  virtual void set_rules(std::shared_ptr<const RuleSet> rules) = 0;
  virtual std::shared_ptr<const RuleSet> rules() const = 0;
  // Newest first.
  virtual std::vector<DeadLetter> dead_letters(size_t most) const = 0;

  // Since the process started; the same figures are in GET /metrics.
  struct Counts {
    uint64_t messages_mapped = 0, points_written = 0, dead_letters = 0;
  };
  virtual Counts counts() const = 0;
};

}  // namespace weir::ingest
