// Running a Flux query: what api/ and tasks/ call, and all they need to know of query/.
//
// run() blocks and belongs on a worker thread. Results are handed over as they are computed: the
// first rows leave before the last are read. Errors before the first table come back as the return
// value (compile errors: Errc::invalid, "compilation failed: error @l:c-l:c: ..."; an unknown
// bucket: Errc::not_found, `could not find bucket "x"`); later ones too, after what was written.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "store/store.h"

namespace weir::query {

struct BucketInfo {
  BucketId id{};
  OrgId org{};
  std::string name;
  int64_t retention_ns = 0;  // 0: for ever
};

// The buckets a query may see; api/ fills it with what the caller is allowed to read.
class Catalog {
 public:
  virtual ~Catalog() = default;
  virtual std::vector<BucketInfo> buckets() const = 0;
  // By name or, if `by_id`, by 16 hex digits. Errc::not_found or Errc::forbidden.
  virtual Result<BucketInfo> find_bucket(std::string_view name_or_id, bool by_id) const = 0;
  // The same for a bucket that to() writes into. By default nobody may write.
  virtual Result<BucketInfo> find_writable_bucket(std::string_view name_or_id, bool by_id) const;
};

struct Limits {
  size_t memory_bytes_max = 512 * 1024 * 1024;  // of tables held at once, per query
  int64_t duration_ms_max = 60'000;
  uint64_t rows_max = 0;  // of the answer; 0: any number
};

struct Request {
  std::string script;                        // Flux
  const nlohmann::json* ast = nullptr;       // instead of script: an AST package or file
  const nlohmann::json* external = nullptr;  // `extern`: an AST file prepended to the script
  const nlohmann::json* params = nullptr;    // an object: the record `params` of the script
  std::optional<int64_t> now_ns;             // option now; default: the clock when the query starts
  Limits limits;
  const std::atomic<bool>* canceled = nullptr;  // turns true when the client left
  // Off: pipelines and lambdas are evaluated the plain way. The answers are the same, which is what
  // the tests switch them off for.
  bool push_down = true, vectorise = true;
};

// The dialect of annotated CSV (RFC 4180 with annotation rows; InfluxDB API reference).
struct CsvDialect {
  bool header = true;
  char delimiter = ',';
  bool annotate_datatype = false, annotate_group = false, annotate_default = false;
  std::string comment_prefix = "#";
};

// Typed columns (docs/columns.md).
struct ColumnsFormat {
  size_t points = 0;  // width of a chart in pixels, to which tables are down-sampled; 0: all rows
};

// Takes bytes of the answer; false means that nobody listens any more.
using WriteBytes = std::function<bool(std::string_view)>;

// What the front end found: `weir query --explain` and the log.
struct Statistics {
  uint64_t rows_read = 0, rows_written = 0, tables = 0, bytes_written = 0;
};

class ResultWriter;
class Outgoing;      // query/outgoing.h
struct Explanation;  // query/profile.h

class Engine {
 public:
  // All outlive the engine. `outgoing`: how queries reach other hosts; null: not at all.
  Engine(store::Store& store, const Clock& clock, Outgoing* outgoing = nullptr)
      : store_(store), clock_(clock), outgoing_(outgoing) {}

  // Runs the script and writes annotated CSV.
  Result<Statistics> run_csv(const Request& request, const Catalog& catalog,
                             const CsvDialect& dialect, const WriteBytes& write);
  // Runs the script and writes frames of typed columns.
  Result<Statistics> run_columns(const Request& request, const Catalog& catalog,
                                 const ColumnsFormat& format, const WriteBytes& write);
  // Runs the script for what it does and costs; its rows go nowhere.
  Result<Explanation> explain(const Request& request, const Catalog& catalog);

 private:
  Result<Statistics> run(const Request& request, const Catalog& catalog, ResultWriter& writer,
                         Explanation* explanation = nullptr);

  store::Store& store_;
  const Clock& clock_;
  Outgoing* const outgoing_;
};

// What is wrong with a script, found without running it.
struct ScriptProblem {
  uint32_t line = 0, column = 0;  // 1-based, in bytes
  std::string message;
};

// Syntax errors, or if there are none, unknown names and types that do not agree. Names that
// clients give with each query (`v`, `params`, `task`) count as known. In source order.
std::vector<ScriptProblem> find_problems(std::string_view script);

// The script in its canonical form, comments kept, or its syntax errors.
Result<std::string> format_script(std::string_view script);

// A function of the universe, and its parameters with their types: "string", "function", "stream",
// ...; "invalid" where a parameter takes several.
struct Suggestion {
  std::string name;
  std::map<std::string, std::string> parameters;
};
const std::vector<Suggestion>& suggestions();  // by name

// Parses only: the AST package as JSON (POST /api/v2/query/ast), or the syntax errors.
Result<nlohmann::json> parse_to_json(std::string_view script);

}  // namespace weir::query
