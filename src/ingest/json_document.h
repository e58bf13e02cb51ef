// JSON payloads, parsed in full before anything of them is used (simdjson's DOM).
//
// Heavy header: included by the JSON mapper's .cc files only. Documents live in memory of the
// thread until its next parse. NaN, nan, Infinity and inf, which devices and Python print although
// JSON has no word for them, read as null.
#pragma once

#include <simdjson.h>

#include <string_view>

#include "base/result.h"
#include "ingest/leaf.h"
#include "ingest/payload_path.h"

namespace weir::ingest {

using JsonElement = simdjson::dom::element;

// Errc::invalid with simdjson's reason.
Result<JsonElement> parse_payload(std::string_view payload);

// The element at the path, or nothing.
std::optional<JsonElement> find(JsonElement root, const PayloadPath& path);

bool is_container(JsonElement element);
// A leaf's value; of a container, null.
Leaf leaf_of(JsonElement element);

}  // namespace weir::ingest
