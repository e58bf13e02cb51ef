// A quick hash of text for tables in memory (XXH3). Its values mean nothing outside the process.
#pragma once

#include <cstdint>
#include <string_view>

namespace weir {

uint64_t hash_of_text(std::string_view text);

// For hash maps with string keys that are searched by string_view.
struct TextHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return hash_of_text(text); }
};

}  // namespace weir
