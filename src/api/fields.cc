#include "api/fields.h"

#include <fmt/core.h>

#include <charconv>

#include "base/json.h"

namespace weir::api {
namespace {

const Json* member(const Json& object, std::string_view name) {
  auto found = object.find(name);
  if (found == object.end() || found->is_null()) return nullptr;
  return &*found;
}

Error wrong_type(std::string_view name, const Json& value, std::string_view wanted) {
  return {Errc::invalid,
          fmt::format("invalid value for {}: got {}, wanted {}", name, value.type_name(), wanted)};
}

}  // namespace

Result<Json> body_object(const http::Request& request) {
  Result<Json> body = parse_json(request.body);
  if (!body.ok()) return std::move(body).error().with_context("failed to decode request body");
  if (!body->is_object())
    return Error{Errc::invalid, fmt::format("failed to decode request body: got {}, wanted a JSON"
                                            " object",
                                            body->type_name())};
  return body;
}

Result<std::optional<std::string>> text_field(const Json& object, std::string_view name) {
  const Json* value = member(object, name);
  if (value == nullptr) return std::optional<std::string>();
  if (!value->is_string()) return wrong_type(name, *value, "a string");
  return std::optional<std::string>(value->get<std::string>());
}

Result<std::optional<int64_t>> integer_field(const Json& object, std::string_view name) {
  const Json* value = member(object, name);
  if (value == nullptr) return std::optional<int64_t>();
  if (value->is_number_unsigned() && value->get<uint64_t>() > uint64_t{INT64_MAX})
    return wrong_type(name, *value, "a 64-bit integer");
  if (value->is_number_integer()) return std::optional<int64_t>(value->get<int64_t>());
  return wrong_type(name, *value, "a whole number");
}

Result<std::optional<bool>> boolean_field(const Json& object, std::string_view name) {
  const Json* value = member(object, name);
  if (value == nullptr) return std::optional<bool>();
  if (!value->is_boolean()) return wrong_type(name, *value, "true or false");
  return std::optional<bool>(value->get<bool>());
}

Result<int64_t> integer_parameter(const http::Parameters& parameters, std::string_view name,
                                  int64_t otherwise) {
  const std::string_view text = parameters.get(name);
  if (text.empty()) return otherwise;
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size()) return number;
  return Error{Errc::invalid,
               fmt::format("{} is invalid: got `{}`, wanted a whole number", name, text)};
}

Result<uint64_t> parse_id(std::string_view text) {
  if (text.size() != 16) return Error{Errc::invalid, "id must have a length of 16 bytes"};
  std::optional<uint64_t> id = id_from_text(text);
  if (!id.has_value()) return Error{Errc::invalid, "invalid ID"};
  return *id;
}

Result<Paging> paging_of(const http::Parameters& parameters) {
  Paging paging;
  WEIR_TRY(paging.limit, integer_parameter(parameters, "limit", paging.limit));
  WEIR_TRY(paging.offset, integer_parameter(parameters, "offset", paging.offset));
  if (paging.limit < 1 || paging.limit > kPageLimitMax)
    return Error{Errc::invalid, fmt::format("limit must be between 1 and {}", kPageLimitMax)};
  if (paging.offset < 0) return Error{Errc::invalid, "offset must not be negative"};
  if (const std::string_view after = parameters.get("after"); !after.empty()) {
    WEIR_TRY(paging.after, parse_id(after));
  }
  const std::string_view descending = parameters.get("descending");
  if (descending != "" && descending != "true" && descending != "false")
    return Error{Errc::invalid,
                 fmt::format("descending is invalid: got `{}`, wanted true or false", descending)};
  paging.descending = descending == "true";
  return paging;
}

OrderedJson paging_links(std::string_view path, std::string_view filters, const Paging& paging,
                         size_t count) {
  auto link = [&](int64_t offset) {
    return fmt::format("{}?{}{}descending={}&limit={}&offset={}", path, filters,
                       filters.empty() ? "" : "&", paging.descending, paging.limit, offset);
  };
  OrderedJson links;
  if (paging.offset > 0) links["prev"] = link(std::max<int64_t>(0, paging.offset - paging.limit));
  links["self"] = link(paging.offset);
  if (count == static_cast<size_t>(paging.limit))
    links["next"] = link(paging.offset + paging.limit);
  return links;
}

std::string url_encoded(std::string_view text) {
  std::string encoded;
  for (char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    if (plain) {
      encoded.push_back(c);
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

}  // namespace weir::api
