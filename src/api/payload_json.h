// A message's payload in JSON: as text where it is text, in base64 otherwise.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

namespace weir::api {

// Sets "payload" to the text, or to null and "payloadBase64" when `payload` is not UTF-8. `cut`:
// there was more of it, so the last character may be unfinished and is then left out.
void put_payload(nlohmann::ordered_json& json, std::string_view payload, bool cut);

}  // namespace weir::api
