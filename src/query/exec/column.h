// Column: the values of one column of a run of rows, immutable once built and shared by pointer.
//
// Shape: numbers, times and booleans are 64-bit words (a float's bits, nanoseconds, 0 or 1), text
// is views into memory that `owners` keep alive. A constant column holds one value for all its
// rows, so a million rows of a series carry each tag once. `valid` is empty when nothing is null,
// else one byte a stored value; a null's word is 0 and its text empty. Used by every operator and
// result writer, from the one thread that runs the query.
#pragma once

#include <bit>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "model/value.h"

namespace weir::query {

enum class ColumnType : uint8_t { boolean, integer, unsigned_integer, floating, string, time };

// As Flux's messages spell it: bool, int, uint, float, string, time.
std::string_view to_string(ColumnType type);
ColumnType column_type_of(model::FieldType type);

// One value that may be null; a null keeps the type of its column.
class Scalar {
 public:
  Scalar() = default;
  static Scalar null_of(ColumnType type) { return Scalar(type, true, 0, {}); }
  static Scalar of_word(ColumnType type, uint64_t word) { return Scalar(type, false, word, {}); }
  static Scalar of_bool(bool v) { return of_word(ColumnType::boolean, v ? 1 : 0); }
  static Scalar of_int(int64_t v) {
    return of_word(ColumnType::integer, std::bit_cast<uint64_t>(v));
  }
  static Scalar of_uint(uint64_t v) { return of_word(ColumnType::unsigned_integer, v); }
  static Scalar of_float(double v) {
    return of_word(ColumnType::floating, std::bit_cast<uint64_t>(v));
  }
  static Scalar of_time(int64_t ns) {
    return of_word(ColumnType::time, std::bit_cast<uint64_t>(ns));
  }
  static Scalar of_string(std::string v) {
    return Scalar(ColumnType::string, false, 0, std::move(v));
  }

  ColumnType type() const { return type_; }
  bool is_null() const { return null_; }
  uint64_t word() const { return word_; }
  bool as_bool() const { return word_ != 0; }
  int64_t as_int() const { return std::bit_cast<int64_t>(word_); }
  uint64_t as_uint() const { return word_; }
  double as_float() const { return std::bit_cast<double>(word_); }
  const std::string& text() const { return text_; }

  // Same type and same bits or text; nulls of one type equal each other.
  friend bool operator==(const Scalar&, const Scalar&) = default;

 private:
  Scalar(ColumnType type, bool null, uint64_t word, std::string text)
      : word_(word), text_(std::move(text)), type_(type), null_(null) {}
  uint64_t word_ = 0;
  std::string text_;
  ColumnType type_ = ColumnType::string;
  bool null_ = true;
};

// Orders values of one type: null first, false before true, NaN after every number, text bytewise.
int compare(const Scalar& a, const Scalar& b);

// Counts the bytes that a query's tables hold (query::Limits::memory_bytes_max).
struct MemoryTracker {
  size_t used = 0;
  size_t peak = 0;
  size_t limit = SIZE_MAX;
};

// Bytes counted by a tracker until they are freed.
class MemoryCharge {
 public:
  MemoryCharge() = default;
  MemoryCharge(MemoryTracker* tracker, size_t bytes) : tracker_(tracker), bytes_(bytes) {
    if (tracker_ == nullptr) return;
    tracker_->used += bytes;
    if (tracker_->used > tracker_->peak) tracker_->peak = tracker_->used;
  }
  MemoryCharge(MemoryCharge&& other) noexcept : tracker_(other.tracker_), bytes_(other.bytes_) {
    other.tracker_ = nullptr;
  }
  MemoryCharge& operator=(MemoryCharge&& other) noexcept {
    std::swap(tracker_, other.tracker_), std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~MemoryCharge() {
    if (tracker_ != nullptr) tracker_->used -= bytes_;
  }

 private:
  MemoryTracker* tracker_ = nullptr;
  size_t bytes_ = 0;
};

// What keeps the text of a column alive.
using TextOwner = std::shared_ptr<const void>;

struct Column {
  ColumnType type = ColumnType::string;
  bool constant = false;
  size_t rows = 0;
  std::vector<uint64_t> words;          // rows of them, or one if constant; not for text
  std::vector<std::string_view> texts;  // the same, for text
  std::vector<uint8_t> valid;           // empty: no nulls; else as long as words or texts
  std::vector<TextOwner> owners;
  MemoryCharge charge;

