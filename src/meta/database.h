// The SQLite file behind meta/: one connection, one writer at a time.
//
// A change runs in transact(): everything in it is on disk when it returns ok (WAL,
// synchronous=FULL), or nothing is. Reads happen once, at start; afterwards the classes of meta/
// answer from memory, so requests never wait for SQLite. Any thread may call transact(); it blocks
// on disk, so it belongs on a worker. A file of a newer weir is refused, an older one is migrated.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "base/sync.h"

struct sqlite3;
struct sqlite3_stmt;

namespace weir::meta {

struct Blob {
  std::string_view bytes;
};
// What a statement's ?1, ?2, ... take. Text and blobs are viewed during the call only.
using SqlValue = std::variant<std::nullptr_t, int64_t, std::string_view, Blob>;

// The current row of a query; columns count from 0.
class SqlRow {
 public:
  explicit SqlRow(sqlite3_stmt* statement) : statement_(statement) {}
  int64_t integer(int column) const;
  bool is_null(int column) const;
  std::string text(int column) const;  // also a blob's bytes

 private:
  sqlite3_stmt* statement_;
};

class Connection {
 public:
  explicit Connection(sqlite3* handle) : handle_(handle) {}
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // One statement with its values. A violated UNIQUE is Errc::conflict, anything else Errc::io.
  Result<void> run(std::string_view sql, std::initializer_list<SqlValue> values = {});
  Result<void> query(std::string_view sql, const std::function<void(const SqlRow&)>& each,
                     std::initializer_list<SqlValue> values = {});
  // Several statements without values.
  Result<void> script(const char* sql);
  // Copies the whole database to a new file, which is on disk then.
  Result<void> copy_to(const std::string& target);

 private:
  Error failure(std::string_view what) const;
  sqlite3* handle_;
};

class Database {
 public:
  // Creates the file if need be and brings its schema up to date.
  static Result<std::unique_ptr<Database>> open(const std::string& path);

  // Runs `change` in one transaction. `committed`, if given, runs after the commit and before any
  // other change: there the caller brings its memory up to date.
  Result<void> transact(const std::function<Result<void>(Connection&)>& change,
                        const std::function<void()>& committed = nullptr);
  Result<void> query(std::string_view sql, const std::function<void(const SqlRow&)>& each);
  // Copies everything to a new file, as of one moment.
  Result<void> backup(const std::string& target);
  // Called after every change that had a `committed`, on the thread that made it. Null: no more.
  void set_on_change(std::function<void()> changed) { *on_change_.lock() = std::move(changed); }

 private:
  explicit Database(sqlite3* handle) : connection_(handle) {}
  Guarded<Connection> connection_;
  Guarded<std::function<void()>> on_change_;
};

inline int64_t to_sql(uint64_t id) { return static_cast<int64_t>(id); }
template <class Id>
requires(std::is_enum_v<Id>) int64_t to_sql(Id id) { return static_cast<int64_t>(id); }
template <class Id>
Id id_from_sql(int64_t value) {
  return static_cast<Id>(static_cast<uint64_t>(value));
}

}  // namespace weir::meta
