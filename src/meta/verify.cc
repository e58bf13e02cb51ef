#include "meta/verify.h"

#include <fmt/core.h>
#include <sqlite3.h>

#include "meta/database.h"
#include "meta/schema.h"

namespace weir::meta {

Result<std::vector<std::string>> verify_database(const std::string& path) {
  sqlite3* handle = nullptr;
  const int opened =
      sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, nullptr);
  if (handle == nullptr) return Error{Errc::io, "metadata: out of memory opening " + path};
  Connection connection(handle);
  if (opened != SQLITE_OK) {
    return Error{Errc::io, fmt::format("cannot open {}: {}", path, sqlite3_errmsg(handle))};
  }
  std::vector<std::string> found;
  int64_t version = 0;
  auto check = [&]() -> Result<void> {
    WEIR_CHECK(connection.query("PRAGMA integrity_check", [&](const SqlRow& row) {
      if (std::string text = row.text(0); text != "ok") found.push_back(std::move(text));
    }));
    WEIR_CHECK(connection.query("PRAGMA foreign_key_check", [&](const SqlRow& row) {
      found.push_back(fmt::format("row {} of {} refers to a row of {} that does not exist",
                                  row.integer(1), row.text(0), row.text(2)));
    }));
    return connection.query("PRAGMA user_version",
                            [&](const SqlRow& row) { version = row.integer(0); });
  };
  // A file that is no database at all ends the check itself.
  if (Result<void> checked = check(); !checked.ok()) found.push_back(checked.error().message);
  if (version < 0 || version > kSchemaVersion) {
    found.push_back(
        fmt::format("its schema version is {}, this weir knows up to {}", version, kSchemaVersion));
  }
  return found;
}

}  // namespace weir::meta
