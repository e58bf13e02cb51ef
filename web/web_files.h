// The built web interface, carried inside the program.
//
// Each file is gzip-compressed once, when the program is built; the bytes live in the read-only
// part of the binary for as long as it runs. Without the interface (WEIR_UI=OFF) the table is
// empty. Read by server/app from any thread; cannot fail.
#pragma once

#include <span>

#include "api/weir/web_files.h"

namespace weir::web {

std::span<const api::WebFile> files();

}  // namespace weir::web
