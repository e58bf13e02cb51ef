// Any text parses or is refused; what parses, formatted and parsed again, is the same tree with the
// same comments; and its JSON form reads back as that tree.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include "base/json.h"

#include "base/assert.h"
#include "query/flux/ast_json.h"
#include "query/flux/format.h"
#include "query/flux/parser.h"

namespace {

using namespace weir::query::flux;

// Places differ between a script and its canonical form.
void drop_locations(nlohmann::json& node) {
  if (node.is_object()) node.erase("location");
  if (node.is_structured())
    for (auto& child : node) drop_locations(child);
}

nlohmann::json tree(const ast::File& file) {
  nlohmann::json document = to_json(file);
  drop_locations(document);
  return document;
}

std::string comments(const ast::File& file) {
  std::string texts;
  for (const ast::Comment& comment : file.comments) texts += comment.text + "\n";
  return texts;
}

bool has_builtin(const ast::File& file) {  // JSON with type expressions is written, never read
  for (const ast::StatementPtr& statement : file.body)
    if (statement->kind == ast::StatementKind::builtin ||
        statement->kind == ast::StatementKind::testcase || !statement->attributes.empty())
      return true;
  return !file.imports.empty() || file.package;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view source(reinterpret_cast<const char*>(data), size);
  ParsedFile parsed = parse_file(source);
  if (!parsed.errors.empty()) return 0;
  nlohmann::json first = tree(*parsed.file);
  ParsedFile again = parse_file(format(*parsed.file));
  WEIR_ASSERT(again.errors.empty(), "what the formatter writes does not parse");
  WEIR_ASSERT(tree(*again.file) == first, "formatting changed the tree");
  WEIR_ASSERT(comments(*again.file) == comments(*parsed.file), "formatting lost a comment");
  if (has_builtin(*parsed.file)) return 0;
  weir::Result<ast::FilePtr> read = file_from_json(first);
  if (read.ok()) WEIR_ASSERT(tree(**read) == first, "the tree changed on its way through JSON");
  return 0;
}
