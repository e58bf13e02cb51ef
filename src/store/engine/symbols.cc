#include "store/engine/symbols.h"

#include <cstring>
#include <utility>

namespace weir::store {

Symbols::Symbols() : known_(0, Hash{this}, Equal{this}) {}

std::string_view Symbols::text(Symbol symbol) const {
  const char* at = texts_[symbol];
  auto length = static_cast<uint8_t>(*at);
  if (length != kLongLength) return {at + 1, length};
  uint32_t long_length = 0;
  std::memcpy(&long_length, at + 1, sizeof long_length);
  return {at + 1 + sizeof long_length, long_length};
}

std::optional<Symbol> Symbols::find(std::string_view text) const {
  auto found = known_.find(text);
  return found == known_.end() ? std::nullopt : std::optional(*found);
}

Symbol Symbols::intern(std::string_view text) {
  if (std::optional<Symbol> symbol = find(text)) return *symbol;
  auto symbol = static_cast<Symbol>(texts_.size());
  if (free_.empty()) {
    texts_.push_back(store(text));
  } else {
    symbol = free_.back();
    free_.pop_back();
    texts_.at(symbol) = store(text);
  }
  known_.insert(symbol);
  return symbol;
}

void Symbols::forget(Symbol symbol) {
  known_.erase(symbol);
  forgotten_bytes_ += stored_bytes(text(symbol));
  texts_.at(symbol) = nullptr;
  free_.push_back(symbol);
  if (forgotten_bytes_ > kBlockBytes && forgotten_bytes_ > used_bytes_ / 2) move_together();
}

// The set of known symbols stays as it is: their texts are the same.
void Symbols::move_together() {
  std::vector<std::unique_ptr<char[]>> old = std::exchange(blocks_, {});
  block_left_ = used_bytes_ = forgotten_bytes_ = 0;
  block_at_ = nullptr;
  for (size_t symbol = 0; symbol < texts_.size(); symbol++) {
    if (texts_[symbol] != nullptr) texts_.at(symbol) = store(text(static_cast<Symbol>(symbol)));
  }
}

const char* Symbols::store(std::string_view text) {
  bool is_long = text.size() >= kLongLength;
  size_t bytes = stored_bytes(text);
  used_bytes_ += bytes;
  char* at = block_at_;
  if (bytes > kBlockBytes / 4) {  // a block of its own; the current one is filled further
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(bytes));
    at = blocks_.back().get();
  } else {
    if (bytes > block_left_) {
      // The first block is small, since most buckets have few names.
      block_left_ = blocks_.empty() ? kBlockBytes / 16 : kBlockBytes;
      if (bytes > block_left_) block_left_ = kBlockBytes;
      blocks_.push_back(std::make_unique_for_overwrite<char[]>(block_left_));
      at = blocks_.back().get();
    }
    block_at_ = at + bytes;
    block_left_ -= bytes;
  }
  char* out = at;
  *out++ = static_cast<char>(is_long ? kLongLength : text.size());
  if (is_long) {
    auto length = static_cast<uint32_t>(text.size());
    std::memcpy(out, &length, sizeof length);
    out += sizeof length;
  }
  if (!text.empty()) std::memcpy(out, text.data(), text.size());
  return at;
}

}  // namespace weir::store
