#include "query/flux/signatures.h"

#include <algorithm>
#include <vector>

#include "base/result.h"
#include "query/flux/parser.h"

namespace weir::query::flux {
namespace {

// The next declaration, with the lines that continue it.
std::string_view take(std::string_view& text) {
  size_t end = text.find('\n');
  while (end != std::string_view::npos && text.substr(end + 1).starts_with(' '))
    end = text.find('\n', end + 1);
  std::string_view taken = text.substr(0, end);
  text.remove_prefix(std::min(text.size(), taken.size() + 1));
  return taken;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

void read(std::string_view text, Signatures& into) {
  std::vector<std::string> packages;
  while (!text.empty()) {
    const std::string_view declaration = take(text);
    if (declaration.empty()) continue;
    constexpr std::string_view kPackage = "package ";
    if (declaration.starts_with(kPackage)) {
      packages = words_of(declaration.substr(kPackage.size()));
      continue;
    }
    const size_t colon = declaration.find(" : ");
    WEIR_ASSERT(colon != std::string_view::npos, "a signature has the form `name : type`");
    auto type = parse_type(declaration.substr(colon + 3));
    WEIR_ASSERT(type.ok(), "a signature is no type");
    const std::string name(declaration.substr(0, colon));
    for (const std::string& package : packages) {
      bool added = into.emplace(std::pair(package, name), *type).second;
      WEIR_ASSERT(added, "two signatures of one member");
    }
  }
}

}  // namespace

const Signatures& all_signatures() {
  static const Signatures signatures = [] {
    Signatures all;
    for (std::string_view text : {kUniverseSignatures, kScalarSignatures, kTableSignatures,
                                  kServiceSignatures, kContributedSignatures})
      read(text, all);
    return all;
  }();
  return signatures;
}

const ast::TypeExpression* find_signature(std::string_view package, std::string_view name) {
  const Signatures& all = all_signatures();
  auto found = all.find(std::pair(std::string(package), std::string(name)));
  return found == all.end() ? nullptr : &found->second;
}

}  // namespace weir::query::flux
