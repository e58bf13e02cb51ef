// The ids that name weir's things: 64-bit, never 0, each kind its own type.
//
// Written as 16 lower-case hex digits, as InfluxDB's API does. New ids are random, so they need no
// counter that several processes would share.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace weir {

enum class BucketId : uint64_t {};
enum class OrgId : uint64_t {};
enum class UserId : uint64_t {};
enum class TokenId : uint64_t {};

// 16 lower-case hex digits.
std::string id_to_text(uint64_t id);
// Exactly 16 hex digits and not zero, or nothing.
std::optional<uint64_t> id_from_text(std::string_view text);
uint64_t make_random_id();

template <class Id>
requires(std::is_enum_v<Id>) std::string id_to_text(Id id) {
  return id_to_text(static_cast<uint64_t>(id));
}

}  // namespace weir
