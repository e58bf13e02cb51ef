// Symbols: distinct texts as dense numbers, in few bytes beside the text.
//
// Texts lie one after the other in large blocks, each after its length. Views of them are valid
// until the next forget(): when half of the text is forgotten, the rest moves together. A forgotten
// symbol's number is given again. One writer or many readers, as the owner's lock says. Used by
// SeriesIndex for tag keys, tag values and measurement names.
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
  // Nobody uses the symbol any more.
  void forget(Symbol symbol);

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
  static size_t stored_bytes(std::string_view text) {
    return 1 + (text.size() >= kLongLength ? sizeof(uint32_t) : 0) + text.size();
  }
  void move_together();

  std::vector<std::unique_ptr<char[]>> blocks_;
  size_t block_left_ = 0;
  char* block_at_ = nullptr;
  size_t used_bytes_ = 0, forgotten_bytes_ = 0;  // of the texts in blocks; forgotten among them
  SegmentedVector<const char*> texts_;  // by symbol: the length, then the text; null: forgotten
  std::vector<Symbol> free_;            // forgotten
  absl::flat_hash_set<Symbol, Hash, Equal> known_;
};

}  // namespace weir::store
