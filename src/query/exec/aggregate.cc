#include "query/exec/aggregate.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "query/exec/tdigest.h"

namespace weir::query {

namespace {

bool is_number(ColumnType type) {
  return type == ColumnType::integer || type == ColumnType::unsigned_integer ||
         type == ColumnType::floating;
}

double number(ColumnType type, uint64_t word) {
  if (type == ColumnType::floating) return std::bit_cast<double>(word);
  if (type == ColumnType::integer) return static_cast<double>(std::bit_cast<int64_t>(word));
  return static_cast<double>(word);
}

template <class F>
void for_each_valid(const Column& column, size_t begin, size_t end, F function) {
  if (!column.has_nulls() && !column.constant) {
    for (size_t row = begin; row < end; ++row) function(column.words[row]);
    return;
  }
  for (size_t row = begin; row < end; ++row)
    if (column.is_valid(row)) function(column.word(row));
}

class Count final : public Aggregate {
 public:
  void add(const Column&, size_t begin, size_t end) override { count_ += end - begin; }
  Scalar result() override { return Scalar::of_int(static_cast<int64_t>(count_)); }
  ColumnType type() const override { return ColumnType::integer; }

 private:
  size_t count_ = 0;
};

class Sum final : public Aggregate {
 public:
  explicit Sum(ColumnType type) : type_(type) {}
  void add(const Column& column, size_t begin, size_t end) override {
    if (type_ == ColumnType::floating) {
      for_each_valid(column, begin, end, [&](uint64_t word) {
        float_sum_ += std::bit_cast<double>(word);
        any_ = true;
      });
    } else {
      for_each_valid(column, begin, end, [&](uint64_t word) { word_sum_ += word, any_ = true; });
    }
  }
  Scalar result() override {
    if (!any_) return Scalar::null_of(type_);
    return type_ == ColumnType::floating ? Scalar::of_float(float_sum_)
                                         : Scalar::of_word(type_, word_sum_);
  }
  ColumnType type() const override { return type_; }

 private:
  ColumnType type_;
  double float_sum_ = 0;
  uint64_t word_sum_ = 0;  // wraps, for int as for uint
  bool any_ = false;
};

// Aggregates that end in a float: mean, stddev, skew, quantiles.
class FloatAggregate : public Aggregate {
 public:
  explicit FloatAggregate(ColumnType input) : input_(input) {}
  void add(const Column& column, size_t begin, size_t end) override {
    for_each_valid(column, begin, end, [&](uint64_t word) { add_number(number(input_, word)); });
  }
  ColumnType type() const override { return ColumnType::floating; }
  static Scalar null() { return Scalar::null_of(ColumnType::floating); }

 protected:
  virtual void add_number(double value) = 0;

 private:
  ColumnType input_;
};

class Mean final : public FloatAggregate {
 public:
  using FloatAggregate::FloatAggregate;
  Scalar result() override {
    return count_ == 0 ? null() : Scalar::of_float(sum_ / static_cast<double>(count_));
  }

 protected:
  void add_number(double value) override { sum_ += value, ++count_; }

 private:
  double sum_ = 0;
  size_t count_ = 0;
};

// Welford's method: stable, one pass.
class Moments final : public FloatAggregate {
 public:
  enum class Kind { sample_deviation, population_deviation, skew };
  Moments(ColumnType input, Kind kind) : FloatAggregate(input), kind_(kind) {}
  Scalar result() override {
    if (count_ < 1) return null();
    if (kind_ == Kind::skew) {
      if (count_ < 2) return Scalar::of_float(std::numeric_limits<double>::quiet_NaN());
      return Scalar::of_float(std::sqrt(count_) * m3_ / std::pow(m2_, 1.5));
    }
    double divisor = kind_ == Kind::population_deviation ? count_ : count_ - 1;
    if (divisor == 0) return Scalar::of_float(std::numeric_limits<double>::quiet_NaN());
    return Scalar::of_float(std::sqrt(m2_ / divisor));
  }

