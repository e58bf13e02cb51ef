// JSON for configuration and API bodies (nlohmann-json), wrapped so that nothing throws.
//
// Not for the ingest path: payloads are read with simdjson (ingest/). Heavy header: include it in
// .cc files only; headers that pass a document along include <nlohmann/json_fwd.hpp>.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "base/result.h"

namespace weir {

using Json = nlohmann::json;
// Keeps the members in the order they were written: API answers read like InfluxDB's.
using OrderedJson = nlohmann::ordered_json;

// A document, or Errc::invalid with the position. Nesting is limited to kJsonDepthMax levels.
inline constexpr int kJsonDepthMax = 200;  // nlohmann destroys recursively; far above real bodies
Result<Json> parse_json(std::string_view text);

// Text of a document; invalid UTF-8 in strings is replaced, never thrown about.
std::string dump_json(const Json& document);
std::string dump_json(const OrderedJson& document);

}  // namespace weir
