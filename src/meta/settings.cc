#include "meta/settings.h"

#include "meta/database.h"

namespace weir::meta {

Result<void> Settings::load() {
  return database_.query("SELECT key, value FROM settings",
                         [&](const SqlRow& row) { apply(row.text(0), row.text(1)); });
}

std::optional<std::string> Settings::get(std::string_view key) const {
  auto values = values_.lock();
  auto found = values->find(key);
  if (found == values->end()) return std::nullopt;
  return found->second;
}

Result<void> Settings::write(Connection& connection, std::string_view key, std::string_view value) {
  return connection.run(
      "INSERT INTO settings (key, value) VALUES (?1, ?2)"
      " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
      {key, value});
}

void Settings::apply(std::string_view key, std::string_view value) {
  values_.lock()->insert_or_assign(std::string(key), std::string(value));
}

Result<void> Settings::set(std::string_view key, std::string_view value) {
  return database_.transact([&](Connection& connection) { return write(connection, key, value); },
                            [&] { apply(key, value); });
}

}  // namespace weir::meta
