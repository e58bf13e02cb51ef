// JSON documents to points: leaves to fields, paths to tags and times, `each` to several points.
#pragma once

#include <string_view>

#include "ingest/point_maker.h"

namespace weir::ingest {

// Adds the payload's points. Reason::malformed if it is no JSON. A document that is one plain value
// sets `plain` instead, and adds nothing.
MapOutcome map_json(const TopicMapping& mapping, const MessageView& message, PointMaker& maker,
                    std::optional<Leaf>& plain);

}  // namespace weir::ingest
