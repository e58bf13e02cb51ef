#include "ingest/ingest_log.h"

#include <algorithm>

namespace weir::ingest {

IngestLog::IngestLog() {
  for (size_t i = 0; i < kReasons; i++) {
    const auto reason = static_cast<Reason>(i);
    if (reason == Reason::none || reason == Reason::ignored) continue;
    buried_[i] = std::make_unique<metrics::Counter>(
        "weir_ingest_dead_letters_total", "Messages or fields that could not be stored",
        "reason=\"" + std::string(to_string(reason)) + "\"");
  }
}

void IngestLog::bury(const mqtt::Message& message, std::string_view rule, Reason reason,
                     std::string_view text) {
  buried_[static_cast<size_t>(reason)]->add(1);
  DeadLetter letter;
  letter.received_ns = message.received_ns;
  letter.topic = message.topic;
  letter.payload_head = message.payload.substr(0, kDeadLetterPayloadBytesMax);
  letter.rule = rule;
  letter.reason = text;
  auto ring = ring_.lock();
  ring->push_front(std::move(letter));
  if (ring->size() > kDeadLettersMax) ring->pop_back();
}

std::vector<DeadLetter> IngestLog::newest(size_t most) const {
  auto ring = ring_.lock();
  const auto count = static_cast<ptrdiff_t>(std::min(most, ring->size()));
  return {ring->begin(), ring->begin() + count};
}

Pipeline::Counts IngestLog::counts() const {
  Pipeline::Counts counts{mapped_.value(), written_.value(), 0};
  for (const auto& counter : buried_) {
    if (counter != nullptr) counts.dead_letters += counter->value();
  }
  return counts;
}

}  // namespace weir::ingest
