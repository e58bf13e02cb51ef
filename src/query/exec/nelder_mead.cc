#include "query/exec/nelder_mead.h"

#include <cmath>

namespace weir::query {

namespace {

constexpr double kReflection = 1, kContraction = 0.5, kExpansion = 2;

class Simplex {
 public:
  Simplex(const Objective& objective, const std::vector<double>& start)
      : objective_(objective), size_(start.size()), corners_(size_ + 1, start) {
    auto n = static_cast<double>(size_);
    double near = (std::sqrt(n + 1) - 1) / (n * std::sqrt(2.0));
    double far = (std::sqrt(n + 1) - 1 + n) / (n * std::sqrt(2.0));
    for (size_t i = 1; i <= size_; ++i)
      for (size_t j = 0; j < size_; ++j) corners_[i][j] += i - 1 == j ? far : near;
    for (std::vector<double>& corner : corners_) values_.push_back(objective_(corner));
  }

  void step() {
    rank();
    std::vector<double> middle = centroid();
    std::vector<double> reflected = between(middle, corners_[worst_], -kReflection);
    double value = objective_(reflected);
    if (value < values_[second_worst_] && value >= values_[best_])
      replace(worst_, reflected, value);
    if (value < values_[best_]) {
      std::vector<double> expanded = between(middle, reflected, kExpansion);
      double expanded_value = objective_(expanded);
      bool further = expanded_value < value;
      replace(worst_, further ? expanded : reflected, further ? expanded_value : value);
    }
    if (value >= values_[second_worst_]) contract(middle, reflected, value);
  }

  // The spread of the values at the corners.
  double deviation() const {
    double sum = 0, squares = 0;
    for (double value : values_) sum += value;
    double mean = sum / static_cast<double>(values_.size());
    for (double value : values_)
      squares += (value - mean) * (value - mean) / static_cast<double>(size_);
    return std::sqrt(squares);
  }

  Minimum best() {
    size_t best = 0;
    for (size_t i = 0; i <= size_; ++i)
      if (values_[i] < values_[best]) best = i;
    Minimum minimum{0, corners_[best]};
    minimum.value = objective_(corners_[best]);
    return minimum;
  }

 private:
  void rank() {
    worst_ = best_ = 0;
    for (size_t i = 0; i <= size_; ++i) {
      if (values_[i] > values_[worst_]) worst_ = i;
      if (values_[i] < values_[best_]) best_ = i;
    }
    second_worst_ = best_;
    for (size_t i = 0; i <= size_; ++i)
      if (values_[i] > values_[second_worst_] && values_[i] < values_[worst_]) second_worst_ = i;
  }

  // Of all corners but the worst.
  std::vector<double> centroid() const {
    std::vector<double> middle(size_, 0);
    for (size_t i = 0; i < size_; ++i) {
      for (size_t corner = 0; corner <= size_; ++corner)
        if (corner != worst_) middle[i] += corners_[corner][i];
      middle[i] /= static_cast<double>(size_);
    }
    return middle;
  }

  // a + part * (b - a)
  static std::vector<double> between(const std::vector<double>& a, const std::vector<double>& b,
                                     double part) {
    std::vector<double> out(a.size());
    for (size_t i = 0; i < a.size(); ++i) out[i] = a[i] + part * (b[i] - a[i]);
    return out;
  }

  void replace(size_t corner, const std::vector<double>& point, double value) {
    corners_[corner] = point;
    values_[corner] = value;
  }

  void contract(const std::vector<double>& middle, const std::vector<double>& reflected,
                double value) {
    bool outside = value < values_[worst_];
    std::vector<double> point =
        between(middle, outside ? reflected : corners_[worst_], kContraction);
    double contracted = objective_(point);
    if (contracted < values_[worst_]) return replace(worst_, point, contracted);
    // Nothing is better this way: all corners move towards the best.
    for (size_t corner = 0; corner <= size_; ++corner)
      if (corner != best_) corners_[corner] = between(corners_[best_], corners_[corner], 0.5);
    values_[worst_] = objective_(corners_[worst_]);
    values_[second_worst_] = objective_(corners_[second_worst_]);
  }

  const Objective& objective_;
  size_t size_;
  std::vector<std::vector<double>> corners_;
  std::vector<double> values_;
  size_t worst_ = 0, second_worst_ = 0, best_ = 0;
};

}  // namespace

Result<Minimum> minimize(const Objective& objective, const std::vector<double>& start,
                         double epsilon, const std::function<Result<void>()>& check) {
  Simplex simplex(objective, start);
  for (int i = 0; i < kNelderMeadStepsMax; ++i) {
    WEIR_CHECK(check());
    simplex.step();
    if (simplex.deviation() < epsilon) break;
  }
  return simplex.best();
}

}  // namespace weir::query
