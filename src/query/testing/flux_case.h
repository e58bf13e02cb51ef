// Flux cases: test/flux/*.case, each with data, a script and what it must answer.
//
//   === the name of the case
//   --- data            line protocol for the bucket "b" (optional)
//   --- now             RFC 3339 (optional)
//   --- query           the script
//   --- by columns      (optional, empty) lambdas row by row are stricter, so only columns are
//   tried
//   --- expect          annotated CSV, lines ended by LF
//   --- error           instead of expect: a regular expression that the message matches
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace weir::query::testing {

struct FluxCase {
  std::string name, data, now, query;
  std::optional<std::string> expect, error, by_columns;
};

std::vector<FluxCase> read_cases(const std::filesystem::path& file);
void write_cases(const std::filesystem::path& file, const std::vector<FluxCase>& cases);

}  // namespace weir::query::testing
