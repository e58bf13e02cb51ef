#include "base/json.h"

#include <fmt/core.h>

namespace weir {

Result<Json> parse_json(std::string_view text) {
  bool too_deep = false;
  auto check_depth = [&](int depth, Json::parse_event_t, Json&) {
    too_deep = too_deep || depth > kJsonDepthMax;
    return !too_deep;
  };
  try {
    Json document = Json::parse(text, check_depth);
    if (too_deep)
      return Error{Errc::invalid,
                   fmt::format("JSON is nested deeper than {} levels", kJsonDepthMax)};
    return document;
  } catch (const Json::exception& e) {
    std::string_view what = e.what();
    if (size_t end = what.find("] "); end != what.npos) what.remove_prefix(end + 2);
    return Error{Errc::invalid, fmt::format("not valid JSON: {}", what)};
  }
}

namespace {
template <class Document>
std::string dump(const Document& document) {
  return document.dump(-1, ' ', false, Document::error_handler_t::replace);
}
}  // namespace

std::string dump_json(const Json& document) { return dump(document); }
std::string dump_json(const OrderedJson& document) { return dump(document); }

}  // namespace weir
