#include "ingest/payload_path.h"

#include <charconv>

namespace weir::ingest {

Result<PayloadPath> PayloadPath::parse(std::string_view text) {
  auto fail = [text](std::string_view why) {
    return Error{Errc::invalid, "path '" + std::string(text) + "': " + std::string(why)};
  };
  PayloadPath path;
  path.text = text;
  if (text.empty()) return fail("is empty");
  for (size_t at = 0; at < text.size();) {
    Step step;
    if (text[at] == '[') {
      const size_t close = text.find(']', at);
      if (close == std::string_view::npos) return fail("a [ without its ]");
      const char* end = text.data() + close;
      step.is_index = true;
      const auto parsed = std::from_chars(text.data() + at + 1, end, step.index);
      if (parsed.ec != std::errc() || parsed.ptr != end) return fail("an index is a number from 0");
      at = close + 1;
    } else if (text[at] == '"') {
      const size_t close = text.find('"', at + 1);
      if (close == std::string_view::npos) return fail("a quote that does not end");
      step.name = text.substr(at + 1, close - at - 1);
      at = close + 1;
    } else {
      const size_t end = std::min(text.find_first_of(".[", at), text.size());
      step.name = text.substr(at, end - at);
      at = end;
      if (step.name.empty()) return fail("a name is missing");
      if (step.name == "*") return fail("* stands only at the end of fields and drop");
    }
    path.steps.push_back(std::move(step));
    if (at < text.size() && text[at] == '.') {
      if (++at == text.size()) return fail("ends with a dot");
    } else if (at < text.size() && text[at] != '[') {
      return fail("a dot is missing");
    }
  }
  return path;
}

}  // namespace weir::ingest
