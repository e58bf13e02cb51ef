// Ring<T>: a queue in one block of memory that takes none while it is empty.
//
// std::deque keeps more than half a kilobyte for each empty queue; a broker has several per client.
// Elements are reached by index or iterator, 0 being the oldest; erasing one moves those behind it,
// but the first. The block grows twofold and goes when the ring becomes empty. One thread at a
// time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include "base/assert.h"

namespace weir {

template <class T>
class Ring {
  static_assert(std::is_nothrow_move_constructible_v<T>);

  template <class Owner, class Value>
  class Iterator {
   public:
    using iterator_category = std::random_access_iterator_tag;
    using value_type = T;
    using difference_type = ptrdiff_t;
    using pointer = Value*;
    using reference = Value&;

    Iterator() = default;
    Iterator(Owner* owner, size_t index) : owner_(owner), index_(index) {}
    operator Iterator<const Ring, const T>() const { return {owner_, index_}; }  // NOLINT
    size_t index() const { return index_; }

    reference operator*() const { return (*owner_)[index_]; }
    pointer operator->() const { return &(*owner_)[index_]; }
    reference operator[](ptrdiff_t n) const { return *(*this + n); }
    Iterator& operator+=(ptrdiff_t n) {
      index_ += static_cast<size_t>(n);
      return *this;
    }
    Iterator& operator-=(ptrdiff_t n) { return *this += -n; }
    Iterator& operator++() { return *this += 1; }
    Iterator& operator--() { return *this += -1; }
    Iterator operator++(int) { return std::exchange(*this, *this + 1); }
    Iterator operator--(int) { return std::exchange(*this, *this - 1); }
    friend Iterator operator+(Iterator at, ptrdiff_t n) { return at += n; }
    friend Iterator operator+(ptrdiff_t n, Iterator at) { return at += n; }
    friend Iterator operator-(Iterator at, ptrdiff_t n) { return at -= n; }
    friend ptrdiff_t operator-(const Iterator& a, const Iterator& b) {
      return static_cast<ptrdiff_t>(a.index_) - static_cast<ptrdiff_t>(b.index_);
    }
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.index_ == b.index_; }
    friend auto operator<=>(const Iterator& a, const Iterator& b) { return a.index_ <=> b.index_; }

   private:
    Owner* owner_ = nullptr;
    size_t index_ = 0;
  };

 public:
  using value_type = T;
  using iterator = Iterator<Ring, T>;
  using const_iterator = Iterator<const Ring, const T>;

  Ring() = default;
  Ring(Ring&& other) noexcept { swap(other); }
  Ring& operator=(Ring&& other) noexcept {
    Ring taken(std::move(other));
    swap(taken);
    return *this;
  }
  ~Ring() { clear(); }

  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  size_t capacity() const { return capacity_; }

  T& operator[](size_t index) { return *place(index); }
  const T& operator[](size_t index) const { return *place(index); }
  T& front() { return *place(0); }
  const T& front() const { return *place(0); }
  T& back() { return *place(size_ - 1); }
  const T& back() const { return *place(size_ - 1); }

  iterator begin() { return {this, 0}; }
  iterator end() { return {this, size_}; }
  const_iterator begin() const { return {this, 0}; }
  const_iterator end() const { return {this, size_}; }

  template <class... Arguments>
  T& emplace_back(Arguments&&... arguments) {
    if (size_ == capacity_) grow();
    T* made = new (place(size_)) T(std::forward<Arguments>(arguments)...);
    size_++;
    return *made;
  }
  void push_back(T value) { emplace_back(std::move(value)); }

  void pop_front() {
    WEIR_ASSERT(size_ > 0, "there is a first element");
    std::destroy_at(place(0));
    first_ = (first_ + 1) & (capacity_ - 1);
    size_--;
    if (size_ == 0) release();
  }
  // Returns what follows.
  iterator erase(const_iterator at) {
    size_t index = at.index();
    if (index == 0) {
      pop_front();
      return begin();
    }
    for (size_t i = index; i + 1 < size_; i++) *place(i) = std::move(*place(i + 1));
    pop_back();
    return {this, index};
  }
  // Returns how many were removed.
  template <class Unwanted>
  size_t erase_if(Unwanted unwanted) {
    size_t kept = 0, all = size_;
    for (size_t i = 0; i < all; i++) {
      if (unwanted(*place(i))) continue;
      if (kept != i) *place(kept) = std::move(*place(i));
      kept++;
    }
    while (size_ > kept) pop_back();
    return all - kept;
  }
  void clear() {
    while (size_ > 0) pop_back();
    release();
  }

 private:
  void pop_back() {
    size_--;
    std::destroy_at(place(size_));
    if (size_ == 0) release();
  }
  T* place(size_t index) { return block_ + ((first_ + index) & (capacity_ - 1)); }
  const T* place(size_t index) const { return block_ + ((first_ + index) & (capacity_ - 1)); }

  void grow() {
    uint32_t larger = capacity_ == 0 ? 1 : capacity_ * 2;
    T* block = std::allocator<T>().allocate(larger);
    for (size_t i = 0; i < size_; i++) {
      new (block + i) T(std::move(*place(i)));
      std::destroy_at(place(i));
    }
    free_block();
    block_ = block;
    capacity_ = larger;
    first_ = 0;
  }
  void release() {
    free_block();
    block_ = nullptr;
    capacity_ = first_ = 0;
  }
  void free_block() {
    if (block_ != nullptr) std::allocator<T>().deallocate(block_, capacity_);
  }
  void swap(Ring& other) noexcept {
    std::swap(block_, other.block_);
    std::swap(capacity_, other.capacity_);
    std::swap(first_, other.first_);
    std::swap(size_, other.size_);
  }

  T* block_ = nullptr;
  uint32_t capacity_ = 0;  // 0 or a power of two
  uint32_t first_ = 0;
  uint32_t size_ = 0;
};

}  // namespace weir
