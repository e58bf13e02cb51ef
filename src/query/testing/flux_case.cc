#include "query/testing/flux_case.h"

#include <fstream>

#include "base/assert.h"

namespace weir::query::testing {

std::vector<FluxCase> read_cases(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::vector<FluxCase> cases;
  std::string* section = nullptr;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("=== ")) {
      cases.emplace_back().name = line.substr(4);
      section = nullptr;
    } else if (line.starts_with("--- ")) {
      WEIR_ASSERT(!cases.empty(), "a section belongs to a case");
      FluxCase& current = cases.back();
      std::string name = line.substr(4);
      if (name == "data") section = &current.data;
      if (name == "now") section = &current.now;
      if (name == "query") section = &current.query;
      if (name == "by columns") section = &current.by_columns.emplace();
      if (name == "expect") section = &current.expect.emplace();
      if (name == "error") section = &current.error.emplace();
    } else if (section != nullptr) {
      *section += line;
      *section += '\n';
    }
  }
  return cases;
}

void write_cases(const std::filesystem::path& file, const std::vector<FluxCase>& cases) {
  std::ofstream out(file);
  for (const FluxCase& one : cases) {
    out << "=== " << one.name << '\n';
    if (!one.data.empty()) out << "--- data\n" << one.data;
    if (!one.now.empty()) out << "--- now\n" << one.now;
    out << "--- query\n" << one.query;
    if (one.by_columns) out << "--- by columns\n" << *one.by_columns;
    if (one.expect) out << "--- expect\n" << *one.expect;
    if (one.error) out << "--- error\n" << *one.error;
  }
}

}  // namespace weir::query::testing
