#include "api/v2/query_request.h"

#include <fmt/core.h>

#include "api/fields.h"
#include "base/json.h"
#include "base/time_text.h"

namespace weir::api::v2 {
namespace {

Result<void> read_annotations(const Json& dialect, query::CsvDialect& into) {
  auto annotations = dialect.find("annotations");
  if (annotations == dialect.end() || annotations->is_null()) return {};
  if (!annotations->is_array()) return Error{Errc::invalid, "dialect annotations must be a list"};
  for (const Json& annotation : *annotations) {
    if (annotation == "datatype") {
      into.annotate_datatype = true;
    } else if (annotation == "group") {
      into.annotate_group = true;
    } else if (annotation == "default") {
      into.annotate_default = true;
    } else {
      const std::string got =
          annotation.is_string() ? annotation.get<std::string>() : dump_json(annotation);
      return Error{Errc::invalid, fmt::format("unknown dialect annotation type: {}", got)};
    }
  }
  return {};
}

Result<query::CsvDialect> dialect_of(const Json& body) {
  query::CsvDialect dialect;
  auto given = body.find("dialect");
  if (given == body.end() || given->is_null()) return dialect;
  if (!given->is_object()) return Error{Errc::invalid, "dialect must be an object"};
  WEIR_TRY(std::optional<bool> header, boolean_field(*given, "header"));
  WEIR_TRY(std::optional<std::string> delimiter, text_field(*given, "delimiter"));
  WEIR_TRY(std::optional<std::string> prefix, text_field(*given, "commentPrefix"));
  WEIR_TRY(std::optional<std::string> time_format, text_field(*given, "dateTimeFormat"));
  WEIR_CHECK(read_annotations(*given, dialect));
  dialect.header = header.value_or(true);
  if (delimiter.has_value() && !delimiter->empty()) {
    if (delimiter->size() != 1)
      return Error{Errc::invalid, "invalid dialect delimiter: must be one character"};
    dialect.delimiter = delimiter->front();
  }
  if (prefix.has_value() && prefix->size() > 1)
    return Error{Errc::invalid, "invalid dialect comment prefix: must be length 0 or 1"};
  if (prefix.has_value() && !prefix->empty()) dialect.comment_prefix = *prefix;
  if (time_format.has_value() && *time_format != "" && *time_format != "RFC3339" &&
      *time_format != "RFC3339Nano")
    return Error{Errc::invalid, fmt::format("unknown dialect date time format: {}", *time_format)};
  return dialect;
}

const Json* object_member(const Json& body, std::string_view name) {
  auto found = body.find(name);
  return found == body.end() || found->is_null() ? nullptr : &*found;
}

Result<QueryRequest> decode_json(const http::Request& request) {
  Result<Json> parsed = parse_json(request.body);
  if (!parsed.ok() || !parsed->is_object()) {
    const std::string why = parsed.ok() ? "the body must be an object" : parsed.error().message;
    return Error{Errc::invalid, "invalid json: " + why};
  }
  auto body = std::make_shared<const Json>(*std::move(parsed));
  QueryRequest decoded;
  WEIR_TRY(std::optional<std::string> type, text_field(*body, "type"));
  WEIR_TRY(std::optional<std::string> script, text_field(*body, "query"));
  WEIR_TRY(std::optional<std::string> now, text_field(*body, "now"));
  WEIR_TRY(decoded.dialect, dialect_of(*body));
  decoded.script = script.value_or("");
  decoded.ast = object_member(*body, "ast");
  decoded.external = object_member(*body, "extern");
  decoded.params = object_member(*body, "params");
  decoded.body = std::move(body);
  if (type.has_value() && *type != "flux" && *type != "")
    return Error{Errc::invalid, fmt::format("unknown query type: {}", *type)};
  if (decoded.script.empty() && decoded.ast == nullptr)
    return Error{Errc::invalid, "request body requires either query or AST"};
  if (!decoded.script.empty() && decoded.ast != nullptr)
    return Error{Errc::invalid, "request body requires either query or AST, got both"};
  if (now.has_value() && !now->empty()) {
    WEIR_TRY(decoded.now_ns, parse_rfc3339(*now));
  }
  return decoded;
}

}  // namespace

Result<QueryRequest> decode_query(const http::Request& request) {
  std::string_view type = request.headers.get("Content-Type");
  type = type.substr(0, type.find(';'));
  Result<QueryRequest> decoded = Error{};
  if (type == "application/vnd.flux") {
    QueryRequest raw;
    raw.script = request.body;
    decoded = raw.script.empty() ? Result<QueryRequest>(Error{Errc::invalid,
                                                              "request body requires either query"
                                                              " or AST"})
                                 : Result<QueryRequest>(std::move(raw));
  } else {
    decoded = decode_json(request);
  }
  if (!decoded.ok())
    return std::move(decoded).error().with_context("failed to decode request body");
  return decoded;
}

Preference preference_of(const http::Request& request) {
  const std::string_view prefer = request.headers.get("Prefer");
  if (prefer == "return-no-content") return Preference::no_content;
  if (prefer == "return-no-content-with-error") return Preference::no_content_with_error;
  return Preference::tables;
}

}  // namespace weir::api::v2
