// The mapping rules of a configuration file, with mistakes told as settings' are: file:line:column.
#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"
#include "ingest/rules.h"

namespace weir::server {

// Errc::invalid with one line per mistake, in the order of their places.
Result<std::shared_ptr<const ingest::RuleSet>> parse_rules_file(std::string_view text,
                                                                std::string_view name);

}  // namespace weir::server
