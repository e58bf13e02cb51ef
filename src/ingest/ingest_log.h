// IngestLog: what became of messages: counters for /metrics and the ring of dead letters.
//
// Any thread.
#pragma once

#include <array>
#include <deque>
#include <memory>

#include "base/metrics.h"
#include "base/sync.h"
#include "ingest/message_mapper.h"
#include "ingest/pipeline.h"

namespace weir::ingest {

class IngestLog {
 public:
  IngestLog();

  void count_mapped() { mapped_.add(1); }
  void count_ignored() { ignored_.add(1); }
  void count_written(size_t points) { written_.add(points); }
  // Counts the reason and keeps the message.
  void bury(const mqtt::Message& message, std::string_view rule, Reason reason,
            std::string_view text);

  std::vector<DeadLetter> newest(size_t most) const;
  Pipeline::Counts counts() const;

 private:
  metrics::Counter mapped_{"weir_ingest_messages_mapped_total", "Messages that became points"};
  metrics::Counter ignored_{"weir_ingest_messages_ignored_total",
                            "Messages that the rules leave out"};
  metrics::Counter written_{"weir_ingest_points_written_total", "Points from messages stored"};
  std::array<std::unique_ptr<metrics::Counter>, kReasons> buried_;  // by Reason; dead ones only
  Guarded<std::deque<DeadLetter>> ring_;                            // newest at the front
};

}  // namespace weir::ingest
