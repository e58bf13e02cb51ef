// Small text rules of HTTP: case-insensitive names, comma lists, percent-encoding.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace weir::http {

// ASCII letters compare without case.
bool equal_ignoring_case(std::string_view a, std::string_view b);
// Without spaces and tabs at both ends.
std::string_view trimmed(std::string_view text);
// True if the comma list `list` holds `token`, compared without case ("keep-alive, Upgrade").
bool list_has_token(std::string_view list, std::string_view token);
// %41 -> A; in forms and queries also + -> space. An escape that is none stays as it is.
std::string percent_decoded(std::string_view text, bool plus_is_space);

}  // namespace weir::http
