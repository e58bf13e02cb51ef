// IdSet: the series that share a tag, in few bytes when they are few.
//
// Ids are added in ascending order, as series are created. One id is held in the set's own eight
// bytes (most tags that tell devices apart have one series), up to kSortedMax are a sorted vector,
// beyond it a Roaring bitmap.
#pragma once

#include <algorithm>
#include <cstdint>
#include <roaring/roaring.hh>
#include <utility>
#include <vector>

namespace weir::store {

class IdSet {
 public:
  IdSet() = default;
  IdSet(IdSet&& other) noexcept : word_(std::exchange(other.word_, kEmpty)) {}
  IdSet& operator=(IdSet&& other) noexcept {
    std::swap(word_, other.word_);
    return *this;
  }
  ~IdSet() {
    if (kind() == Kind::sorted) delete &sorted();
    if (kind() == Kind::bitmap) delete &bitmap();
  }

  void add(uint32_t id) {
    switch (kind()) {
      case Kind::none:
        word_ = uint64_t(id) << 2 | static_cast<uint64_t>(Kind::one);
        return;
      case Kind::one:
        if (one() < id) hold(new std::vector<uint32_t>{one(), id}, Kind::sorted);
        return;
      case Kind::sorted:
        if (sorted().back() >= id) return;
        sorted().push_back(id);
        if (sorted().size() <= kSortedMax) return;
        {
          auto* few = &sorted();
          hold(new Roaring(few->size(), few->data()), Kind::bitmap);
          delete few;
        }
        return;
      case Kind::bitmap:
        return bitmap().add(id);
    }
  }
  void remove(uint32_t id) {
    switch (kind()) {
      case Kind::none:
        return;
      case Kind::one:
        if (one() == id) word_ = kEmpty;
        return;
      case Kind::sorted: {
        auto* few = &sorted();
        auto at = std::lower_bound(few->begin(), few->end(), id);
        if (at == few->end() || *at != id) return;
        few->erase(at);
        if (few->size() > 1) return;
        word_ = uint64_t(few->front()) << 2 | static_cast<uint64_t>(Kind::one);
        delete few;
        return;
      }
      case Kind::bitmap: {
        auto* many = &bitmap();
        many->remove(id);
        if (!many->isEmpty()) return;
        word_ = kEmpty;
        delete many;
        return;
      }
    }
  }
  bool empty() const { return kind() == Kind::none; }
  void add_to(Roaring& set) const {
    if (kind() == Kind::one) set.add(one());
    if (kind() == Kind::sorted) set.addMany(sorted().size(), sorted().data());
    if (kind() == Kind::bitmap) set |= bitmap();
  }
  bool intersects(const Roaring& set) const {
    switch (kind()) {
      case Kind::none:
        return false;
      case Kind::one:
        return set.contains(one());
      case Kind::sorted:
        return std::any_of(sorted().begin(), sorted().end(),
                           [&](uint32_t id) { return set.contains(id); });
      case Kind::bitmap:
        return bitmap().intersect(set);
    }
    return false;
  }
  // The ids that are in `set` too, added to `out`.
  void add_common_to(const Roaring& set, Roaring& out) const {
    if (kind() == Kind::bitmap) {
      out |= bitmap() & set;
      return;
    }
    Roaring few;
    add_to(few);
    out |= few & set;
  }
  uint64_t size() const {
    if (kind() == Kind::sorted) return sorted().size();
    if (kind() == Kind::bitmap) return bitmap().cardinality();
    return kind() == Kind::one ? 1 : 0;
  }

 private:
  static constexpr size_t kSortedMax = 64;  // a vector of these is as large as an empty bitmap
  static constexpr uint64_t kEmpty = 0;

  enum class Kind : uint8_t { none, one, sorted, bitmap };  // the lowest two bits
  Kind kind() const { return static_cast<Kind>(word_ & 3); }
  uint32_t one() const { return static_cast<uint32_t>(word_ >> 2); }
  std::vector<uint32_t>& sorted() const {
    return *reinterpret_cast<std::vector<uint32_t>*>(word_ & ~uint64_t(3));
  }
  Roaring& bitmap() const { return *reinterpret_cast<Roaring*>(word_ & ~uint64_t(3)); }
  void hold(void* object, Kind kind) {
    word_ = reinterpret_cast<uint64_t>(object) | static_cast<uint64_t>(kind);
  }

  uint64_t word_ = kEmpty;
};

}  // namespace weir::store
