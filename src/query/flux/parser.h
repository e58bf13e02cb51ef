// The parser: Flux source text to syntax tree, with every syntax error it finds.
//
// Recursive descent over a whole file in memory; goes on after an error at the next statement, so
// that several are reported at once. Nesting deeper than kNestingDepthMax, trees deeper than
// ast::kTreeDepthMax and sources over kSourceBytesMax are errors. Any thread.
// Spec: Flux specification, https://docs.influxdata.com/flux/v0/spec/.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "query/flux/ast.h"

namespace weir::query::flux {

inline constexpr size_t kSourceBytesMax = 4 * 1024 * 1024;  // far above any dashboard's query
inline constexpr int kNestingDepthMax = 100;  // brackets in brackets; bounds the parser's stack

struct SyntaxError {
  ast::Location location;
  std::string message;
};

struct ParsedFile {
  ast::FilePtr file;  // never null; holds Bad* nodes where errors are
  std::vector<SyntaxError> errors;
};

// Never fails as such: look at errors.
ParsedFile parse_file(std::string_view source, std::string_view name = "");

// A package of one file, or compilation_error().
Result<ast::Package> parse_package(std::string_view source, std::string_view name = "");

// A type as a `builtin` statement has it: "(v: string) => string where ...".
Result<ast::TypeExpression> parse_type(std::string_view source);

// Errc::invalid "compilation failed: error @1:5-1:8: ...", an empty line between errors.
Error compilation_error(const std::vector<SyntaxError>& errors);

// One error of such a message: "error @1:5-1:8: message".
std::string describe(const ast::Location& location, std::string_view message);

}  // namespace weir::query::flux
