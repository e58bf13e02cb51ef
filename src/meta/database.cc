#include "meta/database.h"

#include <fmt/core.h>
#include <sqlite3.h>

#include <utility>

#include "meta/meta.h"
#include "meta/schema.h"

namespace weir::meta {
namespace {

// How long a change waits when another process (weir's command line) holds the file.
constexpr int kBusyTimeoutMs = 5'000;

class Statement {
 public:
  explicit Statement(sqlite3_stmt* handle) : handle_(handle) {}
  ~Statement() { sqlite3_finalize(handle_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  sqlite3_stmt* get() const { return handle_; }

  int bind(int index, const SqlValue& value) {
    struct Binder {
      sqlite3_stmt* statement;
      int index;
      int operator()(std::nullptr_t) { return sqlite3_bind_null(statement, index); }
      int operator()(int64_t number) { return sqlite3_bind_int64(statement, index, number); }
      int operator()(std::string_view text) {
        const char* data = text.data() == nullptr ? "" : text.data();
        return sqlite3_bind_text64(statement, index, data, text.size(), SQLITE_STATIC, SQLITE_UTF8);
      }
      int operator()(Blob blob) {
        return sqlite3_bind_blob64(statement, index, blob.bytes.data(), blob.bytes.size(),
                                   SQLITE_STATIC);
      }
    };
    return std::visit(Binder{handle_, index}, value);
  }

 private:
  sqlite3_stmt* handle_;
};

Result<void> configure(Connection& connection) {
  return connection.script(
      "PRAGMA journal_mode = WAL;"
      "PRAGMA synchronous = FULL;"
      "PRAGMA foreign_keys = ON;"
      "PRAGMA trusted_schema = OFF;");
}

Result<void> migrate(Connection& connection) {
  int64_t version = 0;
  WEIR_CHECK(connection.query("PRAGMA user_version",
                              [&](const SqlRow& row) { version = row.integer(0); }));
  if (version < 0 || version > kSchemaVersion)
    return Error{Errc::invalid,
                 fmt::format("its schema version is {}, this weir knows up to {}: it was written "
                             "by a newer weir",
                             version, kSchemaVersion)};
  for (; version < kSchemaVersion; version++) {
    WEIR_CHECK(connection.run("BEGIN IMMEDIATE"));
    auto step = [&]() -> Result<void> {
      WEIR_CHECK(connection.script(migration_step(version)));
      WEIR_CHECK(connection.run(fmt::format("PRAGMA user_version = {}", version + 1)));
      return connection.run("COMMIT");
    };
    if (Result<void> done = step(); !done.ok()) {
      (void)connection.run("ROLLBACK");
      return done;
    }
  }
  return {};
}

}  // namespace

int64_t SqlRow::integer(int column) const { return sqlite3_column_int64(statement_, column); }

bool SqlRow::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

std::string SqlRow::text(int column) const {
  const void* data = sqlite3_column_blob(statement_, column);
  int size = sqlite3_column_bytes(statement_, column);
  if (data == nullptr) return {};
  return std::string(static_cast<const char*>(data), static_cast<size_t>(size));
}

Connection::~Connection() { sqlite3_close_v2(handle_); }

Error Connection::failure(std::string_view what) const {
  const int code = sqlite3_extended_errcode(handle_);
  const bool taken = code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY;
  return {taken ? Errc::conflict : Errc::io,
          fmt::format("metadata: {}: {}", what, sqlite3_errmsg(handle_))};
}

Result<void> Connection::run(std::string_view sql, std::initializer_list<SqlValue> values) {
  return query(
      sql, [](const SqlRow&) {}, values);
}

Result<void> Connection::query(std::string_view sql, const std::function<void(const SqlRow&)>& each,
                               std::initializer_list<SqlValue> values) {
  sqlite3_stmt* prepared = nullptr;
  if (sqlite3_prepare_v2(handle_, sql.data(), static_cast<int>(sql.size()), &prepared, nullptr) !=
      SQLITE_OK)
    return failure("cannot prepare");
  Statement statement(prepared);
  int index = 0;
  for (const SqlValue& value : values) {
    if (statement.bind(++index, value) != SQLITE_OK) return failure("cannot bind");
  }
  while (true) {
    const int step = sqlite3_step(statement.get());
    if (step == SQLITE_DONE) return {};
    if (step != SQLITE_ROW) return failure("cannot run");
    each(SqlRow(statement.get()));
  }
}

Result<void> Connection::script(const char* sql) {
  if (sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) != SQLITE_OK)
    return failure("cannot run a script");
  return {};
}

Result<void> Connection::copy_to(const std::string& target) {
  sqlite3* opened = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  int status = sqlite3_open_v2(target.c_str(), &opened, flags, nullptr);
  if (opened == nullptr) return Error{Errc::io, "metadata: out of memory copying to " + target};
  Connection copy(opened);
  sqlite3_backup* backup =
      status == SQLITE_OK ? sqlite3_backup_init(opened, "main", handle_, "main") : nullptr;
  if (backup != nullptr) {
    status = sqlite3_backup_step(backup, -1);
    const int finished = sqlite3_backup_finish(backup);
    if (status == SQLITE_DONE) status = finished;
    if (status == SQLITE_OK) return {};
  }
  return copy.failure("cannot copy it to " + target);
}

Result<std::unique_ptr<Database>> Database::open(const std::string& path) {
  sqlite3* handle = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  const int opened = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  if (handle == nullptr) return Error{Errc::io, "metadata: out of memory opening " + path};
  std::unique_ptr<Database> database(new Database(handle));
  if (opened != SQLITE_OK)
    return Error{Errc::io, fmt::format("cannot open {}: {}", path, sqlite3_errmsg(handle))};
  sqlite3_busy_timeout(handle, kBusyTimeoutMs);
  sqlite3_extended_result_codes(handle, 1);
  auto connection = database->connection_.lock();
  if (Result<void> done = configure(*connection); !done.ok())
    return std::move(done).error().with_context(path);
  if (Result<void> done = migrate(*connection); !done.ok())
    return std::move(done).error().with_context(path);
  connection.unlock();
  return database;
}

Result<void> Database::transact(const std::function<Result<void>(Connection&)>& change,
                                const std::function<void()>& committed) {
  auto connection = connection_.lock();
  WEIR_CHECK(connection->run("BEGIN IMMEDIATE"));
  Result<void> done = change(*connection);
  if (done.ok()) done = connection->run("COMMIT");
  if (!done.ok()) {
    (void)connection->run("ROLLBACK");  // fails only when SQLite has rolled back by itself
    return done;
  }
  if (!committed) return {};
  committed();
  connection.unlock();
  if (auto on_change = on_change_.lock(); *on_change) (*on_change)();
  return {};
}

Result<void> Database::backup(const std::string& target) {
  return connection_.lock()->copy_to(target);
}

Result<void> Database::query(std::string_view sql, const std::function<void(const SqlRow&)>& each) {
  return connection_.lock()->query(sql, each);
}

Result<void> backup_database(const std::string& path, const std::string& target) {
  sqlite3* handle = nullptr;
  // To write: what SQLite's own log holds after a crash belongs to it.
  const int opened =
      sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  if (handle == nullptr) return Error{Errc::io, "metadata: out of memory opening " + path};
  Connection connection(handle);
  if (opened != SQLITE_OK)
    return Error{Errc::io, fmt::format("cannot open {}: {}", path, sqlite3_errmsg(handle))};
  return connection.copy_to(target);
}

}  // namespace weir::meta
