// From one message to points: decodes the payload and applies the topic's mapping.
//
// The hot path of ingest: a plain number on a known topic costs a copy of its key and field name
// into the batch. Pure functions of their arguments (scratch memory is per thread); any thread.
// A message that cannot be mapped adds nothing to the batch and says why.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ingest/topic_mapping.h"
#include "model/point_batch.h"

namespace weir::ingest {

// Automatic mapping is for readings, not for documents and firmware images.
inline constexpr size_t kAutomaticPayloadBytesMax = 64 * 1024;
inline constexpr size_t kAutomaticStringBytesMax = 256;
// One message is one reading or a batch of them; beyond this it is a mistake or an attack.
inline constexpr size_t kFieldsPerPointMax = 1024;
inline constexpr size_t kPointsPerMessageMax = 10'000;
inline constexpr int kPayloadDepthMax = 32;  // of nested objects; the walk is recursive

struct MessageView {
  std::string_view topic, payload;
  int64_t received_ns = 0;
  int64_t arrival_ns = 0;  // from the topic's ArrivalSequence; 0: received_ns in milliseconds
  bool replayed = false;   // a retained copy, sent because somebody subscribed
};

// Why a message, or a field of it, was not stored. Names are labels of
// weir_ingest_dead_letters_total (to_string()).
enum class Reason : uint8_t {
  none,
  ignored,       // as the rules want it; not a dead letter
  malformed,     // not what the format says
  binary,        // no text, and no format set
  too_large,     // over a limit above
  no_value,      // nothing in it to store
  bad_type,      // a value that cannot be of its declared type
  series_limit,  // auto.max_series, or the bucket's limit, is reached
  bucket,        // no such bucket
  conflict,      // refused by the store, point by point
  store,         // the store failed
};
inline constexpr size_t kReasons = 11;
std::string_view to_string(Reason reason);

struct MapOutcome {
  Reason reason = Reason::none;  // none: mapped
  std::string text;              // for people
  // Fields left out of a mapped message because they could not be of their type.
  std::string dropped_fields;
};

// What explain shows beside the points; null on the hot path.
struct MapNotes {
  struct Field {
    std::string path, key, type, from;
  };
  std::vector<Field> fields;
  std::string time_source;
  std::vector<std::string> warnings;
};

MapOutcome map_message(const TopicMapping& mapping, const MessageView& message,
                       model::PointBatch& batch, MapNotes* notes = nullptr);

}  // namespace weir::ingest
