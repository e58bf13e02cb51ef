#include <fmt/core.h>

#include <cstdio>

#include "base/json.h"
#include "server/commands/commands.h"
#include "server/commands/server_call.h"
#include "server/explain_text.h"
#include "server/table_text.h"

namespace weir::server {
namespace {

Result<std::string> render(const std::string& answer, const QueryArguments& arguments) {
  if (arguments.explain) return explanation_text(answer);
  if (arguments.format == "table") return csv_to_text_tables(answer);
  if (arguments.format == "json") return csv_to_json_lines(answer);
  return answer;
}

}  // namespace

int query_command(QueryArguments arguments, const Environment& environment) {
  ServerAccess access = complete_access(arguments.access, environment);
  if (arguments.script.empty() || arguments.script == "-") {
    auto text = read_input(arguments.file);
    if (!text.ok()) return report(text.error());
    arguments.script = std::move(text).value();
  }
  Json body = {{"query", arguments.script},
               {"type", "flux"},
               {"dialect", {{"annotations", {"datatype", "group", "default"}}}}};
  http::ClientRequest request;
  request.method = "POST";
  request.url = "/api/v2/query?org=" + percent_encode(access.organization);
  if (arguments.explain) request.url += "&explain=true";
  request.headers.set("Content-Type", "application/json");
  request.headers.set("Accept", "application/csv");
  request.body = dump_json(body);
  request.timeout_ms = 3'600'000;  // the server bounds how long a query takes
  auto answer = call_server(access, std::move(request));
  if (!answer.ok()) return report(answer.error());
  auto text = render(answer->body, arguments);
  if (!text.ok()) return report(text.error());
  std::fwrite(text->data(), 1, text->size(), stdout);
  // Beside the output: who pipes it gets rows alone.
  if (text->empty() && arguments.format == "table") fmt::print(stderr, "no rows\n");
  return 0;
}

}  // namespace weir::server
