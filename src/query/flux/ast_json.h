// The syntax tree as JSON, in InfluxDB's shape: `/api/v2/query/ast` writes it, `extern` and the
// `ast` of a query request are read from it.
//
// A node is an object with "type" and "location"; names follow the Flux AST ("CallExpression",
// "OptionStatement", ...). Reading ignores locations it does not find and members it does not know;
// it fails with Errc::invalid naming the path of the node that is wrong. Any thread.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "base/result.h"
#include "query/flux/ast.h"

namespace weir::query::flux {

nlohmann::json to_json(const ast::Package& package);
nlohmann::json to_json(const ast::File& file);
nlohmann::json to_json(const ast::Expression& expression, std::string_view source = {});

// A Package, or a File, which becomes a package of one file.
Result<ast::Package> package_from_json(const nlohmann::json& document);
Result<ast::FilePtr> file_from_json(const nlohmann::json& document);

}  // namespace weir::query::flux
