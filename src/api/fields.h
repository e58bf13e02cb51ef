// Reading the fields of request bodies, parameters and paths, each with an error that names it.
//
// A member that is absent or null reads as "not given"; one of another type is Errc::invalid.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "http/message.h"

namespace weir::api {

// The body as a JSON object.
Result<nlohmann::json> body_object(const http::Request& request);

Result<std::optional<std::string>> text_field(const nlohmann::json& object, std::string_view name);
Result<std::optional<int64_t>> integer_field(const nlohmann::json& object, std::string_view name);
Result<std::optional<bool>> boolean_field(const nlohmann::json& object, std::string_view name);

// A parameter that is a whole number, or `otherwise` when it is absent or empty.
Result<int64_t> integer_parameter(const http::Parameters& parameters, std::string_view name,
                                  int64_t otherwise);

// 16 hex digits, with InfluxDB's errors.
Result<uint64_t> parse_id(std::string_view text);
template <class Id>
Result<Id> id_parameter(std::string_view text) {
  WEIR_TRY(uint64_t id, parse_id(text));
  return static_cast<Id>(id);
}

// `?limit=&offset=&after=&descending=`
struct Paging {
  int64_t limit = 20;
  int64_t offset = 0;
  bool descending = false;
  std::optional<uint64_t> after;
};
inline constexpr int64_t kPageLimitMax = 100;  // InfluxDB's

Result<Paging> paging_of(const http::Parameters& parameters);
// {"self": ..., "next": ..., "prev": ...} for a page of `count` entries. `filters` are the other
// parameters, encoded: "org=home&name=x", or empty.
nlohmann::ordered_json paging_links(std::string_view path, std::string_view filters,
                                    const Paging& paging, size_t count);

// Percent-encoding for a query's value (RFC 3986 §2.3).
std::string url_encoded(std::string_view text);

}  // namespace weir::api
