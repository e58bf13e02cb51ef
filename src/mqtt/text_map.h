// TextMap<V>: a hash map with string keys that is searched by string_view without making a string.
//
// Debian's Abseil is built for C++14 and knows std::string_view only through hash functions of
// one's own.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <functional>
#include <string>
#include <string_view>

#include "base/text_hash.h"

namespace weir::mqtt {

template <class Value>
using TextMap = absl::flat_hash_map<std::string, Value, TextHash, std::equal_to<>>;

}  // namespace weir::mqtt
