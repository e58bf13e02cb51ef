#include "server/version.h"

namespace weir::server {

const char* const kVersion = WEIR_VERSION;
const char* const kCommit = WEIR_COMMIT;

}  // namespace weir::server
