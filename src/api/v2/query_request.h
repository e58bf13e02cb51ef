// The body of POST /api/v2/query, decoded: a script or an AST, its `extern`, `params`, `now` and
// dialect.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "base/result.h"
#include "http/message.h"
#include "query/query.h"

namespace weir::api::v2 {

struct QueryRequest {
  std::string script;
  // The parsed body; `ast`, `external` and `params` point into it. Null for a raw script.
  std::shared_ptr<const nlohmann::json> body;
  const nlohmann::json* ast = nullptr;
  const nlohmann::json* external = nullptr;
  const nlohmann::json* params = nullptr;
  std::optional<int64_t> now_ns;
  query::CsvDialect dialect;
};

// `application/vnd.flux` is the script itself; anything else is JSON. Errc::invalid with InfluxDB's
// texts.
Result<QueryRequest> decode_query(const http::Request& request);

// One or the other: what `Prefer` asks for instead of the tables.
enum class Preference : uint8_t { tables, no_content, no_content_with_error };
Preference preference_of(const http::Request& request);

}  // namespace weir::api::v2