  size_t stored(size_t row) const { return constant ? 0 : row; }
  bool has_nulls() const { return !valid.empty(); }
  bool is_valid(size_t row) const { return valid.empty() || valid[stored(row)] != 0; }
  uint64_t word(size_t row) const { return words[stored(row)]; }
  bool bool_at(size_t row) const { return word(row) != 0; }
  int64_t int_at(size_t row) const { return std::bit_cast<int64_t>(word(row)); }
  double float_at(size_t row) const { return std::bit_cast<double>(word(row)); }
  std::string_view text(size_t row) const { return texts[stored(row)]; }
  Scalar at(size_t row) const;
  // The values' own bytes, without text that is shared with others.
  size_t bytes() const {
    return words.size() * sizeof(uint64_t) + texts.size() * sizeof(std::string_view) + valid.size();
  }
};
using ColumnPtr = std::shared_ptr<const Column>;

// Orders two rows, as compare() of their values does, without copying text.
int compare_rows(const Column& a, size_t row_a, const Column& b, size_t row_b);

ColumnPtr constant_column(const Scalar& value, size_t rows);
ColumnPtr null_column(ColumnType type, size_t rows);
// Rows [begin, begin + count).
ColumnPtr slice(const ColumnPtr& column, size_t begin, size_t count);
// The rows that `order` names, in that order.
ColumnPtr gather(const ColumnPtr& column, const std::vector<uint32_t>& order);

// Builds a column value by value. finish() hands it over and leaves the builder empty. What it
// holds counts against the tracker while it grows, to within kRowsBetweenCharges rows.
class ColumnBuilder {
 public:
  explicit ColumnBuilder(ColumnType type, MemoryTracker* tracker = nullptr)
      : tracker_(tracker), type_(type) {}

  ColumnType type() const { return type_; }
  size_t rows() const { return type_ == ColumnType::string ? texts_.size() : words_.size(); }
  void reserve(size_t rows) {
    type_ == ColumnType::string ? texts_.reserve(rows) : words_.reserve(rows);
  }
  void append_word(uint64_t word) {
    words_.push_back(word);
    mark_valid();
  }
  void append_bool(bool v) { append_word(v ? 1 : 0); }
  void append_int(int64_t v) { append_word(std::bit_cast<uint64_t>(v)); }
  void append_float(double v) { append_word(std::bit_cast<uint64_t>(v)); }
  // Copies the text.
  void append_text(std::string_view text);
  // Views text that `owner` keeps alive.
  void append_shared_text(std::string_view text, const TextOwner& owner);
  void append_null();
  // The value's type is the builder's, unless it is null.
  void append(const Scalar& value);
  void append_row(const ColumnPtr& column, size_t row);
  void append_rows(const ColumnPtr& column, size_t begin, size_t count);
  // Bytes held so far, for checks between rows.
  size_t bytes() const {
    return words_.size() * 8 + texts_.size() * sizeof(std::string_view) + valid_.size() +
           text_bytes_;
  }
  ColumnPtr finish();

 private:
  void adopt(const ColumnPtr& column);
  void add_owner(const TextOwner& owner);
  void mark_valid() {
    if (!valid_.empty()) valid_.push_back(1);
    if (rows() % kRowsBetweenCharges == 0) charge();
  }
  void charge() {
    if (tracker_ != nullptr) charge_ = MemoryCharge(tracker_, bytes());
  }
  static constexpr size_t kRowsBetweenCharges = 1024;

  MemoryTracker* tracker_;
  MemoryCharge charge_;
  ColumnType type_;
  std::vector<uint64_t> words_;
  std::vector<std::string_view> texts_;
  std::vector<uint8_t> valid_;
  std::vector<TextOwner> owners_;
  std::unordered_set<const void*> owner_set_;
  ColumnPtr adopted_;  // the last column whose owners were taken over
  std::shared_ptr<std::deque<std::string>> own_blocks_;
  size_t text_bytes_ = 0;
};

}  // namespace weir::query