 protected:
  void add_number(double value) override {
    double before = count_;
    count_ += 1;
    double delta = value - mean_, step = delta / count_, term = delta * step * before;
    m3_ += term * step * (count_ - 2) - 3 * step * m2_;
    m2_ += term;
    mean_ += step;
  }

 private:
  Kind kind_;
  double count_ = 0, mean_ = 0, m2_ = 0, m3_ = 0;
};

class Spread final : public Aggregate {
 public:
  explicit Spread(ColumnType type) : type_(type) {}
  void add(const Column& column, size_t begin, size_t end) override {
    for_each_valid(column, begin, end, [&](uint64_t word) {
      Scalar value = Scalar::of_word(type_, word);
      if (!any_ || compare(value, low_) < 0) low_ = value;
      if (!any_ || compare(value, high_) > 0) high_ = value;
      any_ = true;
    });
  }
  Scalar result() override {
    if (!any_) return Scalar::null_of(type_);
    if (type_ == ColumnType::floating) return Scalar::of_float(high_.as_float() - low_.as_float());
    return Scalar::of_word(type_, high_.word() - low_.word());
  }
  ColumnType type() const override { return type_; }

 private:
  ColumnType type_;
  Scalar low_, high_;
  bool any_ = false;
};

class ExactQuantile final : public FloatAggregate {
 public:
  ExactQuantile(ColumnType input, double quantile) : FloatAggregate(input), quantile_(quantile) {}
  Scalar result() override {
    if (values_.empty()) return null();
    std::sort(values_.begin(), values_.end());
    double at = quantile_ * static_cast<double>(values_.size() - 1);
    double below = std::floor(at);
    size_t low = static_cast<size_t>(below), high = std::min(low + 1, values_.size() - 1);
    if (low == high || at == below) return Scalar::of_float(values_[low]);
    return Scalar::of_float(values_[low] * (below + 1 - at) + values_[high] * (at - below));
  }

 protected:
  void add_number(double value) override { values_.push_back(value); }

 private:
  double quantile_;
  std::vector<double> values_;
};

class EstimatedQuantile final : public FloatAggregate {
 public:
  EstimatedQuantile(ColumnType input, double quantile, double compression)
      : FloatAggregate(input), quantile_(quantile), digest_(compression) {}
  Scalar result() override {
    return digest_.empty() ? null() : Scalar::of_float(digest_.quantile(quantile_));
  }

 protected:
  void add_number(double value) override { digest_.add(value); }

