// A small table of named texts: what weir itself remembers between starts (the set-up's default
// bucket, for instance). Any thread; get() answers from memory, set() blocks on disk.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/sync.h"

namespace weir::meta {

class Connection;
class Database;

// Keys in use.
inline constexpr std::string_view kDefaultOrgSetting = "default_org";        // id of the set-up's
inline constexpr std::string_view kDefaultBucketSetting = "default_bucket";  // id of the set-up's

class Settings {
 public:
  explicit Settings(Database& database) : database_(database) {}
  Result<void> load();

  std::optional<std::string> get(std::string_view key) const;
  Result<void> set(std::string_view key, std::string_view value);

 private:
  friend class SetUp;
  static Result<void> write(Connection& connection, std::string_view key, std::string_view value);
  void apply(std::string_view key, std::string_view value);

  Database& database_;
  Guarded<std::map<std::string, std::string, std::less<>>> values_;
};

}  // namespace weir::meta
