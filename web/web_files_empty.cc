#include "web/web_files.h"

namespace weir::web {

std::span<const api::WebFile> files() { return {}; }

}  // namespace weir::web
