#include "query/exec/vector_operators.h"

#include <re2/re2.h>

#include <cmath>

#include "query/exec/context.h"
#include "query/exec/values.h"
#include "query/flux/operators.h"

namespace weir::query {

namespace {

using flux::Value;
using flux::ast::BinaryOperator;
using flux::ast::LogicalOperator;
using flux::ast::UnaryOperator;

// The rows an operation has to compute: one if both sides are constant.
struct Frame {
  bool constant;
  size_t rows;    // of the result
  size_t stored;  // to compute
};

std::shared_ptr<Column> new_column(ColumnType type, const Frame& frame) {
  auto out = std::make_shared<Column>();
  out->type = type;
  out->constant = frame.constant;
  out->rows = frame.rows;
  return out;
}

void merge_validity(Column& out, const Column& a, const Column& b, const Frame& frame) {
  if (!a.has_nulls() && !b.has_nulls()) return;
  out.valid.resize(frame.stored);
  for (size_t i = 0; i < frame.stored; ++i) out.valid[i] = a.is_valid(i) && b.is_valid(i) ? 1 : 0;
}

// function(word, word) -> word over all rows.
template <class F>
ColumnPtr zip(ColumnType type, const Column& a, const Column& b, const Frame& frame, F function) {
  auto out = new_column(type, frame);
  out->words.resize(frame.stored);
  const uint64_t *x = a.words.data(), *y = b.words.data();
  size_t step_x = a.constant ? 0 : 1, step_y = b.constant ? 0 : 1;
  for (size_t i = 0; i < frame.stored; ++i, x += step_x, y += step_y)
    out->words[i] = function(*x, *y);
  merge_validity(*out, a, b, frame);
  return out;
}

template <class T, class F>
ColumnPtr zip_as(ColumnType type, const Column& a, const Column& b, const Frame& frame,
                 F function) {
  return zip(type, a, b, frame, [&](uint64_t x, uint64_t y) {
    return std::bit_cast<uint64_t>(function(std::bit_cast<T>(x), std::bit_cast<T>(y)));
  });
}

template <class T>
uint64_t holds(BinaryOperator op, const T& a, const T& b) {
  switch (op) {
    case BinaryOperator::less:
      return a < b;
    case BinaryOperator::less_equal:
      return a <= b;
    case BinaryOperator::greater:
      return a > b;
    case BinaryOperator::greater_equal:
      return a >= b;
    case BinaryOperator::equal:
      return a == b;
    default:
      return a != b;
  }
}

template <class T>
ColumnPtr compare_columns(BinaryOperator op, const Column& a, const Column& b, const Frame& frame) {
  auto run = [&](auto test) {
    return zip(ColumnType::boolean, a, b, frame, [&](uint64_t x, uint64_t y) -> uint64_t {
      return test(std::bit_cast<T>(x), std::bit_cast<T>(y));
    });
  };
  switch (op) {  // one loop for each, so that the compiler can vectorise it
    case BinaryOperator::less:
      return run([](T x, T y) { return x < y; });
    case BinaryOperator::less_equal:
      return run([](T x, T y) { return x <= y; });
    case BinaryOperator::greater:
      return run([](T x, T y) { return x > y; });
    case BinaryOperator::greater_equal:
      return run([](T x, T y) { return x >= y; });
    case BinaryOperator::equal:
      return run([](T x, T y) { return x == y; });
    default:
      return run([](T x, T y) { return x != y; });
  }
}

ColumnPtr compare_texts(BinaryOperator op, const Column& a, const Column& b, const Frame& frame) {
  auto out = new_column(ColumnType::boolean, frame);
  out->words.resize(frame.stored);
  for (size_t i = 0; i < frame.stored; ++i) out->words[i] = holds(op, a.text(i), b.text(i));
  merge_validity(*out, a, b, frame);
  return out;
}

bool is_number(ColumnType type) {
  return type == ColumnType::integer || type == ColumnType::unsigned_integer ||
         type == ColumnType::floating;
}

ColumnPtr as_floats(const Column& column) {
  auto out = std::make_shared<Column>();
  out->type = ColumnType::floating;
  out->constant = column.constant, out->rows = column.rows, out->valid = column.valid;
  out->words.reserve(column.words.size());
  for (uint64_t word : column.words) {
    double value = column.type == ColumnType::integer
                       ? static_cast<double>(std::bit_cast<int64_t>(word))
                       : static_cast<double>(word);
    out->words.push_back(column.type == ColumnType::floating ? word
                                                             : std::bit_cast<uint64_t>(value));
  }
  return out;
}

// int against uint: a negative int is less than any uint.
ColumnPtr compare_mixed_integers(BinaryOperator op, const Column& a, const Column& b,
                                 const Frame& frame) {
  bool left_signed = a.type == ColumnType::integer;
  return zip(ColumnType::boolean, a, b, frame, [&](uint64_t x, uint64_t y) -> uint64_t {
    auto wide_x =
        left_signed ? static_cast<__int128>(std::bit_cast<int64_t>(x)) : static_cast<__int128>(x);
    auto wide_y =
        left_signed ? static_cast<__int128>(y) : static_cast<__int128>(std::bit_cast<int64_t>(y));
    return holds(op, wide_x, wide_y);
  });
}

ColumnPtr compare_typed(BinaryOperator op, const Column& a, const Column& b, const Frame& frame) {
  if (a.type == b.type) {
    switch (a.type) {
      case ColumnType::floating:
        return compare_columns<double>(op, a, b, frame);
      case ColumnType::integer:
      case ColumnType::time:
        return compare_columns<int64_t>(op, a, b, frame);
      case ColumnType::unsigned_integer:
        return compare_columns<uint64_t>(op, a, b, frame);
      case ColumnType::string:
        return compare_texts(op, a, b, frame);
      case ColumnType::boolean:
        if (op != BinaryOperator::equal && op != BinaryOperator::not_equal) return nullptr;
        return compare_columns<uint64_t>(op, a, b, frame);
    }
  }
  if (!is_number(a.type) || !is_number(b.type)) return nullptr;
  if (a.type == ColumnType::floating || b.type == ColumnType::floating)
    return compare_columns<double>(op, *as_floats(a), *as_floats(b), frame);
  return compare_mixed_integers(op, a, b, frame);
}

// Null if there is no operation on whole columns; row by row then.
ColumnPtr calculate(BinaryOperator op, const Column& a, const Column& b, const Frame& frame) {
  if (a.type != b.type) return nullptr;
  if (a.type == ColumnType::floating) {
    auto run = [&](auto f) { return zip_as<double>(ColumnType::floating, a, b, frame, f); };
    switch (op) {
      case BinaryOperator::add:
        return run([](double x, double y) { return x + y; });
      case BinaryOperator::subtract:
        return run([](double x, double y) { return x - y; });
      case BinaryOperator::multiply:
        return run([](double x, double y) { return x * y; });
      case BinaryOperator::divide:
        return run([](double x, double y) { return x / y; });
      default:
        return nullptr;
    }
  }
  if (a.type == ColumnType::integer || a.type == ColumnType::unsigned_integer) {
    // Two's complement wraps the same way for both.
    auto run = [&](auto f) { return zip(a.type, a, b, frame, f); };
    switch (op) {
      case BinaryOperator::add:
        return run([](uint64_t x, uint64_t y) { return x + y; });
      case BinaryOperator::subtract:
        return run([](uint64_t x, uint64_t y) { return x - y; });
      case BinaryOperator::multiply:
        return run([](uint64_t x, uint64_t y) { return x * y; });
      default:
        return nullptr;
    }
  }
  return nullptr;
}

Result<ColumnPtr> match(BinaryOperator op, const Column& texts, const re2::RE2& pattern,
                        const Frame& frame) {
  bool wanted = op == BinaryOperator::regexp_match;
  auto out = new_column(ColumnType::boolean, frame);
  out->words.resize(frame.stored);
  out->valid = texts.valid;
  std::string_view last;
  bool last_matches = false, any = false;
  for (size_t i = 0; i < frame.stored; ++i) {
    std::string_view text = texts.text(i);
    if (!any || text != last) {
      last_matches = re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), pattern);
      last = text, any = true;
    }
    out->words[i] = last_matches == wanted ? 1 : 0;
  }
  return ColumnPtr(std::move(out));
}

