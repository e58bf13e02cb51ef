#include "server/explain_text.h"

#include <fmt/core.h>

#include "base/json.h"
#include "server/transfer/progress.h"

namespace weir::server {
namespace {

std::string milliseconds(double seconds) { return fmt::format("{:.2f} ms", seconds * 1000); }

std::string operator_line(const Json& call) {
  std::string what(2 * call.at("depth").get<size_t>(), ' ');
  what += call.at("call").get<std::string>();
  if (call.at("inStore").get<bool>()) what += "  (in the store)";
  return fmt::format(
      "{:>12} {:>12} {:>14} {:>9}  {}  {}\n", milliseconds(call.at("ownSeconds").get<double>()),
      milliseconds(call.at("seconds").get<double>()), grouped(call.at("rows").get<uint64_t>()),
      grouped(call.at("tables").get<uint64_t>()), what, call.at("place").get<std::string>());
}

std::string text_of(const Json& explanation) {
  std::string text = fmt::format("{}: {} rows in {} tables, from {} rows out of the store\n",
                                 milliseconds(explanation.at("seconds").get<double>()),
                                 grouped(explanation.at("rows").get<uint64_t>()),
                                 grouped(explanation.at("tables").get<uint64_t>()),
                                 grouped(explanation.at("rowsRead").get<uint64_t>()));
  for (const Json& result : explanation.at("results")) {
    const auto name = result.at("name").get<std::string>();
    text += name.empty() ? "\nread while the script ran\n" : "\nresult " + name + "\n";
    text += fmt::format("{:>12} {:>12} {:>14} {:>9}  {}\n", "own time", "with inputs", "rows",
                        "tables", "call");
    for (const Json& call : result.at("operators")) text += operator_line(call);
  }
  return text;
}

}  // namespace

Result<std::string> explanation_text(std::string_view json) {
  WEIR_TRY(Json explanation, parse_json(json));
  try {
    return text_of(explanation);
  } catch (const Json::exception& error) {
    return Error{Errc::invalid, fmt::format("the answer is no explanation: {}", error.what())};
  }
}

}  // namespace weir::server
