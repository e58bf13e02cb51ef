#include "server/command_line.h"
#include "web/web_files.h"

// What jemalloc reads before anything else, where the program is built with it: as many arenas as
// threads that allocate much, and pages that nobody used for a second given back.
extern "C" const char* malloc_conf;
const char* malloc_conf = "narenas:4,dirty_decay_ms:1000,muzzy_decay_ms:0";

int main(int argument_count, char** arguments) {
  return weir::server::run_command_line(argument_count, arguments, weir::web::files());
}
