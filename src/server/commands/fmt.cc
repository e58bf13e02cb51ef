#include <cstdio>
#include <filesystem>

#include "base/file.h"
#include "query/query.h"
#include "server/commands/commands.h"
#include "server/commands/server_call.h"

namespace weir::server {
namespace {

namespace fs = std::filesystem;

// Beside the file and then in its place: a script is never left half written. A link stays one, and
// who may read the file may read it still.
Result<void> replace_file(const std::string& named, const std::string& text) {
  std::error_code failure;
  const fs::path path = fs::canonical(named, failure);
  if (failure) return Error{Errc::io, named + ": " + failure.message()};
  const fs::perms permissions = fs::status(path, failure).permissions();
  if (failure) return Error{Errc::io, named + ": " + failure.message()};
  const std::string fresh = path.string() + ".weir-fmt";
  FileSystem& files = system_file_system();
  if (files.exists(fresh)) WEIR_CHECK(files.remove(fresh));  // of a run that was broken off
  WEIR_TRY(std::unique_ptr<WritableFile> file, files.create(fresh));
  WEIR_CHECK(file->append(text));
  WEIR_CHECK(file->sync());
  file = nullptr;
  fs::permissions(fresh, permissions, failure);
  if (failure) return Error{Errc::io, fresh + ": " + failure.message()};
  return files.rename(fresh, path);
}

Result<void> format_file(const std::string& path, bool write) {
  auto text = read_input(path);
  if (!text.ok()) return std::move(text).error();
  auto formatted = query::format_script(*text);
  if (!formatted.ok()) return std::move(formatted).error().with_context(path);
  if (!write || path == "-") {
    std::fwrite(formatted->data(), 1, formatted->size(), stdout);
    return {};
  }
  return *formatted == *text ? Result<void>() : replace_file(path, *formatted);
}

}  // namespace

int format_command(const FormatArguments& arguments) {
  int status = 0;
  for (const std::string& path : arguments.files)
    if (auto done = format_file(path, arguments.write); !done.ok()) status = report(done.error());
  return status;
}

}  // namespace weir::server
