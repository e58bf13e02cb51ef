#include "query/query.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "base/json.h"

#include "query/exec/context.h"
#include "query/exec/functions/library.h"
#include "query/exec/host.h"
#include "query/flux/ast_json.h"
#include "query/flux/check.h"
#include "query/flux/format.h"
#include "query/flux/interpreter.h"
#include "query/flux/params.h"
#include "query/flux/parser.h"
#include "query/flux/stdlib/stdlib.h"
#include "query/flux/suggest.h"
#include "query/plan/stream.h"
#include "query/profile.h"
#include "query/result/annotated_csv.h"
#include "query/result/columns_writer.h"

namespace weir::query {

namespace {

// Filled once; read by every query.
const flux::Registry& library() {
  static const flux::Registry registry = [] {
    flux::Registry filled;
    flux::add_scalar_packages(filled);
    register_tables(filled);
    return filled;
  }();
  return registry;
}

Result<flux::ast::Package> parse(const Request& request) {
  flux::ast::Package package;
  if (request.ast != nullptr) {
    WEIR_TRY(package, flux::package_from_json(*request.ast));
  } else {
    WEIR_TRY(package, flux::parse_package(request.script));
  }
  if (request.external != nullptr) {
    WEIR_TRY(flux::ast::FilePtr external, flux::file_from_json(*request.external));
    package.files.insert(package.files.begin(), std::move(external));
  }
  if (request.params != nullptr) {
    WEIR_TRY(flux::ast::FilePtr params, flux::params_file(*request.params));
    package.files.insert(package.files.begin(), std::move(params));
  }
  return package;
}

// What is wrong with the request itself, rather than with what its script does.
Error compile_error(Error error) {
  if (error.code != Errc::invalid || error.message.starts_with("compilation failed")) return error;
  return std::move(error).with_context("compilation failed");
}

Result<void> write_results(ExecContext& context, const QueryHost& host, ResultWriter& writer,
                           Explanation* explanation) {
  // All are opened before the first is written: a bucket that is missing or forbidden is then an
  // error of the request, not one in the middle of its answer.
  std::vector<CursorPtr> results;
  for (const QueryHost::Yield& yield : host.yields()) {
    if (explanation != nullptr) context.profile = &explanation->results.emplace_back(yield.name);
    WEIR_TRY(CursorPtr tables, open(context, yield.stream));
    results.push_back(std::move(tables));
  }
  for (size_t i = 0; i < results.size(); ++i) {
    WEIR_CHECK(writer.write_result(context, host.yields()[i].name, *results[i]));
    results[i] = nullptr;
  }
  return {};
}

// Reads everything and writes nothing.
class NoWriter final : public ResultWriter {
 public:
  Result<void> write_result(ExecContext& context, std::string_view, TableCursor& tables) override {
    Chunk chunk;
    while (true) {
      WEIR_TRY(TablePtr table, tables.next());
      if (table == nullptr) return {};
      ++context.statistics.tables;
      while (true) {
        WEIR_TRY(bool more, table->next(chunk));
        if (!more) break;
        WEIR_CHECK(context.count_rows(chunk.rows));
        WEIR_CHECK(context.check());
      }
    }
  }
  Result<void> write_error(std::string_view) override { return {}; }
  Result<void> finish() override { return {}; }
  bool anything_sent() const override { return false; }
  uint64_t bytes() const override { return 0; }
};

// A call's own time is what its inputs did not take.
void find_own_times(ResultProfile& result) {
  std::deque<OperatorProfile>& operators = result.operators;
  for (size_t i = 0; i < operators.size(); ++i) {
    operators[i].own_ns = operators[i].total_ns;
    for (size_t k = i + 1; k < operators.size() && operators[k].depth > operators[i].depth; ++k)
      if (operators[k].depth == operators[i].depth + 1)
        operators[i].own_ns -= operators[k].total_ns;
  }
}

}  // namespace

Result<Explanation> Engine::explain(const Request& request, const Catalog& catalog) {
  NoWriter writer;
  Explanation explanation;
  const auto started = std::chrono::steady_clock::now();
  WEIR_TRY(explanation.statistics, run(request, catalog, writer, &explanation));
  explanation.total_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(
                             std::chrono::steady_clock::now() - started)
                             .count();
  for (ResultProfile& result : explanation.results) find_own_times(result);
  std::erase_if(explanation.results,
                [](const ResultProfile& result) { return result.operators.empty(); });
  return explanation;
}

Result<BucketInfo> Catalog::find_writable_bucket(std::string_view name_or_id, bool) const {
  return Error{Errc::forbidden,
               "this query may not write: bucket \"" + std::string(name_or_id) + "\""};
}

Result<Statistics> Engine::run_csv(const Request& request, const Catalog& catalog,
                                   const CsvDialect& dialect, const WriteBytes& write) {
  AnnotatedCsvWriter writer(dialect, write);
  return run(request, catalog, writer);
}

Result<Statistics> Engine::run_columns(const Request& request, const Catalog& catalog,
                                       const ColumnsFormat& format, const WriteBytes& write) {
  ColumnsWriter writer(format, write);
  return run(request, catalog, writer);
}

Result<Statistics> Engine::run(const Request& request, const Catalog& catalog, ResultWriter& writer,
                               Explanation* explanation) {
  ExecContext context(store_, catalog, clock_);
  context.now_ns = request.now_ns.value_or(clock_.wall_ns());
  context.deadline_ms = clock_.steady_ms() + request.limits.duration_ms_max;
  context.canceled = request.canceled;
  context.outgoing = outgoing_;
  context.push_down = request.push_down;
  context.vectorise = request.vectorise;
  context.memory.limit = request.limits.memory_bytes_max;
  context.rows_max = request.limits.rows_max;
  if (explanation != nullptr) context.profile = &explanation->results.emplace_back();

  auto package = parse(request);
  if (!package.ok()) return compile_error(std::move(package).error());
  QueryHost host(context);
  flux::EvaluationLimits limits;
  limits.check = [&context] { return context.check(); };
  flux::Interpreter interpreter(library(), host, context.now_ns, std::move(limits));
  WEIR_CHECK(interpreter.run(*package));
  if (host.yields().empty()) {
    return Error{Errc::invalid,
                 "error in query specification while starting program: this Flux script returns no "
                 "streaming data. Consider adding a \"yield\" or invoking streaming functions "
                 "directly, without performing an assignment"};
  }

  auto written = write_results(context, host, writer, explanation);
  if (!written.ok()) {
    // Nothing has left yet: the caller can still answer with the error alone.
    if (!writer.anything_sent()) return std::move(written).error();
    WEIR_CHECK(writer.write_error(written.error().message));
    WEIR_CHECK(writer.finish());
    return std::move(written).error();
  }
  WEIR_CHECK(writer.finish());
  context.statistics.bytes_written = writer.bytes();
  return context.statistics;
}

std::vector<ScriptProblem> find_problems(std::string_view script) {
  // They belong to the places where a script runs, not to the script.
  constexpr std::array<std::string_view, 3> kGiven = {
      "undefined identifier v", "undefined identifier params", "undefined identifier task"};
  flux::ParsedFile parsed = flux::parse_file(script);
  std::vector<flux::SyntaxError> errors = std::move(parsed.errors);
  if (errors.empty()) {
    flux::ast::Package package;
    package.files.push_back(std::move(parsed.file));
    errors = flux::find_errors(package, library());
    std::erase_if(errors, [&](const flux::SyntaxError& error) {
      return std::find(kGiven.begin(), kGiven.end(), error.message) != kGiven.end();
    });
  }
  std::vector<ScriptProblem> problems;
  for (flux::SyntaxError& error : errors)
    problems.push_back(
        {error.location.start.line, error.location.start.column, std::move(error.message)});
  return problems;
}

Result<std::string> format_script(std::string_view script) {
  WEIR_TRY(flux::ast::Package package, flux::parse_package(script));
  return flux::format(*package.files.front());
}

const std::vector<Suggestion>& suggestions() {
  static const std::vector<Suggestion> all = [] {
    std::vector<Suggestion> made;
    for (auto& [name, parameters] : flux::functions_of(library(), "universe"))
      made.push_back({name, std::move(parameters)});
    return made;
  }();
  return all;
}

Result<nlohmann::json> parse_to_json(std::string_view script) {
  WEIR_TRY(flux::ast::Package package, flux::parse_package(script));
  return flux::to_json(package);
}

}  // namespace weir::query
