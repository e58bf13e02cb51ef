// POST /api/v2/query: Flux in, annotated CSV or typed columns out; and /query/ast, /analyze,
// /suggestions.
#include <fmt/core.h>

#include <atomic>
#include <memory>

#include "api/fields.h"
#include "api/route.h"
#include "api/v2/caller_catalog.h"
#include "api/v2/find.h"
#include "api/v2/query_answer.h"
#include "api/v2/query_gate.h"
#include "api/v2/query_request.h"
#include "api/v2/resources.h"
#include "base/json.h"
#include "base/metrics.h"
#include "query/profile.h"
#include "query/query.h"

namespace weir::api::v2 {
namespace {

metrics::Counter queries_total{"weir_http_queries_total", "Queries run over HTTP"};
metrics::Counter queries_failed_total{"weir_http_queries_failed_total",
                                      "Queries that ended with an error"};
metrics::Histogram query_seconds{"weir_http_query_seconds",
                                 "From the start of a query to its end",
                                 {0.001, 0.01, 0.1, 1, 10, 60}};

constexpr std::string_view kColumnsType = "application/vnd.weir.columns";
constexpr int64_t kPointsMax = 100'000;  // far wider than any screen

bool wants_columns(const http::Request& request) {
  return request.headers.get("Accept").find(kColumnsType) != std::string_view::npos;
}

Result<query::ColumnsFormat> columns_format_of(const http::Request& request) {
  WEIR_TRY(int64_t points, integer_parameter(request.query, "points", 0));
  if (points < 0 || points > kPointsMax) {
    return Error{Errc::invalid,
                 fmt::format("points: got {}, wanted 0 to {}: the width of a chart in pixels",
                             points, kPointsMax)};
  }
  return query::ColumnsFormat{.points = static_cast<size_t>(points)};
}

OrderedJson operator_json(const query::OperatorProfile& profile) {
  auto seconds = [](int64_t ns) { return static_cast<double>(ns) / 1e9; };
  return {{"call", profile.call},
          {"place", profile.place},
          {"inStore", profile.in_store},
          {"depth", profile.depth},
          {"tables", profile.tables},
          {"rows", profile.rows},
          {"ownSeconds", seconds(profile.own_ns)},
          {"seconds", seconds(profile.total_ns)}};
}

void send_explanation(http::Responder& responder, const Result<query::Explanation>& explanation) {
  if (!explanation.ok()) {
    queries_failed_total.add(1);
    return send_failure(responder, explanation.error());
  }
  OrderedJson results = OrderedJson::array();
  for (const query::ResultProfile& result : explanation->results) {
    OrderedJson operators = OrderedJson::array();
    for (const auto& profile : result.operators) operators.push_back(operator_json(profile));
    results.push_back({{"name", result.name}, {"operators", std::move(operators)}});
  }
  const query::Statistics& statistics = explanation->statistics;
  send(responder, json_answer(200, {{"seconds", static_cast<double>(explanation->total_ns) / 1e9},
                                    {"rowsRead", statistics.rows_read},
                                    {"rows", statistics.rows_written},
                                    {"tables", statistics.tables},
                                    {"results", std::move(results)}}));
}

void run(Context& context, const http::Request& request, const meta::Caller& caller,
         const http::ResponderPtr& responder, const std::atomic<bool>& canceled) {
  const Result<meta::OrganisationPtr> org = organisation_of(Call{request, caller, context});
  if (!org.ok()) return send_failure(*responder, org.error());
  Result<QueryRequest> decoded = decode_query(request);
  if (!decoded.ok()) return send_failure(*responder, decoded.error());
  const Result<query::ColumnsFormat> columns_format = columns_format_of(request);
  if (!columns_format.ok()) return send_failure(*responder, columns_format.error());

  query::Request wanted;
  wanted.script = std::move(decoded->script);
  wanted.ast = decoded->ast;
  wanted.external = decoded->external;
  wanted.params = decoded->params;
  wanted.now_ns = decoded->now_ns;
  wanted.limits = context.query_limits;
  wanted.canceled = &canceled;
  const CallerCatalog catalog(context.meta, caller, (*org)->id);
  if (request.query.get("explain") == "true") {
    queries_total.add(1);
    return send_explanation(*responder, context.queries.explain(wanted, catalog));
  }
  const Preference preference = preference_of(request);
  const bool columns = wants_columns(request);
  QueryAnswer answer(responder, columns ? std::string(kColumnsType) : "text/csv; charset=utf-8");
  auto write = [&](std::string_view bytes) {
    if (preference != Preference::tables) return !canceled;  // run for its effects
    return answer.write(bytes);
  };
  queries_total.add(1);
  const int64_t started_ms = context.clock.steady_ms();
  Result<query::Statistics> statistics =
      columns ? context.queries.run_columns(wanted, catalog, *columns_format, write)
              : context.queries.run_csv(wanted, catalog, decoded->dialect, write);
  query_seconds.observe(static_cast<double>(context.clock.steady_ms() - started_ms) / 1000);
  if (!statistics.ok()) queries_failed_total.add(1);

  const Result<void> outcome = statistics.ok() ? Result<void>() : Result<void>(statistics.error());
  if (preference == Preference::tables) return answer.finish(outcome);
  if (preference == Preference::no_content_with_error && !outcome.ok())
    return send_failure(*responder, outcome.error());
  send(*responder, no_content());
}

void query(Context& context, QueryGate& gate, http::Request request, const meta::Caller& caller,
           const http::ResponderPtr& responder) {
  auto shared = std::make_shared<http::Request>(std::move(request));
  auto canceled = std::make_shared<std::atomic<bool>>(false);
  responder->on_closed([canceled] { *canceled = true; });
  const auto entry = gate.enter([&context, shared, caller, responder, canceled] {
    if (*canceled) return;  // the client left while it waited its turn
    run(context, *shared, caller, responder, *canceled);
  });
  if (entry == QueryGate::Entry::queue_is_full)
    return send_failure(*responder, Error{Errc::too_many_requests, "queue length exceeded"});
  if (entry == QueryGate::Entry::workers_are_busy) send_busy(*responder);
}

Result<std::string> script_of(const Call& call) {
  WEIR_TRY(QueryRequest decoded, decode_query(call.request));
  if (decoded.script.empty()) return Error{Errc::invalid, "request body requires a query"};
  return std::move(decoded.script);
}

Result<Answer> ast(const Call& call) {
  WEIR_TRY(std::string script, script_of(call));
  WEIR_TRY(Json package, query::parse_to_json(script));
  return json_answer(200, {{"ast", OrderedJson(package)}});
}

Result<Answer> analyze(const Call& call) {
  WEIR_TRY(std::string script, script_of(call));
  OrderedJson errors = OrderedJson::array();
  for (const query::ScriptProblem& problem : query::find_problems(script))
    errors.push_back({{"line", problem.line},
                      {"column", problem.column},
                      {"character", 0},
                      {"message", problem.message}});
  return json_answer(200, {{"errors", std::move(errors)}});
}

OrderedJson suggestion_json(const query::Suggestion& suggestion) {
  OrderedJson params = OrderedJson::object();
  for (const auto& [name, type] : suggestion.parameters) params[name] = type;
  return {{"name", suggestion.name}, {"params", std::move(params)}};
}

Result<Answer> suggestions(const Call&) {
  OrderedJson functions = OrderedJson::array();
  for (const query::Suggestion& suggestion : query::suggestions())
    functions.push_back(suggestion_json(suggestion));
  return json_answer(200, {{"funcs", std::move(functions)}});
}

Result<Answer> suggestion(const Call& call) {
  const std::string name(call.request.path_value("name"));
  for (const query::Suggestion& suggestion : query::suggestions())
    if (suggestion.name == name) return json_answer(200, suggestion_json(suggestion));
  return Error{Errc::not_found, fmt::format("unknown function \"{}\"", name)};
}

}  // namespace

void mount_query(http::Router& router, Context& context) {
  auto gate = std::make_shared<QueryGate>(context.workers, context.queries_at_once,
                                          context.queries_waiting_max);
  route_streaming(router, context, "POST", "/api/v2/query",
                  [&context, gate](http::Request request, const meta::Caller& caller,
                                   const http::ResponderPtr& responder) {
                    query(context, *gate, std::move(request), caller, responder);
                  });
  route(router, context, "POST", "/api/v2/query/ast", RunOn::worker, ast);
  route(router, context, "POST", "/api/v2/query/analyze", RunOn::worker, analyze);
  route(router, context, "GET", "/api/v2/query/suggestions", RunOn::io, suggestions);
  route(router, context, "GET", "/api/v2/query/suggestions/{name}", RunOn::io, suggestion);
}

}  // namespace weir::api::v2
