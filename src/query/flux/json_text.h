// JSON out of values and back, as Flux writes and reads it. Any thread.
//
// Records and dictionaries become objects with sorted names, times RFC 3339 text, bytes base64,
// regular expressions their pattern; numbers read are floats. Errors are Errc::invalid: functions
// and streams have no JSON, NaN and infinity neither.
// Spec: RFC 8259; Flux, packages json, experimental/json and experimental/dynamic.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "query/flux/value.h"

namespace weir::query::flux {

Result<std::string> encode_json(const Value& value);

enum class JsonTypes : uint8_t {
  plain_records,  // the elements of arrays are dynamic, the members of records are not
  dynamic,        // all is
};
Result<Value> decode_json(std::string_view text, JsonTypes types);

}  // namespace weir::query::flux
