// The command line: `weir <command> [options]` to calls of commands/.
#pragma once

#include <span>

#include "api/weir/web_files.h"

namespace weir::server {

// `web_files` is the web interface to serve. Returns the exit code.
int run_command_line(int argument_count, char** arguments, std::span<const api::WebFile> web_files);

}  // namespace weir::server
