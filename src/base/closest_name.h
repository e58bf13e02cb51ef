// closest_name: which known name a misspelt one was meant to be, for "did you mean". Pure.
#pragma once

#include <string_view>
#include <vector>

namespace weir {

// Empty when none is near enough to be a help.
std::string_view closest_name(std::string_view wrong, const std::vector<std::string_view>& known);

}  // namespace weir