// function(row) -> Value for rows [0, stored).
template <class F>
Result<Operand> row_by_row(const RowBatch& batch, const Frame& frame, F function) {
  ValueColumnBuilder builder("value", &batch.context.memory);
  for (size_t i = 0; i < frame.stored; ++i) {
    if (i % kRowsBetweenChecks == 0) WEIR_CHECK(batch.context.check());
    WEIR_TRY(Value value, function(i));
    if (frame.constant) return constant_operand(std::move(value), frame.rows);
    WEIR_CHECK(builder.append(value));
  }
  return Operand{builder.finish()};
}

Operand null_booleans(size_t rows) { return {null_column(ColumnType::boolean, rows)}; }

Frame frame_of(const Operand& left, const Operand& right, size_t rows) {
  bool constant = (left.column == nullptr || left.column->constant) &&
                  (right.column == nullptr || right.column->constant);
  return {constant, rows, constant && rows > 0 ? 1 : rows};
}

Error mixed_types(const Operand& operand) {
  std::string name(operand.column ? to_string(operand.column->type) : "null");
  return Error{Errc::invalid, "expected bool but found " + name};
}

}  // namespace

bool is_comparison(BinaryOperator op) {
  switch (op) {
    case BinaryOperator::less:
    case BinaryOperator::less_equal:
    case BinaryOperator::greater:
    case BinaryOperator::greater_equal:
    case BinaryOperator::equal:
    case BinaryOperator::not_equal:
      return true;
    default:
      return false;
  }
}

