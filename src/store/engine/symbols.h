// Symbols: distinct texts as dense numbers, in few bytes beside the text.
//
// Texts lie one after the other in large blocks, each after its length, and never move: views of
// them are valid while the table lives. Symbols are never forgotten. One writer or many readers, as
// the owner's lock says. Used by SeriesIndex for tag keys, tag values and measurement names.
#pragma once

#include <absl/container/flat_hash_set.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "store/engine/segmented_vector.h"

namespace weir::store {

using Symbol = uint32_t;

class Symbols {
 public:
  Symbols();
  Symbols(const Symbols&) = delete;
  Symbols& operator=(const Symbols&) = delete;

  Symbol intern(std::string_view text);
  std::optional<Symbol> find(std::string_view text) const;
  std::string_view text(Symbol symbol) const;
  size_t size() const { return texts_.size(); }

 private:
  static constexpr size_t kBlockBytes = 64 * 1024;
  static constexpr uint8_t kLongLength = 255;  // then four bytes of length follow

  // The set holds symbols alone; what they hash and compare as is their text.
  struct Hash {
    using is_transparent = void;
    const Symbols* symbols;
    size_t operator()(std::string_view text) const { return absl::Hash<std::string_view>()(text); }
    size_t operator()(Symbol symbol) const { return (*this)(symbols->text(symbol)); }
  };
  struct Equal {
    using is_transparent = void;
    const Symbols* symbols;
    bool operator()(Symbol a, Symbol b) const { return a == b; }
    bool operator()(Symbol a, std::string_view b) const { return symbols->text(a) == b; }
    bool operator()(std::string_view a, Symbol b) const { return symbols->text(b) == a; }
  };

  const char* store(std::string_view text);

  std::vector<std::unique_ptr<char[]>> blocks_;
  size_t block_left_ = 0;
  char* block_at_ = nullptr;
  SegmentedVector<const char*> texts_;  // by symbol: the length, then the text
  absl::flat_hash_set<Symbol, Hash, Equal> known_;
};

}  // namespace weir::store
