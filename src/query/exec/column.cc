#include "query/exec/column.h"

#include <algorithm>
#include <cmath>
#include <compare>

#include "base/assert.h"

namespace weir::query {

namespace {

constexpr size_t kTextBlockBytes = 32 * 1024;  // one allocation for some thousand short texts

template <class T>
int order_of(T a, T b) {
  return a < b ? -1 : (b < a ? 1 : 0);
}

int compare_words(ColumnType type, uint64_t a, uint64_t b) {
  switch (type) {
    case ColumnType::integer:
    case ColumnType::time:
      return order_of(std::bit_cast<int64_t>(a), std::bit_cast<int64_t>(b));
    case ColumnType::floating: {
      double x = std::bit_cast<double>(a), y = std::bit_cast<double>(b);
      if (std::isnan(x) || std::isnan(y)) return order_of(std::isnan(x), std::isnan(y));
      return order_of(x, y);
    }
    default:
      return order_of(a, b);
  }
}

}  // namespace

std::string_view to_string(ColumnType type) {
  switch (type) {
    case ColumnType::boolean:
      return "bool";
    case ColumnType::integer:
      return "int";
    case ColumnType::unsigned_integer:
      return "uint";
    case ColumnType::floating:
      return "float";
    case ColumnType::string:
      return "string";
    case ColumnType::time:
      return "time";
  }
  return "invalid";
}

ColumnType column_type_of(model::FieldType type) {
  switch (type) {
    case model::FieldType::float64:
      return ColumnType::floating;
    case model::FieldType::int64:
      return ColumnType::integer;
    case model::FieldType::uint64:
      return ColumnType::unsigned_integer;
    case model::FieldType::boolean:
      return ColumnType::boolean;
    case model::FieldType::string:
      return ColumnType::string;
  }
  return ColumnType::string;
}

int compare(const Scalar& a, const Scalar& b) {
  if (a.is_null() || b.is_null()) return order_of(!a.is_null(), !b.is_null());
  if (a.type() != b.type()) return order_of(a.type(), b.type());
  if (a.type() == ColumnType::string) return order_of(a.text().compare(b.text()), 0);
  return compare_words(a.type(), a.word(), b.word());
}

int compare_rows(const Column& a, size_t row_a, const Column& b, size_t row_b) {
  bool valid_a = a.is_valid(row_a), valid_b = b.is_valid(row_b);
  if (!valid_a || !valid_b) return order_of(valid_a, valid_b);
  if (a.type != b.type) return order_of(a.type, b.type);
  if (a.type == ColumnType::string) return order_of(a.text(row_a).compare(b.text(row_b)), 0);
  return compare_words(a.type, a.word(row_a), b.word(row_b));
}

Scalar Column::at(size_t row) const {
  if (!is_valid(row)) return Scalar::null_of(type);
  if (type == ColumnType::string) return Scalar::of_string(std::string(text(row)));
  return Scalar::of_word(type, word(row));
}

ColumnPtr constant_column(const Scalar& value, size_t rows) {
  auto column = std::make_shared<Column>();
  column->type = value.type();
  column->constant = true;
  column->rows = rows;
  if (value.type() == ColumnType::string) {
    auto owner = std::make_shared<const std::string>(value.text());
    column->texts.push_back(*owner);
    column->owners.push_back(std::move(owner));
  } else {
    column->words.push_back(value.is_null() ? 0 : value.word());
  }
  if (value.is_null()) column->valid.push_back(0);
  return column;
}

ColumnPtr null_column(ColumnType type, size_t rows) {
  return constant_column(Scalar::null_of(type), rows);
}

ColumnPtr slice(const ColumnPtr& column, size_t begin, size_t count) {
  WEIR_ASSERT(begin + count <= column->rows, "slice within the column");
  if (begin == 0 && count == column->rows) return column;
  auto out = std::make_shared<Column>();
  out->type = column->type;
  out->constant = column->constant;
  out->rows = count;
  out->owners = column->owners;
  size_t first = column->constant ? 0 : begin, stored = column->constant ? 1 : count;
  auto copy = [&](const auto& from, auto& to) {
    if (from.empty()) return;
    auto at = from.begin() + static_cast<std::ptrdiff_t>(first);
    to.assign(at, at + static_cast<std::ptrdiff_t>(stored));
  };
  copy(column->words, out->words);
  copy(column->texts, out->texts);
  copy(column->valid, out->valid);
  return out;
}

ColumnPtr gather(const ColumnPtr& column, const std::vector<uint32_t>& order) {
  auto out = std::make_shared<Column>();
  out->type = column->type;
  out->constant = column->constant;
  out->rows = order.size();
  out->owners = column->owners;
  if (column->constant) {
    out->words = column->words, out->texts = column->texts, out->valid = column->valid;
    return out;
  }
  auto pick = [&](const auto& from, auto& to) {
    if (from.empty()) return;
    to.reserve(order.size());
    for (uint32_t row : order) to.push_back(from[row]);
  };
  pick(column->words, out->words);
  pick(column->texts, out->texts);
  pick(column->valid, out->valid);
  return out;
}

void ColumnBuilder::append_text(std::string_view text) {
  if (own_blocks_ == nullptr) own_blocks_ = std::make_shared<std::deque<std::string>>();
  auto& blocks = *own_blocks_;
  if (blocks.empty() || blocks.back().capacity() - blocks.back().size() < text.size()) {
    blocks.emplace_back().reserve(std::max(kTextBlockBytes, text.size()));
    text_bytes_ += blocks.back().capacity();
    charge();
  }
  std::string& block = blocks.back();
  size_t at = block.size();
  block.append(text);  // within capacity, so earlier views stay valid
  texts_.push_back(std::string_view(block).substr(at));
  mark_valid();
}

void ColumnBuilder::append_shared_text(std::string_view text, const TextOwner& owner) {
  add_owner(owner);
  texts_.push_back(text);
  mark_valid();
}

void ColumnBuilder::append_null() {
  if (valid_.empty()) valid_.assign(rows(), 1);
  if (type_ == ColumnType::string) {
    texts_.emplace_back();
  } else {
    words_.push_back(0);
  }
  valid_.push_back(0);
  if (rows() % kRowsBetweenCharges == 0) charge();
}

void ColumnBuilder::append(const Scalar& value) {
  if (value.is_null()) return append_null();
  WEIR_ASSERT(value.type() == type_, "a value of the column's type");
  type_ == ColumnType::string ? append_text(value.text()) : append_word(value.word());
}

void ColumnBuilder::add_owner(const TextOwner& owner) {
  if (!owners_.empty() && owners_.back() == owner) return;
  if (owner_set_.insert(owner.get()).second) owners_.push_back(owner);
}

void ColumnBuilder::adopt(const ColumnPtr& column) {
  if (adopted_ == column) return;
  for (const TextOwner& owner : column->owners) add_owner(owner);
  adopted_ = column;
}

void ColumnBuilder::append_row(const ColumnPtr& column, size_t row) {
  WEIR_ASSERT(column->type == type_, "a row of the column's type");
  if (!column->is_valid(row)) return append_null();
  if (type_ != ColumnType::string) return append_word(column->word(row));
  adopt(column);
  texts_.push_back(column->text(row));
  mark_valid();
}

void ColumnBuilder::append_rows(const ColumnPtr& column, size_t begin, size_t count) {
  WEIR_ASSERT(column->type == type_, "rows of the column's type");
  if (column->has_nulls()) {
    for (size_t row = begin; row < begin + count; ++row) append_row(column, row);
    return;
  }
  auto from = static_cast<std::ptrdiff_t>(begin), to = static_cast<std::ptrdiff_t>(begin + count);
  if (type_ == ColumnType::string) {
    adopt(column);
    if (column->constant) {
      texts_.insert(texts_.end(), count, column->texts[0]);
    } else {
      texts_.insert(texts_.end(), column->texts.begin() + from, column->texts.begin() + to);
    }
  } else if (column->constant) {
    words_.insert(words_.end(), count, column->words[0]);
  } else {
    words_.insert(words_.end(), column->words.begin() + from, column->words.begin() + to);
  }
  if (!valid_.empty()) valid_.insert(valid_.end(), count, 1);
  charge();
}

ColumnPtr ColumnBuilder::finish() {
  auto out = std::make_shared<Column>();
  out->type = type_;
  out->rows = rows();
  charge();
  out->charge = std::move(charge_);
  out->words = std::move(words_);
  out->texts = std::move(texts_);
  out->valid = std::move(valid_);
  out->owners = std::move(owners_);
  if (own_blocks_ != nullptr) out->owners.push_back(std::move(own_blocks_));
  words_.clear(), texts_.clear(), valid_.clear(), owners_.clear(), owner_set_.clear();
  own_blocks_ = nullptr, adopted_ = nullptr, text_bytes_ = 0;
  return out;
}

}  // namespace weir::query