flux::Value value_at(const Operand& operand, size_t row) {
  if (operand.constant) return *operand.constant;
  return operand.column == nullptr ? Value() : value_at(*operand.column, row);
}

Operand constant_operand(Value value, size_t rows) {
  Operand out;
  if (column_type_of(value.is_null() ? value.null_type() : value.type())) {
    auto scalar = to_scalar(value, "constant");
    if (scalar.ok()) out.column = constant_column(*scalar, rows);
  }
  if (!value.is_null()) out.constant = std::move(value);
  return out;
}

Result<Operand> apply(BinaryOperator op, const Operand& left, const Operand& right,
                      const RowBatch& batch, BinaryRules rules) {
  size_t rows = batch.chunk.rows;
  Frame frame = frame_of(left, right, rows);
  bool untyped_null =
      (left.column == nullptr && !left.constant) || (right.column == nullptr && !right.constant);
  bool gives_bool = is_comparison(op) || op == BinaryOperator::regexp_match ||
                    op == BinaryOperator::regexp_not_match;
  if (untyped_null) return gives_bool ? null_booleans(rows) : Operand{};
  if (rows == 0) return gives_bool ? null_booleans(0) : Operand{};
  if (gives_bool && !is_comparison(op) && left.column != nullptr &&
      left.column->type == ColumnType::string && right.constant &&
      right.constant->is(flux::ValueType::regexp)) {
    WEIR_TRY(ColumnPtr matched, match(op, *left.column, right.constant->as_regexp(), frame));
    return Operand{std::move(matched)};
  }
  if (left.column != nullptr && right.column != nullptr) {
    ColumnPtr out = is_comparison(op) ? compare_typed(op, *left.column, *right.column, frame)
                                      : calculate(op, *left.column, *right.column, frame);
    if (out != nullptr) return Operand{std::move(out)};
    bool mixed = left.column->type != right.column->type;
    if (rules.lenient_comparisons && gives_bool && mixed) return null_booleans(rows);
  } else if (rules.lenient_comparisons && gives_bool) {
    return null_booleans(rows);
  }
  if (rules.lenient_comparisons && gives_bool && !is_comparison(op) &&
      (left.column == nullptr || left.column->type != ColumnType::string)) {
    return null_booleans(rows);
  }
  return row_by_row(batch, frame, [&](size_t row) {
    return flux::apply(op, value_at(left, row), value_at(right, row));
  });
}

