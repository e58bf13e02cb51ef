// UTF-8 strings and other fields as MQTT packets hold them (MQTT 5 §1.5).
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"

namespace weir::mqtt {

inline constexpr uint32_t kVariableIntegerMax = 268'435'455;

// Well-formed UTF-8 without U+0000 and surrogates (§1.5.4, must), nor control characters and
// non-characters (may): they have no place in topics, ids and names, and confuse terminals and
// logs.
bool is_valid_text(std::string_view text);

// A two-byte length and that many bytes; fails the reader if they are not there.
std::string_view read_binary(ByteReader& reader);
// The same, and the bytes are valid text; otherwise the reader fails.
std::string_view read_text(ByteReader& reader);
// At most four bytes, seven bits each, in the shortest form [MQTT-1.5.5-1].
uint32_t read_variable_integer(ByteReader& reader);

void write_binary(ByteWriter& out, std::string_view bytes);
void write_variable_integer(ByteWriter& out, uint32_t value);
size_t variable_integer_size(uint32_t value);

}  // namespace weir::mqtt
