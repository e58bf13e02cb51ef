#include "meta/schema.h"

#include "base/assert.h"

namespace weir::meta {
namespace {

// Ids are 64-bit and unsigned; SQLite keeps their bits as a signed integer.
constexpr const char* kStep1 = R"sql(
CREATE TABLE organisations (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  description TEXT NOT NULL,
  created_ns INTEGER NOT NULL,
  updated_ns INTEGER NOT NULL
) STRICT;

CREATE TABLE users (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  active INTEGER NOT NULL,
  is_operator INTEGER NOT NULL,
  password_hash TEXT,              -- argon2id in its own encoding; null: cannot sign in
  created_ns INTEGER NOT NULL,
  updated_ns INTEGER NOT NULL
) STRICT;

CREATE TABLE members (
  org INTEGER NOT NULL REFERENCES organisations (id) ON DELETE CASCADE,
  user INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  role TEXT NOT NULL CHECK (role IN ('owner', 'member')),
  PRIMARY KEY (org, user)
) STRICT, WITHOUT ROWID;

CREATE TABLE buckets (
  id INTEGER PRIMARY KEY,
  org INTEGER NOT NULL REFERENCES organisations (id),
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  type TEXT NOT NULL CHECK (type IN ('user', 'system')),
  retention_ns INTEGER NOT NULL,
  shard_group_ns INTEGER NOT NULL,
  created_ns INTEGER NOT NULL,
  updated_ns INTEGER NOT NULL,
  UNIQUE (org, name)
) STRICT;

-- Buckets that are gone here and whose points the store may still hold.
CREATE TABLE dropped_buckets (id INTEGER PRIMARY KEY) STRICT;

CREATE TABLE authorizations (
  id INTEGER PRIMARY KEY,
  org INTEGER NOT NULL REFERENCES organisations (id) ON DELETE CASCADE,
  user INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  token_hash BLOB NOT NULL UNIQUE, -- SHA-256
  description TEXT NOT NULL,
  active INTEGER NOT NULL,
  permissions TEXT NOT NULL,       -- JSON, as the API shows them
  last_used_ns INTEGER NOT NULL,
  created_ns INTEGER NOT NULL,
  updated_ns INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
  key_hash BLOB PRIMARY KEY,       -- SHA-256 of the cookie
  user INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  created_ns INTEGER NOT NULL,
  expires_ns INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE settings (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
)sql";

constexpr const char* kSteps[] = {kStep1};
static_assert(sizeof kSteps / sizeof kSteps[0] == kSchemaVersion);

}  // namespace

const char* migration_step(int64_t version) {
  WEIR_ASSERT(version >= 0 && version < kSchemaVersion, "no migration step from this version");
  return kSteps[version];
}

}  // namespace weir::meta