Result<Operand> apply(UnaryOperator op, const Operand& argument, const RowBatch& batch) {
  size_t rows = batch.chunk.rows;
  Frame frame = frame_of(argument, Operand{constant_column(Scalar::of_bool(true), rows)}, rows);
  if (op == UnaryOperator::exists) {
    if (argument.column == nullptr)
      return constant_operand(Value::of_bool(argument.constant.has_value()), rows);
    auto out = new_column(ColumnType::boolean, frame);
    for (size_t i = 0; i < frame.stored; ++i) out->words.push_back(argument.column->is_valid(i));
    return Operand{std::move(out)};
  }
  if (argument.column == nullptr && !argument.constant)
    return op == UnaryOperator::logical_not ? null_booleans(rows) : Operand{};
  if (argument.column != nullptr) {
    const Column& column = *argument.column;
    auto map = [&](auto function) {
      auto out = new_column(column.type, frame);
      out->valid = column.valid;
      for (size_t i = 0; i < frame.stored; ++i) out->words.push_back(function(column.word(i)));
      return Operand{std::move(out)};
    };
    if (op == UnaryOperator::logical_not && column.type == ColumnType::boolean)
      return map([](uint64_t word) -> uint64_t { return word == 0 ? 1 : 0; });
    if (op == UnaryOperator::subtract && column.type == ColumnType::floating)
      return map([](uint64_t w) { return std::bit_cast<uint64_t>(-std::bit_cast<double>(w)); });
    if (op == UnaryOperator::subtract && column.type == ColumnType::integer)
      return map([](uint64_t word) { return uint64_t{0} - word; });
  }
  return row_by_row(batch, frame,
                    [&](size_t row) { return flux::apply(op, value_at(argument, row)); });
}

Result<Operand> apply(LogicalOperator op, const Operand& left, const Operand& right, size_t rows) {
  for (const Operand* side : {&left, &right}) {
    bool is_null = side->column == nullptr && !side->constant;
    bool is_bool = side->column != nullptr && side->column->type == ColumnType::boolean;
    if (!is_null && !is_bool) return mixed_types(*side);
  }
  Frame frame = frame_of(left, right, rows);
  // 0 false, 1 true, 2 null
  auto state = [](const Operand& side, size_t row) -> int {
    if (side.column == nullptr || !side.column->is_valid(row)) return 2;
    return side.column->bool_at(row) ? 1 : 0;
  };
  int decides = op == LogicalOperator::logical_and ? 0 : 1;
  auto out = new_column(ColumnType::boolean, frame);
  out->words.resize(frame.stored);
  for (size_t i = 0; i < frame.stored; ++i) {
    int a = state(left, i), b = state(right, i);
    int result = a == decides || b == decides ? decides : (a == 2 || b == 2 ? 2 : 1 - decides);
    out->words[i] = result == 1 ? 1 : 0;
    if (result != 2) continue;
    if (out->valid.empty()) out->valid.assign(frame.stored, 1);
    out->valid[i] = 0;
  }
  return Operand{std::move(out)};
}

Result<Operand> choose(const Operand& test, const Operand& consequent, const Operand& alternate,
                       const RowBatch& batch) {
  size_t rows = batch.chunk.rows;
  auto takes = [&](size_t row) {
    return test.column != nullptr && test.column->is_valid(row) && test.column->bool_at(row);
  };
  if (test.column != nullptr && test.column->type != ColumnType::boolean) return mixed_types(test);
  if (test.column == nullptr || test.column->constant)
    return rows > 0 && takes(0) ? consequent : alternate;
  return row_by_row(batch, {false, rows, rows}, [&](size_t row) -> Result<Value> {
    return value_at(takes(row) ? consequent : alternate, row);
  });
}

}  // namespace weir::query
