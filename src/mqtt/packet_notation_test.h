// MQTT packets written as a line of text, for the cases under test/mqtt: "PUBLISH topic=a qos=1".
//
// Assembles bytes straight from the standard's tables and shares no code with the product's codec,
// so that a mistake there is seen here. The notation is described in test/mqtt/README.md.
#pragma once

#include <string>
#include <string_view>

namespace weir::mqtt {

// `version` is 3 (3.1), 4 (3.1.1) or 5. Throws std::runtime_error on a line it does not understand.
std::string assemble_packet(std::string_view line, int version);

// "30 05 00 01 61 68 69" to bytes, and back.
std::string bytes_from_hex(std::string_view hex);
std::string hex_of(std::string_view bytes);
// The packet's name and bytes, for messages about a case that failed.
std::string show_packet(std::string_view bytes);

}  // namespace weir::mqtt
