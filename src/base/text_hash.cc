#include "base/text_hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace weir {

uint64_t hash_of_text(std::string_view text) { return XXH3_64bits(text.data(), text.size()); }

}  // namespace weir
