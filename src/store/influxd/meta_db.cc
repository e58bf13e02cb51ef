#include "store/influxd/meta_db.h"

#include "base/bytes.h"
#include "store/influxd/mapped_file.h"

namespace weir::store::influxd {
namespace {

// One field of a protobuf message: a number or bytes, by its wire type.
struct Field {
  uint64_t number = 0;
  uint64_t integer = 0;
  std::string_view bytes;
};

bool next_field(ByteReader& reader, Field& field) {
  if (reader.at_end()) return false;
  const uint64_t tag = reader.varint();
  field = {tag >> 3, 0, {}};
  switch (tag & 7) {
    case 0:
      field.integer = reader.varint();
      break;
    case 1:
      reader.bytes(8);
      break;
    case 2:
      field.bytes = reader.sized();
      break;
    case 5:
      reader.bytes(4);
      break;
    default:
      reader.fail();
  }
  return reader.ok();
}

bool read_policy(std::string_view bytes, RetentionPolicy& policy) {
  ByteReader reader(bytes);
  Field field;
  while (next_field(reader, field)) {
    if (field.number == 1) policy.name = field.bytes;
    if (field.number == 2) policy.duration_ns = static_cast<int64_t>(field.integer);
  }
  return reader.ok();
}

bool read_database(std::string_view bytes, std::vector<RetentionPolicy>& policies) {
  const size_t first = policies.size();
  std::string name;
  ByteReader reader(bytes);
  Field field;
  while (next_field(reader, field)) {
    if (field.number == 1) name = field.bytes;
    if (field.number == 3 && !read_policy(field.bytes, policies.emplace_back())) return false;
  }
  for (size_t i = first; i < policies.size(); i++) policies[i].database = name;
  return reader.ok();
}

}  // namespace

Result<std::vector<RetentionPolicy>> parse_meta_db(std::string_view bytes, std::string_view path) {
  constexpr uint64_t kDatabases = 5;
  std::vector<RetentionPolicy> policies;
  ByteReader reader(bytes);
  Field field;
  size_t at = 0;
  while (next_field(reader, field)) {
    if (field.number == kDatabases && !read_database(field.bytes, policies)) {
      return damage_at(path, at, "a database's entry is damaged");
    }
    at = reader.position();
  }
  if (!reader.ok()) return damage_at(path, at, "not InfluxDB 1's metadata, or damaged");
  return policies;
}

}  // namespace weir::store::influxd
