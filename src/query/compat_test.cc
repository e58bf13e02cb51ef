// docs/compat.md lists the Flux functions that weir offers; this keeps the list true.
#include <doctest/doctest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "query/exec/functions/library.h"
#include "query/flux/stdlib/stdlib.h"

namespace weir::query {
namespace {

constexpr size_t kColumnsMax = 100;

// "- `package`: name, name, ...", wrapped.
std::string entry(const std::string& package, const std::set<std::string>& names) {
  std::string out, line = "- `" + package + "`:";
  size_t left = names.size();
  for (const std::string& name : names) {
    std::string word = " " + name + (--left > 0 ? "," : "");
    if (line.size() + word.size() > kColumnsMax) {
      out += line + "\n";
      line = " ";
    }
    line += word;
  }
  return out + line + "\n";
}

std::string offered() {
  flux::Registry registry;
  flux::add_scalar_packages(registry);
  register_tables(registry);
  std::string out;
  for (const auto& [path, library] : registry.packages()) {
    std::set<std::string> names;
    for (const auto& [name, member] : library.members) names.insert(name);
    for (const flux::ast::FilePtr& script : library.scripts)
      for (const flux::ast::StatementPtr& statement : script->body)
        if (const auto* variable = flux::ast::as<flux::ast::VariableAssignment>(*statement))
          names.insert(variable->id.text);
    // What packages share among themselves only.
    std::erase_if(names, [](const std::string& name) { return name.starts_with('_'); });
    out += entry(path, names);
  }
  return out;
}

TEST_CASE("the documentation lists the Flux functions that there are") {
  std::ifstream file(WEIR_TEST_DIR "/../docs/compat.md");
  REQUIRE(file);
  std::stringstream text;
  text << file.rdbuf();
  std::string documented = text.str();
  constexpr std::string_view kBegin = "<!-- functions -->\n", kEnd = "<!-- end of functions -->\n";
  size_t begin = documented.find(kBegin), end = documented.find(kEnd);
  REQUIRE(begin != std::string::npos);
  REQUIRE(end != std::string::npos);
  begin += kBegin.size();
  CHECK(documented.substr(begin, end - begin) == offered());
}

}  // namespace
}  // namespace weir::query
