#include "query/exec/tdigest.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace weir::query {

namespace {

// Values collected before they are merged: few merges, little memory.
constexpr double kAddedPerCompression = 8;

double weighted_average(double a, double weight_a, double b, double weight_b) {
  double average = (a * weight_a + b * weight_b) / (weight_a + weight_b);
  return std::clamp(average, std::min(a, b), std::max(a, b));
}

}  // namespace

TDigest::TDigest(double compression)
    : compression_(compression),
      min_(std::numeric_limits<double>::max()),
      max_(std::numeric_limits<double>::lowest()) {}

void TDigest::add(double value) {
  if (std::isnan(value)) return;
  ++count_;
  added_.push_back({value, 1});
  if (static_cast<double>(added_.size()) > kAddedPerCompression * std::ceil(compression_)) merge();
}

// The scale maps a quantile to a position in [0, compression]; a centroid may span one unit of it.
double TDigest::limit_weight(double so_far) const {
  double total = merged_weight_;
  double q = std::clamp(so_far / total, 0.0, 1.0);
  double position = compression_ * (std::asin(2 * q - 1) + std::numbers::pi / 2) / std::numbers::pi;
  double next = std::min(position + 1, compression_);
  return total * (std::sin(next * std::numbers::pi / compression_ - std::numbers::pi / 2) + 1) / 2;
}

void TDigest::merge() {
  if (added_.empty()) return;
  for (const Centroid& centroid : added_) merged_weight_ += centroid.weight;
  added_.insert(added_.end(), merged_.begin(), merged_.end());
  std::stable_sort(added_.begin(), added_.end(),
                   [](const Centroid& a, const Centroid& b) { return a.mean < b.mean; });
  merged_.assign(1, added_.front());
  double so_far = added_.front().weight;
  double limit = limit_weight(0);
  for (size_t i = 1; i < added_.size(); ++i) {
    const Centroid& centroid = added_[i];
    double projected = so_far + centroid.weight;
    if (projected <= limit) {
      Centroid& last = merged_.back();
      last.weight += centroid.weight;
      last.mean += centroid.weight * (centroid.mean - last.mean) / last.weight;
    } else {
      limit = limit_weight(so_far);
      merged_.push_back(centroid);
    }
    so_far = projected;
  }
  min_ = std::min(min_, merged_.front().mean);
  max_ = std::max(max_, merged_.back().mean);
  added_.clear();
}

double TDigest::quantile(double quantile) {
  merge();
  if (merged_.empty() || !(quantile >= 0 && quantile <= 1))
    return std::numeric_limits<double>::quiet_NaN();
  if (merged_.size() == 1) return merged_[0].mean;
  double index = quantile * merged_weight_;
  const Centroid& first = merged_.front();
  if (index <= first.weight / 2) return min_ + 2 * index / first.weight * (first.mean - min_);
  // Between the middles of two centroids.
  double middle = first.weight / 2;
  for (size_t i = 1; i < merged_.size(); ++i) {
    double next = middle + (merged_[i - 1].weight + merged_[i].weight) / 2;
    if (next >= index)
      return weighted_average(merged_[i - 1].mean, next - index, merged_[i].mean, index - middle);
    middle = next;
  }
  // Beyond the middle of the last centroid the estimate is the maximum, as in other digests of this
  // family; with few values in that centroid it is nearly so anyway.
  return max_;
}

}  // namespace weir::query
