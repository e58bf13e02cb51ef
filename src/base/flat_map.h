// FlatMap: a map as a sorted vector, for the many that hold one entry or none.
//
// A node of std::map takes 40 bytes beside its entry, and its header 48 more; a broker has a map
// per client. Looking up is a binary search; adding and removing move what stands behind: thousands
// of entries are fine, millions are not. Iterators and references are valid until the next change.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace weir {

template <class Key, class Value>
class FlatMap {
 public:
  using value_type = std::pair<Key, Value>;
  using iterator = typename std::vector<value_type>::iterator;
  using const_iterator = typename std::vector<value_type>::const_iterator;

  bool empty() const { return entries_.empty(); }
  size_t size() const { return entries_.size(); }
  const_iterator begin() const { return entries_.begin(); }
  const_iterator end() const { return entries_.end(); }
  iterator begin() { return entries_.begin(); }
  iterator end() { return entries_.end(); }

  template <class Text>
  const_iterator find(const Text& key) const {
    const_iterator at = place_of(entries_, key);
    return at != entries_.end() && at->first == key ? at : entries_.end();
  }
  template <class Text>
  iterator find(const Text& key) {
    iterator at = place_of(entries_, key);
    return at != entries_.end() && at->first == key ? at : entries_.end();
  }
  template <class Text>
  bool contains(const Text& key) const {
    return find(key) != entries_.end();
  }
  // As std::map's: whether it is new.
  std::pair<iterator, bool> insert_or_assign(Key key, Value value) {
    iterator at = place_of(entries_, key);
    if (at != entries_.end() && at->first == key) {
      at->second = std::move(value);
      return {at, false};
    }
    return {entries_.emplace(at, std::move(key), std::move(value)), true};
  }
  // How many were removed: 0 or 1.
  template <class Text>
  size_t erase(const Text& key) {
    iterator at = find(key);
    if (at == entries_.end()) return 0;
    entries_.erase(at);
    if (entries_.empty()) entries_.shrink_to_fit();
    return 1;
  }
  void clear() { entries_ = {}; }

 private:
  template <class Entries, class Text>
  static auto place_of(Entries& entries, const Text& key) {
    return std::lower_bound(
        entries.begin(), entries.end(), key,
        [](const value_type& entry, const Text& wanted) { return entry.first < wanted; });
  }

  std::vector<value_type> entries_;
};

}  // namespace weir
