#include "query/exec/functions/library.h"

#include "query/exec/functions/packages.h"

namespace weir::query {

void register_tables(flux::Registry& registry) {
  register_aggregate_window(registry);
  register_aggregates(registry);
  register_array_from(registry);
  register_buckets(registry);
  register_cardinality(registry);
  register_choosing(registry);
  register_convert(registry);
  register_covariance(registry);
  register_csv_from(registry);
  register_differences(registry);
  register_distinct(registry);
  register_fill(registry);
  register_filter(registry);
  register_from(registry);
  register_group(registry);
  register_histogram(registry);
  register_histogram_quantile(registry);
  register_holt_winters(registry);
  register_integral(registry);
  register_join(registry);
  register_keep_drop(registry);
  register_key_values(registry);
  register_keys(registry);
  register_limit(registry);
  register_map(registry);
  register_moving_averages(registry);
  register_pivot(registry);
  register_range(registry);
  register_reduce(registry);
  register_rename(registry);
  register_schema(registry);
  register_selectors(registry);
  register_sort(registry);
  register_state_tracking(registry);
  register_table_find(registry);
  register_time_shift(registry);
  register_to(registry);
  register_union(registry);
  register_universe_script(registry);
  register_window(registry);
  register_yield(registry);
  register_packages(registry);
}

}  // namespace weir::query