 private:
  double quantile_;
  TDigest digest_;
};

template <class Make>
AggregateFunction of_numbers(std::string name, Make make,
                             store::Aggregate pushed = store::Aggregate::none) {
  AggregateFunction function{name, nullptr, pushed};
  function.make = [name, make](ColumnType input) -> Result<std::unique_ptr<Aggregate>> {
    if (!is_number(input)) return unsupported_input(name, input);
    return std::unique_ptr<Aggregate>(make(input));
  };
  return function;
}

// The valid row for which `better(row, best)` holds against all before it.
template <class Better>
Selector select_by(Better better) {
  return [better](const Column& column, size_t begin, size_t end) -> std::optional<size_t> {
    std::optional<size_t> best;
    for (size_t row = begin; row < end; ++row) {
      if (!column.is_valid(row)) continue;
      if (!best || better(column, row, *best)) best = row;
    }
    return best;
  };
}

}  // namespace

Error unsupported_input(std::string_view function, ColumnType type) {
  // The store's own words for the types, so that a pushed aggregate fails alike.
  std::string_view name = to_string(type);
  if (type == ColumnType::boolean) name = "boolean";
  if (type == ColumnType::integer) name = "integer";
  if (type == ColumnType::unsigned_integer) name = "unsigned";
  return Error{Errc::invalid, "unsupported input type for " + std::string(function) +
                                  " aggregate: " + std::string(name)};
}

AggregateFunction count_function() {
  return {"count",
          [](ColumnType) -> Result<std::unique_ptr<Aggregate>> {
            return std::unique_ptr<Aggregate>(std::make_unique<Count>());
          },
          store::Aggregate::count};
}
AggregateFunction sum_function() {
  return of_numbers(
      "sum", [](ColumnType t) { return std::make_unique<Sum>(t); }, store::Aggregate::sum);
}
AggregateFunction mean_function() {
  return of_numbers(
      "mean", [](ColumnType t) { return std::make_unique<Mean>(t); }, store::Aggregate::mean);
}
AggregateFunction spread_function() {
  return of_numbers("spread", [](ColumnType t) { return std::make_unique<Spread>(t); });
}
AggregateFunction skew_function() {
  return of_numbers("skew",
                    [](ColumnType t) { return std::make_unique<Moments>(t, Moments::Kind::skew); });
}
AggregateFunction stddev_function(bool population) {
  auto kind = population ? Moments::Kind::population_deviation : Moments::Kind::sample_deviation;
  return of_numbers("stddev", [kind](ColumnType t) { return std::make_unique<Moments>(t, kind); });
}
AggregateFunction exact_quantile_function(double quantile) {
  return of_numbers("quantile", [quantile](ColumnType t) {
    return std::make_unique<ExactQuantile>(t, quantile);
  });
}
AggregateFunction estimated_quantile_function(double quantile, double compression) {
  return of_numbers("quantile", [=](ColumnType t) {
    return std::make_unique<EstimatedQuantile>(t, quantile, compression);
  });
}

SelectorFunction first_function() {
  return {"first", select_by([](const Column&, size_t, size_t) { return false; }), false,
          store::Aggregate::first};
}
SelectorFunction last_function() {
  Selector select = [](const Column& column, size_t begin, size_t end) -> std::optional<size_t> {
    for (size_t row = end; row > begin; --row)
      if (column.is_valid(row - 1)) return row - 1;
    return std::nullopt;
  };
  return {"last", std::move(select), false, store::Aggregate::last};
}
SelectorFunction min_function() {
  return {"min", select_by([](const Column& c, size_t a, size_t b) {
            return compare_rows(c, a, c, b) < 0;
          }),
          true, store::Aggregate::min};
}
SelectorFunction max_function() {
  return {"max", select_by([](const Column& c, size_t a, size_t b) {
            bool is_nan = c.type == ColumnType::floating && std::isnan(c.float_at(a));
            bool best_is_nan = c.type == ColumnType::floating && std::isnan(c.float_at(b));
            return !is_nan && (best_is_nan || compare_rows(c, a, c, b) > 0);
          }),
          true, store::Aggregate::max};
}
SelectorFunction quantile_selector(double quantile) {
  Selector select = [quantile](const Column& column, size_t begin,
                               size_t end) -> std::optional<size_t> {
    std::vector<size_t> rows;
    for (size_t row = begin; row < end; ++row)
      if (column.is_valid(row)) rows.push_back(row);
    if (rows.empty()) return std::nullopt;
    std::stable_sort(rows.begin(), rows.end(),
                     [&](size_t a, size_t b) { return compare_rows(column, a, column, b) < 0; });
    double position = quantile * static_cast<double>(rows.size());
    size_t at = position <= 1 ? 0 : static_cast<size_t>(std::ceil(position)) - 1;
    return rows[std::min(at, rows.size() - 1)];
  };
  return {"quantile", std::move(select), false, store::Aggregate::none};
}

Result<size_t> input_column(const Columns& columns, std::string_view label) {
  std::optional<size_t> at = find_column(columns, label);
  if (!at) return Error{Errc::invalid, "column \"" + std::string(label) + "\" does not exist"};
  return *at;
}

Result<void> check_input(const SelectorFunction& function, ColumnType type) {
  if (function.needs_order && (type == ColumnType::string || type == ColumnType::boolean))
    return unsupported_input(function.name, type);
  return {};
}

}  // namespace weir::query
