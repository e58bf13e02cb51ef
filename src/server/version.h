// What this build is: the project's version and the commit it was built from.
#pragma once

namespace weir::server {

extern const char* const kVersion;  // "0.1.0"
extern const char* const kCommit;   // "1a2b3c4", or "unknown" outside a checkout

}  // namespace weir::server
