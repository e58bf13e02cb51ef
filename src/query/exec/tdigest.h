// TDigest: an estimate of quantiles from a bounded number of centroids.
//
// The merging variant: values are collected, then sorted and merged into centroids whose weight is
// bounded by the arcsine scale, so that the ends stay exact. NaN and values without weight are left
// out.  Spec: Dunning, "Computing extremely accurate quantiles using t-digests".
#pragma once

#include <cstddef>
#include <vector>

namespace weir::query {

class TDigest {
 public:
  explicit TDigest(double compression);
  void add(double value);
  // NaN if nothing was added or `quantile` is outside [0, 1].
  double quantile(double quantile);
  bool empty() const { return count_ == 0; }

 private:
  struct Centroid {
    double mean, weight;
  };
  void merge();
  double limit_weight(double so_far) const;

  double compression_;
  std::vector<Centroid> merged_;
  std::vector<Centroid> added_;
  double merged_weight_ = 0;
  double min_, max_;
  size_t count_ = 0;
};

}  // namespace weir::query
