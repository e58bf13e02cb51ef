// The web interface's files, built into the binary and served to paths that no resource has.
//
// Files are gzip-compressed when the binary is built; a client that does not take gzip (none of the
// browsers) is told 406. Assets whose name holds a hash of their content may be kept for ever;
// everything else is asked for again each time, which its ETag makes cheap. Any path without a file
// name is the single page's: the browser routes it. Errors of /api paths stay JSON.
#pragma once

#include <span>
#include <string_view>

#include "http/router.h"

namespace weir::api {

struct WebFile {
  std::string_view path;          // "/index.html", "/assets/index-4f2a9c1b.js"
  std::string_view content_type;  // "text/html; charset=utf-8"
  std::string_view bytes;         // gzip
  std::string_view etag;          // quoted, as the header has it: "\"4f2a9c1b\""
};

// Sets the router's fallback; without files every unknown path stays 404. `files` outlives it.
void mount_web_files(http::Router& router, std::span<const WebFile> files);

}  // namespace weir::api
