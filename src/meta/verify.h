// Whether the file of meta/ is whole: SQLite's own check of every page, index and reference.
//
// Reads a file that no process writes to; changes nothing. Blocks; any thread.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace weir::meta {

// What is wrong with it, a sentence each; empty when nothing is. An error when it cannot be opened.
Result<std::vector<std::string>> verify_database(const std::string& path);

}  // namespace weir::meta
