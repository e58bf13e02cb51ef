#include "server/command_line.h"
#include "web/web_files.h"

int main(int argument_count, char** arguments) {
  return weir::server::run_command_line(argument_count, arguments, weir::web::files());
}
