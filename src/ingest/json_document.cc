#include "ingest/json_document.h"

#include <algorithm>

namespace weir::ingest {
namespace {

using simdjson::dom::element_type;

struct ThreadParser {
  simdjson::dom::parser parser;
  std::string padded;  // the payload and the slack that simdjson may read

  simdjson::simdjson_result<JsonElement> parse(std::string_view payload) {
    padded.assign(payload);
    padded.resize(payload.size() + simdjson::SIMDJSON_PADDING);
    return parser.parse(padded.data(), payload.size(), false);
  }
};

// The text with number words that JSON does not know replaced by null.
std::string with_nulls(std::string_view text) {
  static constexpr std::string_view kWords[] = {"-Infinity", "Infinity", "-inf", "-nan",
                                                "-NaN",      "NaN",      "nan",  "inf"};
  std::string result;
  bool in_string = false;
  for (size_t i = 0; i < text.size();) {
    const std::string_view rest = text.substr(i);
    const auto* word = in_string ? std::end(kWords)
                                 : std::find_if(std::begin(kWords), std::end(kWords),
                                                [rest](auto w) { return rest.starts_with(w); });
    if (word != std::end(kWords)) {
      result += "null";
      i += word->size();
      continue;
    }
    const size_t size = in_string && text[i] == '\\' && i + 1 < text.size() ? 2 : 1;
    if (text[i] == '"') in_string = !in_string;
    result.append(text, i, size);
    i += size;
  }
  return result;
}

}  // namespace

Result<JsonElement> parse_payload(std::string_view payload) {
  thread_local ThreadParser thread;
  auto parsed = thread.parse(payload);
  if (parsed.error() != simdjson::SUCCESS) {
    auto repaired = thread.parse(with_nulls(payload));
    if (repaired.error() != simdjson::SUCCESS) {
      return Error{Errc::invalid, simdjson::error_message(parsed.error())};
    }
    return repaired.value_unsafe();
  }
  return parsed.value_unsafe();
}

std::optional<JsonElement> find(JsonElement root, const PayloadPath& path) {
  for (const PayloadPath::Step& step : path.steps) {
    simdjson::dom::object object;
    simdjson::dom::array array;
    if (step.is_index) {
      if (root.get(array) != simdjson::SUCCESS) return std::nullopt;
      if (array.at(step.index).get(root) != simdjson::SUCCESS) return std::nullopt;
    } else {
      if (root.get(object) != simdjson::SUCCESS) return std::nullopt;
      if (object.at_key(step.name).get(root) != simdjson::SUCCESS) return std::nullopt;
    }
  }
  return root;
}

bool is_container(JsonElement element) { return element.is_object() || element.is_array(); }

Leaf leaf_of(JsonElement element) {
  switch (element.type()) {
    case element_type::INT64:
      return Leaf::of_integer(element.get_int64().value_unsafe());
    case element_type::UINT64:
      return Leaf::of_unsigned(element.get_uint64().value_unsafe());
    case element_type::DOUBLE:
      return Leaf::of_number(element.get_double().value_unsafe());
    case element_type::STRING:
      return Leaf::of_text(element.get_string().value_unsafe());
    case element_type::BOOL:
      return Leaf::of_bool(element.get_bool().value_unsafe());
    default:
      return Leaf();
  }
}

}  // namespace weir::ingest
